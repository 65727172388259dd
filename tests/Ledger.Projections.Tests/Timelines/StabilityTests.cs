using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Evaluation;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Timelines;

public sealed class StabilityTests
{
    private static readonly TimelineId Main = new(1);

    private static readonly EvaluationQuestion Texts = new(EvaluationTotals.Perplexity, Digest.Of("texts"u8), 1, "", null);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Each_revision_has_its_sizes_and_how_far_the_weights_have_gone()
    {
        var points = Stability.Of(History(), [], 100, Token);
        points.Select(p => (p.Revision, p.What, p.InEffect)).ShouldBe([(1, "applied", 1), (2, "quarantined", 1), (3, "applied", 2), (4, "reverted", 1)]);
        points.Select(p => p.KeyRatio).ShouldBe([1, 1, 1, null]);
        points.Select(p => p.Distance).ShouldBe([3 / 6.0, 3 / 6.0, 5 / 6.0, 4 / 6.0], tolerance: 1e-12);
        points.ShouldAllBe(p => p.Perplexity == null && p.Entropy == null);
    }

    [Fact]
    public void What_was_observed_of_a_state_stands_at_each_revision_of_that_state()
    {
        var history = History();
        var (first, last) = (history.At(1).Timeline.State, history.Timeline.State);
        var atBase = StateId.Of(history.Timeline.BaseMatrix, []);
        EventEnvelope[] observations =
        [
            Observed(0, new StabilityObserved(Main, 4, last, "p@1", [], [new ProbeReading(Rules.Perplexity, 90, 180)], "engine")),
            Observed(1, Evaluated(first, Texts, new Measurement(EvaluationTotals.Nll, Math.Log(100), 7))),
            Observed(2, Evaluated(atBase, Texts, new Measurement(EvaluationTotals.Nll, Math.Log(80), 7))),
            Observed(3, Evaluated(first, Texts with { Suite = EvaluationTotals.Generations }, new Measurement(EvaluationTotals.Entropy, 0.75, 10))),
            // Half of it is no figure yet, and a state that the timeline never had is another timeline's.
            Observed(4, Evaluated(last, Texts with { Items = 2, Suite = EvaluationTotals.Generations }, new Measurement(EvaluationTotals.Entropy, 0.1, 10))),
            Observed(5, new StabilityObserved(Main, 9, new StateId(Digest.Of("other"u8)), "p@1", [], [new ProbeReading(Rules.Perplexity, 90, 1e6)], "engine")),
        ];
        var points = Stability.Of(history, observations, 100, Token);
        points.Select(p => p.Perplexity is { } x ? Math.Round(x, 9) : (double?)null).ShouldBe([100, 100, null, 180]);
        points.Select(p => p.PerplexityRatio is { } x ? Math.Round(x, 9) : (double?)null).ShouldBe([1.25, 1.25, null, 2]);
        points.Select(p => p.Entropy).ShouldBe([0.75, 0.75, null, null]);
    }

    [Fact]
    public void Drift_is_computed_every_so_many_revisions_and_at_the_last()
    {
        Stability.Of(History(), [], 3, Token).Select(p => p.DriftMedian is not null).ShouldBe([false, false, true, true]);
        Should.Throw<ArgumentOutOfRangeException>(() => Stability.Of(History(), [], 0, Token));
    }

    /// <summary>Edits of the sizes 3 and 4 at right angles to each other, with a stopped one between them; the first is reverted. d_v 2, d_k 3.</summary>
    private static TimelineHistory History()
    {
        var history = TimelineHistory.Start(new TimelineStarted(Main, LedgerSetup.Main, null, "", TimelineOrigin.Opened), default, Digest.Of("base"u8));
        TimelineEvent[] events =
        [
            new EditApplied(Record(1, [3, 0], [1, 0, 0], Outcome.Applied)), new EditQuarantined(Record(2, [9, 9], [1, 0, 0], Outcome.Quarantined)),
            new EditApplied(Record(3, [0, 4], [0, 1, 0], Outcome.Applied)), new EditReverted(new EditId(1), "wrong", default, null),
        ];
        foreach (var (i, e) in events.Index()) history.Add(Some.Envelope(i, e));
        return history;
    }

    private static EditRecord Record(int id, float[] r, float[] u, Outcome outcome)
    {
        var k = new Float32Vector(u);
        return Some.Record(new EditId((UInt128)id), r, u, u, outcome) with
        {
            Keys = new EditKeys(k, k, k, k, new Float32Vector([0, 0]), new Float32Vector([0, 0])),
            Solution = new EditSolution(new Float32Vector([0, 0]), new Float32Vector(r), new Float32Vector([0, 0]), new Float32Vector(r), FactorU.UBar),
        };
    }

    private static EvaluationRecorded Evaluated(StateId state, EvaluationQuestion question, Measurement measured) =>
        new(Main, 1, state, default, question, "texts", 0, [new EvaluatedItem("1", [measured])], "engine");

    private static EventEnvelope Observed(long number, ObservationEvent e) => Some.Envelope(number, e);
}
