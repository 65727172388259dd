using Ledger.Domain.Editing;
using Ledger.Engine.Editing;
using Ledger.Engine.Tests.Golden;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Editing;

/// <summary>The loss of δ as its definition has it, though it is computed from kept keys and values and over shifted rows.</summary>
public sealed class TargetLossTests
{
    /// <summary>Weights large enough for every term to show in sum and gradient.</summary>
    private static readonly Hyperparameters H = new(KlFactor: 0.7, WeightDecay: 3);

    public static TheoryData<string> Kinds => TinyModels.Kinds;

    public static TheoryData<string, string, string, string> Requests => new()
    {
        { TinyModels.Gpt2, "The mother of {} is", "Anna Therese", "the other man" },
        { TinyModels.Llama, "The mother of {} is", "Anna Therese", "the other man" },
        { TinyModels.LlamaTied, "In the sermon {}", "Zoë", "x" },           // the subject ends the prompt, the target has few tokens
        { TinyModels.GptJ, "The mother of {} is", "Anna Therese", "the other man" },
        { TinyModels.GptNeoX, "In the sermon {}", "Zoë", "the other man" },
        { TinyModels.Qwen2, "The mother of {} is", "Anna Therese", "x" },
        { TinyModels.Gpt2, "{} is", "A", "𝕏" },                             // the prompt begins with a subject of one token
    };

    [Theory, MemberData(nameof(Requests))]
    public void It_is_the_plain_recomputation_with_delta_added_at_every_lookup_token(string kind, string prompt, string subject, string target)
    {
        using var edit = new TinyEdit(kind, new EditRequest(prompt, subject, target));
        using var batch = new EditBatch(edit.Tiny.Model, TinyEdit.Layer, edit.Rows);
        var m0Norm = Norm(edit.At(edit.Rows.Plain).Value);
        using var loss = new TargetLoss(edit.Tiny.Model, batch, edit.Rows, H, m0Norm);
        var differences = new Differences();
        foreach (var (delta, n) in new[] { new double[TinyModels.Hidden], Delta(1, 0.3), Delta(2, 3), Delta(3, 20) }.Select((d, n) => (d, n)))
        {
            var (actual, expected) = (loss.At(delta, _ => false, []), edit.Loss(delta, H, m0Norm));
            if (n > 0) expected.Kl.ShouldBeGreaterThan(1e-4);
            differences.Absolute("total", $"δ {n}", actual.Total, expected.Total, 5e-5);
            differences.Absolute("nll", $"δ {n}", actual.Nll, expected.Nll, 5e-5);
            differences.Absolute("kl", $"δ {n}", actual.Kl, expected.Kl, 1e-5);
            differences.Absolute("weight decay", $"δ {n}", actual.WeightDecay, expected.WeightDecay, 1e-9);
            differences.Absolute("target probability", $"δ {n}", actual.TargetProbability, expected.TargetProbability, 1e-5);
            differences.Absolute("norm of δ", $"δ {n}", actual.DeltaNorm, expected.DeltaNorm, 1e-9);
        }
        differences.Check();
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Its_gradient_is_that_of_central_differences(string kind)
    {
        const double step = 1e-2;
        using var edit = new TinyEdit(kind);
        using var batch = new EditBatch(edit.Tiny.Model, TinyEdit.Layer, edit.Rows);
        var m0Norm = Norm(edit.At(edit.Rows.Plain).Value);
        using var loss = new TargetLoss(edit.Tiny.Model, batch, edit.Rows, H, m0Norm);
        loss.At(new double[TinyModels.Hidden], _ => false, []);
        double[] delta = Delta(4, 2), gradient = new double[TinyModels.Hidden];
        loss.At(delta, _ => true, gradient);

        var differences = new Differences();
        var central = Enumerable.Range(0, delta.Length).Select(i => (Shifted(i, step) - Shifted(i, -step)) / (2 * step)).ToArray();
        differences.Relative("gradient", "all coordinates", gradient, central, 5e-3);
        differences.Check();

        double Shifted(int i, double by)
        {
            var x = delta.ToArray();
            x[i] += by;
            return edit.Loss(x, H, m0Norm).Total;
        }
    }

    [Fact]
    public void At_zero_the_decay_has_no_gradient()
    {
        using var edit = new TinyEdit(TinyModels.Gpt2);
        using var batch = new EditBatch(edit.Tiny.Model, TinyEdit.Layer, edit.Rows);
        double[] with = new double[TinyModels.Hidden], without = new double[TinyModels.Hidden];
        foreach (var (h, gradient) in new[] { (H, with), (H with { WeightDecay = 0 }, without) })
        {
            using var loss = new TargetLoss(edit.Tiny.Model, batch, edit.Rows, h, 1);
            var point = loss.At(new double[TinyModels.Hidden], _ => true, gradient);
            point.WeightDecay.ShouldBe(0);
            point.Kl.ShouldBe(0);
        }
        with.ShouldBe(without);
        Norm(with).ShouldBeGreaterThan(0);
    }

    private static double[] Delta(int seed, double length)
    {
        var random = new Random(seed);
        var delta = Enumerable.Range(0, TinyModels.Hidden).Select(_ => random.NextDouble() - 0.5).ToArray();
        var norm = Norm(delta);
        return [.. delta.Select(x => (double)(float)(x * length / norm))];
    }

    private static double Norm(double[] v) => Math.Sqrt(v.Sum(x => x * x));
}
