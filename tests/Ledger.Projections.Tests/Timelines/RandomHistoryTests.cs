using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Replay;
using Ledger.Projections.Tests.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Timelines;

/// <summary>
/// Random histories of edits, stops, releases, reverts, reinstatements, withholdings and dismissals on small matrices. The oracle keeps its
/// own list of (r, u) and folds it with a scalar loop; it shares no code with the aggregate, the projection or the fold.
/// </summary>
public sealed class RandomHistoryTests
{
    private const int Histories = 10_000;

    [Fact]
    public void At_every_revision_the_state_equals_a_naive_scalar_fold_bit_for_bit()
    {
        var revisions = 0L;
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var history = new History(seed);
            while (history.Steps < history.Length) history.Step();
            history.Check();
            Interlocked.Add(ref revisions, history.Length);
        }, iter: Histories, seed: "0000000000b1", threads: 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Histories:N0} histories, {revisions:N0} revisions, no bit differs");
    }

    [Fact]
    public void Asked_for_in_any_order_a_past_revision_is_the_same_state()
    {
        var history = new History(seed: 7, length: 40);
        while (history.Steps < history.Length) history.Step();
        var order = Enumerable.Range(0, history.Length + 1).ToArray();
        new Random(11).Shuffle(order);
        foreach (var revision in order) history.Check(revision);
    }

    [Fact]
    public void The_distance_from_factors_is_the_distance_of_the_matrices()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var history = new History(seed, length: 30);
            var naive = new List<double>();
            while (history.Steps < history.Length)
            {
                history.Step();
                naive.Add(history.NaiveDistance());
            }
            var (distances, farthest) = (StabilitySeries.FromBase(history.Projected.Changes, TestContext.Current.CancellationToken), 0.0);
            for (var n = 0; n < distances.Length; n++)
            {
                farthest = Math.Max(farthest, naive[n]);
                // What a revert takes off a sum of squares leaves the rounding of the larger sum behind: half of float64's digits.
                Math.Abs(distances[n] - naive[n]).ShouldBeLessThanOrEqualTo(1e-7 * farthest);
            }
        }
    }

    /// <summary>One random history: the projection under test beside the oracle.</summary>
    private sealed class History
    {
        private readonly Random random;
        private readonly float[] w0;
        private readonly List<(EditId Edit, RankOneDelta Delta)> inEffect = [];             // the oracle's state, in order of taking effect
        private readonly Dictionary<EditId, RankOneDelta> known = [];                       // the oracle's factors, a release's last
        private readonly List<EditId> quarantined = [], reverted = [];
        private readonly HashSet<EditId> released = [];
        private readonly List<float[]> states = [];                                         // the oracle's matrix at each revision
        private long number;

        public History(int seed, int? length = null)
        {
            random = new Random(seed);
            Dv = random.Next(1, 6);
            Dk = random.Next(1, 20);
            Length = length ?? random.Next(1, 16);
            w0 = Floats(Dv * Dk);
            Projected = TimelineHistory.Start(new TimelineStarted(new TimelineId(1), "main", null, "", TimelineOrigin.Opened), default, WeightFingerprint.Of(w0));
            states.Add(w0);
        }

        public int Dv { get; }

        public int Dk { get; }

        public int Length { get; }

        public int Steps => (int)number;

        public TimelineHistory Projected { get; }

        public void Step()
        {
            var e = (random.Next(10), quarantined.Count, inEffect.Count, reverted.Count) switch
            {
                (0 or 1, > 0, _, _) => Release(Take(quarantined)),
                (2, > 0, _, _) => Dismiss(Take(quarantined)),
                (3 or 4, _, > 0, _) => Leave(reverted, edit => Projected.Timeline.Revert(edit, "why", null)),
                (5, _, > 0, _) => Leave(quarantined, edit => Projected.Timeline.Withhold(edit, "why", [], null)),
                (6 or 7, _, _, > 0) => Reinstate(Take(reverted)),
                _ => Edit(),
            };
            Projected.Add(Some.Envelope(number++, e));
            states.Add(NaiveFold.Of(w0, Dv, Dk, inEffect.Select(x => x.Delta)));
        }

        public void Check()
        {
            for (var revision = 0; revision <= Length; revision++) Check(revision);
            Projected.DeltasInEffect().Select(d => d.Digest).ShouldBe(inEffect.Select(x => x.Delta.Digest));
            Projected.EditsInEffect().Select(e => (e.Edit, e.Delta, e.Variant)).ShouldBe(inEffect.Select(x => (x.Edit, x.Delta, released.Contains(x.Edit) ? Variant.PRome : Variant.Rome)));
            Projected.Timeline.State.ShouldBe(StateId.Of(WeightFingerprint.Of(w0), inEffect.Select(x => x.Delta.Digest)));
        }

        public void Check(int revision)
        {
            var w = (float[])w0.Clone();
            Fold.Apply(w, Dv, Dk, Projected.At(revision).DeltasInEffect(), TestContext.Current.CancellationToken);
            Bits.Differing(w, states[revision]).ShouldBe(0, $"revision {revision}");
        }

        public double NaiveDistance()
        {
            var sum = 0.0;
            foreach (var (i, j) in from i in Enumerable.Range(0, Dv) from j in Enumerable.Range(0, Dk) select (i, j))
            {
                var change = inEffect.Sum(x => (double)x.Delta.R[i] * x.Delta.U[j]);
                sum += change * change;
            }
            return Math.Sqrt(sum);
        }

        private TimelineEvent Edit()
        {
            var outcome = (Domain.Gate.Outcome)(random.Next(6) switch { < 4 => 0, 4 => 1, _ => 2 });
            var record = Some.Record(new EditId((UInt128)(number + 1)), Floats(Dv), Floats(Dk), Floats(Dk), outcome);
            var e = Projected.Timeline.Record(record, null, null);
            known[record.Edit] = record.Delta;
            if (outcome == Domain.Gate.Outcome.Applied) inEffect.Add((record.Edit, record.Delta));
            if (outcome == Domain.Gate.Outcome.Quarantined) quarantined.Add(record.Edit);
            return e;
        }

        private TimelineEvent Release(EditId edit)
        {
            var keys = Projected.Record(edit).Keys;
            var solution = new EditSolution(new(Floats(Dv)), new(Floats(Dv)), new(Floats(Dv)), new(Floats(Dv)), (FactorU)random.Next(2));
            var delta = solution.Delta(keys);
            known[edit] = delta;
            released.Add(edit);
            inEffect.Add((edit, delta));
            return Projected.Timeline.Release(edit, Variant.PRome, ReleaseMode.Values, solution, delta, Some.Signals(Variant.PRome), Some.Verdict(Domain.Gate.Outcome.Applied), "why", null);
        }

        private TimelineEvent Dismiss(EditId edit) => Projected.Timeline.Dismiss(edit, "why");

        private TimelineEvent Reinstate(EditId edit)
        {
            inEffect.Add((edit, known[edit]));
            return Projected.Timeline.Reinstate(edit, "why", null);
        }

        private TimelineEvent Leave(List<EditId> to, Func<EditId, TimelineEvent> decide)
        {
            var edit = inEffect[random.Next(inEffect.Count)].Edit;
            inEffect.RemoveAll(x => x.Edit == edit);
            to.Add(edit);
            return decide(edit);
        }

        private EditId Take(List<EditId> from)
        {
            var edit = from[random.Next(from.Count)];
            from.Remove(edit);
            return edit;
        }

        /// <summary>Magnitudes over many binades, so that the order of the sums shows in the bits.</summary>
        private float[] Floats(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-12, 12))))];
    }
}
