using Ledger.Domain.Events;
using Ledger.Projections.Replay;
using Some = Ledger.TestKit.Some;

namespace Ledger.Projections.Tests.Replay;

public sealed class ReplayCountsTests
{
    [Fact]
    public void An_edit_that_a_release_let_in_counts_as_let_in_and_not_as_stopped()
    {
        TimelineEvent[] made =
        [
            Some.Applied(1), Some.Quarantined(2), Some.Quarantined(3), Some.Rejected(4), Some.Released(2),
            new EditWithheld(Some.Edit(1), "seen", [], default, null), Some.Released(1),         // let in by the gate, and again
            Some.Released(5),                                                                   // inherited as quarantined
        ];
        var counts = ReplayCounts.Of(made);
        counts.ShouldBe(new ReplayCounts(LetIn: 3, Released: 2, Quarantined: 1, Rejected: 1));
        counts.Stopped.ShouldBe(2);
        ReplayCounts.Of([]).ShouldBe(default);
    }
}
