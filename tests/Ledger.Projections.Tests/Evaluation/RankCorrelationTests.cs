using CsCheck;
using Ledger.Projections.Evaluation;

namespace Ledger.Projections.Tests.Evaluation;

public sealed class RankCorrelationTests
{
    /// <summary>The second is 1 − 6 Σd²/(n(n² − 1)) with d = 1, −1, 1, −1, 0; the third Pearson's of the ranks 1, 2½, 2½, 4 and 1, 3, 2, 4: 4.5 / √(4.5 · 5).</summary>
    [Theory]
    [InlineData("1 2 3 4", "1 10 100 1000", 1)]
    [InlineData("1 2 3 4 5", "2 1 4 3 5", 0.8)]
    [InlineData("1 5 5 9", "1 7 6 8", 0.948683298050514)]
    [InlineData("1 2 NaN 3", "9 5 7 1", -1)]
    public void It_is_worked_out_from_ranks(string xs, string ys, double expected) => RankCorrelation.Of(Numbers(xs), Numbers(ys)).ShouldBe(expected, 1e-12);

    [Theory]
    [InlineData("1 1 1", "1 2 3")]
    [InlineData("1 NaN", "1 2")]
    public void Where_nothing_can_rise_there_is_none(string xs, string ys) => RankCorrelation.Of(Numbers(xs), Numbers(ys)).ShouldBe(double.NaN);

    [Fact]
    public void It_does_not_depend_on_the_curve_and_turns_with_the_direction() =>
        Gen.Select(Gen.Int[-9, 9], Gen.Int[-9, 9]).Array[3, 30].Sample(pairs =>
        {
            double[] x = [.. pairs.Select(p => p.Item1)], y = [.. pairs.Select(p => p.Item2)];
            if (x.Distinct().Count() == 1 || y.Distinct().Count() == 1) return;
            var rho = RankCorrelation.Of(x, y);
            rho.ShouldBeInRange(-1 - 1e-12, 1 + 1e-12);
            RankCorrelation.Of([.. x.Select(v => v * v * v)], y).ShouldBe(rho, 1e-12);
            RankCorrelation.Of([.. x.Select(v => -v)], y).ShouldBe(-rho, 1e-12);
            RankCorrelation.Of(y, x).ShouldBe(rho, 1e-12);
        });

    private static double[] Numbers(string text) => [.. text.Split(' ').Select(n => double.Parse(n, System.Globalization.CultureInfo.InvariantCulture))];
}
