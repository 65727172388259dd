using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Engine.Statistics;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Features.Watching;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Features;

/// <summary>Measuring takes hours, and others do not wait.</summary>
public sealed class MeasureKeysTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly KeyStatistics Found = Some.Statistics with { Dk = WatchedLedger.Dk };

    [Fact]
    public async Task What_was_set_up_meanwhile_costs_no_measurement()
    {
        var ledger = await WatchedLedger.OpenAsync();
        await using var measuring = await ledger.SessionAsync();
        await using var other = await ledger.SessionAsync();
        await Branch.StartAsync(other, new StartBranch("what-if", RevisionName.Parse("main@0", "main"), null, "ben"), Token);

        (await KeepAsync(measuring, Found)).Restored.ShouldBeFalse();

        await using var after = await ledger.SessionAsync();
        (after.Setup.Statistics, after.Setup.Timelines.Count).ShouldBe((Found, 2));
    }

    [Fact]
    public async Task Measured_by_two_at_once_it_is_recorded_once()
    {
        var ledger = await WatchedLedger.OpenAsync();
        await using var first = await ledger.SessionAsync();
        await using var second = await ledger.SessionAsync();
        await KeepAsync(first, Found);
        var events = first.Setup.Events;

        (await KeepAsync(second, Found)).Restored.ShouldBeTrue();
        (await Should.ThrowAsync<SetupException>(() => KeepAsync(second, Found with { Digest = Some.Digest("another") }))).Message.ShouldContain("another C");

        await second.CatchUpSetupAsync(Token);
        second.Setup.Events.ShouldBe(events);
    }

    private static Task<MeasureKeys.Result> KeepAsync(LedgerSession session, KeyStatistics found) => MeasureKeys.KeepAsync(session, new KeyStatisticsStore("nowhere"), found, "ana", Token);
}
