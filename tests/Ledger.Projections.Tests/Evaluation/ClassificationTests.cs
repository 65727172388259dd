using CsCheck;
using Ledger.Projections.Evaluation;

namespace Ledger.Projections.Tests.Evaluation;

public sealed class ClassificationTests
{
    private static readonly Gen<(int Label, int Answer)[]> Items = Gen.Select(Gen.Int[0, 1], Gen.Int[-1, 1], (l, a) => (l, a)).Array[1, 40];

    /// <summary>Worked out by hand from the definitions.</summary>
    [Theory]
    [InlineData("1111000011", "1110000110", 0.7, 0.6 * 8 / 11 + 0.4 * 2 / 3, 0.40824829046386302)]
    [InlineData("1100", "1-0-", 0.5, 2.0 / 3, 0.44721359549995794)]
    [InlineData("1100", "1111", 0.5, 1.0 / 3, 0)]
    [InlineData("1100", "----", 0, 0, 0)]
    [InlineData("10", "01", 0, 0, -1)]
    public void Figures_are_those_of_the_definitions(string labels, string answers, double accuracy, double f1, double mcc)
    {
        var c = Classification.Of([.. labels.Zip(answers, (l, a) => (l - '0', a == '-' ? Classification.None : a - '0'))]);
        c.Accuracy.ShouldBe(accuracy, 1e-12);
        c.F1.ShouldBe(f1, 1e-12);
        c.Mcc.ShouldBe(mcc, 1e-12);
        (c.Invalid, c.Items).ShouldBe((answers.Count(a => a == '-'), answers.Length));
    }

    [Fact]
    public void Valid_answers_to_two_classes_give_the_textbooks_correlation() => Items.Sample(items =>
    {
        var two = items.Select(i => (i.Label, Answer: Math.Abs(i.Answer))).ToArray();
        double Count(int label, int answer) => two.Count(i => i == (label, answer));
        var (tp, tn, fp, fn) = (Count(1, 1), Count(0, 0), Count(0, 1), Count(1, 0));
        var below = Math.Sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
        Classification.Of(two).Mcc.ShouldBe(below == 0 ? 0 : (tp * tn - fp * fn) / below, 1e-12);
    });

    [Fact]
    public void Right_answers_alone_are_perfect_and_every_figure_stays_in_its_range() => Items.Sample(items =>
    {
        var perfect = Classification.Of([.. items.Select(i => (i.Label, i.Label))]);
        perfect.Accuracy.ShouldBe(1);
        perfect.F1.ShouldBe(1, 1e-12);
        perfect.Mcc.ShouldBe(items.DistinctBy(i => i.Label).Count() == 2 ? 1 : 0, 1e-12);
        var any = Classification.Of(items);
        any.F1.ShouldBeInRange(0, 1 + 1e-12);
        any.Mcc.ShouldBeInRange(-1 - 1e-12, 1 + 1e-12);
        any.Accuracy.ShouldBe((double)items.Count(i => i.Label == i.Answer) / items.Length, 1e-12);
    });
}
