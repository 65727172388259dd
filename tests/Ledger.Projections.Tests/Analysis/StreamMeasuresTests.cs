using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Analysis;

public sealed class StreamMeasuresTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(1e-6)]
    [InlineData(1e4)]
    public void Edits_of_one_size_in_unrelated_directions_are_at_1_whatever_their_size_and_number(double size)
    {
        foreach (var count in new[] { 1, 9, 30 })
            StreamMeasures.CumulativeDistance(Orthogonal(count, _ => size), Token)(Orthogonal(count, _ => size)).ShouldBe(1, 1e-6);
    }

    [Fact]
    public void One_edit_far_larger_than_the_rest_and_many_in_one_direction_raise_it()
    {
        var outsize = Orthogonal(30, i => i == 7 ? 140 : 1);
        StreamMeasures.CumulativeDistance(outsize, Token)(outsize).ShouldBe(Math.Sqrt((29 + 140 * 140) / 30.0), 1e-4);
        EffectiveEdit[] same = [.. Enumerable.Repeat(Orthogonal(1, _ => 1)[0], 25)];
        StreamMeasures.CumulativeDistance(same, Token)(same).ShouldBe(5, 1e-6);
    }

    [Fact]
    public void It_is_the_distance_of_the_matrices_in_units_of_the_median_size()
    {
        for (var seed = 1; seed <= 50; seed++)
        {
            var model = new RandomModel(seed);
            var edits = model.Edits(9);
            var distance = model.Frobenius(model.Matrix(edits.Select(e => e.Delta)), model.Matrix([]));
            var median = edits.Select(e => e.Delta.FrobeniusNorm).Order().ElementAt(4);
            StreamMeasures.CumulativeDistance(edits, Token)(edits).ShouldBeClose(distance / (median * 3), edits.Sum(e => e.Delta.FrobeniusNorm) / median);
        }
    }

    [Fact]
    public void Part_of_the_edits_is_measured_in_the_same_unit()
    {
        var edits = Orthogonal(9, i => i < 2 ? 100 : 1);
        var figure = StreamMeasures.CumulativeDistance(edits, Token);
        figure([.. edits.Take(1)]).ShouldBe(100, 1e-4);
        figure([]).ShouldBe(0);
    }

    [Fact]
    public void Drift_is_what_nine_in_ten_edits_do_not_exceed()
    {
        var edits = new RandomModel(5).Edits(20);
        double[] drifts = [.. Drift.Of(edits, [.. edits.Select(e => e.Delta)], Token).Select(d => d.AtKV).Where(d => !double.IsNaN(d)).Order()];
        var figure = StreamMeasures.DriftOf(edits, Token);
        drifts.Count(d => d <= figure).ShouldBeGreaterThanOrEqualTo((int)Math.Ceiling(StreamMeasures.DriftQuantile * drifts.Length));
        drifts.Count(d => d >= figure).ShouldBeGreaterThanOrEqualTo(drifts.Length / 10);
        StreamMeasures.DriftOf([], Token).ShouldBe(0);
    }

    /// <summary>Each along a direction of its own.</summary>
    private static EffectiveEdit[] Orthogonal(int count, Func<int, double> size) =>
        [.. new RandomModel(1).Edits(count).Select((e, i) => e with { Delta = new RankOneDelta(Axis(count, i, size(i)), Axis(count, i, 1)), Variant = Variant.Rome })];

    private static Float32Vector Axis(int dimensions, int axis, double length) => new([.. Enumerable.Range(0, dimensions).Select(i => i == axis ? (float)length : 0)]);
}
