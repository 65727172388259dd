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

    private static readonly GatePolicy Policy = new("p", 1, [], new GateProbe(["A sentence."], 100, 0), []);

    private static readonly EvaluationQuestion Texts = new(EvaluationTotals.Perplexity, Digest.Of("texts"u8), 1, "", null);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Each_revision_has_its_sizes_and_how_far_the_weights_have_gone()
    {
        var points = Stability.Of(History(), [], [Policy], 100, Token).Points;
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
        var (points, texts) = Stability.Of(history, observations, [Policy], 100, Token);
        Figures(points).ShouldBe([null, null, null, (180, 2)]);
        points.Select(p => p.PerplexityOf).ShouldBe([null, null, null, "probe of p@1"]);
        texts.Select(t => (t.Name, t.IsProbe)).ShouldBe([("probe of p@1", true), ($"texts ({Texts.Data.Short()})", false)]);
        texts[1].Readings.Select(x => (x.Revision, Math.Round(x.Perplexity, 9), Math.Round(x.Ratio!.Value, 9))).ShouldBe([(1, 100, 1.25), (2, 100, 1.25)]);
        points.Select(p => p.Entropy).ShouldBe([0.75, 0.75, null, null]);
    }

    [Fact]
    public void Perplexities_of_different_texts_never_stand_in_one_column()
    {
        var history = History();
        GatePolicy next = Policy with { Version = 2 }, other = Policy with { Version = 3, Probe = Policy.Probe! with { Texts = ["Another one."] } };
        EventEnvelope Looked(long number, long revision, GatePolicy policy, double read) =>
            Observed(number, new StabilityObserved(Main, revision, history.At(revision).Timeline.State, policy.ToString(), [], [new ProbeReading(Rules.Perplexity, 100, read)], "engine"));
        EventEnvelope[] observations = [Looked(0, 1, Policy, 110), Looked(1, 3, next, 130), Looked(2, 4, other, 900), Looked(3, 1, other, 700)];

        // The same texts under a later version are the same texts, whatever judges by them.
        Figures(Stability.Of(history, observations[..2], [Policy, next], 100, Token).Points).ShouldBe([(110, 1.1), (110, 1.1), (130, 1.3), null]);
        // A probe of other texts takes no figure's place: it has a column, or none.
        var (points, texts) = Stability.Of(history, observations, [Policy, next, other], 100, Token);
        Figures(points).ShouldBe([(700, 7), (700, 7), null, (900, 9)]);
        texts.Select(t => (t.Name, t.IsProbe, t.Readings.Length)).ShouldBe([("probe of p@3", true, 3), ("probe of p@2", false, 3)]);
        texts[1].Readings.Select(x => x.Perplexity).ShouldBe([110, 110, 130]);
        // Where nobody has looked by the present one yet, or it has no texts: what was read at the most revisions, the latest of two.
        foreach (var present in new[] { Policy with { Version = 4, Probe = null }, Policy with { Version = 4, Probe = Policy.Probe! with { Texts = ["A third."] } } })
            Stability.Of(history, observations, [Policy, next, other, present], 100, Token).Texts.Select(t => (t.Name, t.IsProbe)).ShouldBe([("probe of p@3", false), ("probe of p@2", false)]);
    }

    [Fact]
    public void Drift_is_computed_every_so_many_revisions_and_at_the_last()
    {
        Stability.Of(History(), [], [Policy], 3, Token).Points.Select(p => p.DriftMedian is not null).ShouldBe([false, false, true, true]);
        Should.Throw<ArgumentOutOfRangeException>(() => Stability.Of(History(), [], [Policy], 0, Token));
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

    private static IEnumerable<(double, double)?> Figures(IEnumerable<StabilityPoint> points) =>
        points.Select(p => p.Perplexity is { } x ? (Math.Round(x, 9), Math.Round(p.PerplexityRatio!.Value, 9)) : ((double, double)?)null);

    private static EventEnvelope Observed(long number, ObservationEvent e) => Some.Envelope(number, e);
}
