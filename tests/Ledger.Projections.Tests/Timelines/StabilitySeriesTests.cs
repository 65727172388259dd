using System.Collections.Immutable;
using CsCheck;
using Ledger.Domain.Editing;
using Ledger.Projections.Tests.Replay;
using Ledger.Projections.Timelines;
using Ledger.TestKit;

namespace Ledger.Projections.Tests.Timelines;

public sealed class StabilitySeriesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Two_histories_lie_as_far_apart_as_their_matrices_at_every_revision() =>
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var model = new RandomModel(seed);
            RankOneDelta[] pool = [.. model.Edits(20).Select(e => e.Delta)];                // both take from it: a branch shares with its parent
            var (a, b) = (new Walk(model, pool), new Walk(model, pool));
            int lengthA = model.Below(120), lengthB = model.Below(120);                    // over a block of changes
            while (a.Steps.Count < lengthA) a.Step();
            while (b.Steps.Count < lengthB) b.Step();

            var between = StabilitySeries.Between(a.Steps, b.Steps, Token);
            between.Length.ShouldBe(Math.Max(lengthA, lengthB));
            Check(between, n => model.Frobenius(a.Matrix(n), b.Matrix(n)));
            Check(StabilitySeries.FromBase(a.Steps, Token), n => model.Frobenius(a.Matrix(n), model.Matrix([])));
        }, iter: 100, seed: "0000000000b2", threads: 2);

    [Fact]
    public void A_history_is_no_distance_from_itself_in_another_order_nor_from_the_base_with_all_taken_out()
    {
        RankOneDelta[] deltas = [.. new RandomModel(3).Edits(90).Select(e => e.Delta)];
        ImmutableArray<WeightedDelta>[] forward = [.. deltas.Select(d => Change(d, 1))], backward = [.. deltas.Reverse().Select(d => Change(d, 1))];
        StabilitySeries.Between(forward, backward, Token)[^1].ShouldBe(0);
        StabilitySeries.FromBase([.. forward, .. deltas.Select(d => Change(d, -1))], Token)[^1].ShouldBe(0);
        StabilitySeries.FromBase([], Token).ShouldBeEmpty();
        StabilitySeries.FromBase([[], [], Change(deltas[0], 1), []], Token).ShouldBe([0, 0, deltas[0].FrobeniusNorm, deltas[0].FrobeniusNorm], 1e-12 * deltas[0].FrobeniusNorm);
    }

    [Fact]
    public void The_sequential_goldens_lie_where_they_say()
    {
        var differences = new Differences();
        foreach (var golden in SequentialGolden.All())
        {
            var series = StabilitySeries.FromBase([.. golden.Edits.Select(e => Change(e.Delta, 1))], Token);
            for (var i = 0; i < series.Length; i++) differences.Relative("‖W_n − W₀‖", series[i], golden.Distance(i), 1e-6, $"{golden.Name}, edit {i}");
        }
        differences.Print();
    }

    private static void Check(double[] distances, Func<int, double> naive)
    {
        var farthest = 0.0;
        for (var n = 0; n < distances.Length; n++)
        {
            var expected = naive(n);
            farthest = Math.Max(farthest, expected);
            // What leaves a sum of squares leaves the rounding of the larger sum behind: half of float64's digits.
            Math.Abs(distances[n] - expected).ShouldBeLessThanOrEqualTo(1e-7 * farthest, $"revision {n + 1}");
        }
    }

    private static ImmutableArray<WeightedDelta> Change(RankOneDelta delta, int weight) => [new WeightedDelta(delta, weight)];

    /// <summary>Deltas of a pool that take effect and leave, some revisions with none or several.</summary>
    private sealed class Walk(RandomModel model, RankOneDelta[] pool)
    {
        private readonly List<RankOneDelta> inEffect = [];
        private readonly List<RankOneDelta[]> states = [];

        public List<ImmutableArray<WeightedDelta>> Steps { get; } = [];

        public void Step()
        {
            var step = ImmutableArray.CreateBuilder<WeightedDelta>();
            for (var n = model.Below(3); n > 0; n--)
            {
                var delta = pool[model.Below(pool.Length)];
                var weight = inEffect.Remove(delta) ? -1 : 1;
                if (weight > 0) inEffect.Add(delta);
                step.Add(new WeightedDelta(delta, weight));
            }
            Steps.Add(step.ToImmutable());
            // In an order of their own: the same deltas taken in another order are the same place, but for the naive matrices' rounding.
            states.Add([.. inEffect.OrderBy(d => Array.IndexOf(pool, d))]);
        }

        /// <summary>W after the n-th revision, or the last.</summary>
        public double[,] Matrix(int n) => model.Matrix(states.Count == 0 ? [] : states[Math.Min(n, states.Count - 1)]);
    }
}
