using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Engine.Editing;
using Ledger.Engine.Models;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Support;

/// <summary>
/// One edit of a tiny model at layer 1, and beside it editing.md §2 word for word: every row by itself, run whole from its first token for
/// every δ, nothing padded, nothing kept.
/// </summary>
internal sealed class TinyEdit : IDisposable
{
    public const int Layer = 1;

    public TinyEdit(string kind, EditRequest? request = null)
    {
        Tiny = new TinyModel(kind);
        Request = request ?? new EditRequest("The mother of {} is", "Anna Therese", "the other man");
        Rows = EditRows.Of(Tiny.Tokenizer, Request, Templates, TinyModels.Positions);
    }

    /// <summary>δ speaks to the target's only token directly: the subject ends the prompt. Searches get somewhere.</summary>
    public static EditRequest Easy { get; } = new("The mother saw {}", "Anna Therese", "x");

    public static ContextTemplates Templates { get; } = ContextTemplates.Given(["A storm. {}", "{}", "On the hill, in the morning. {}", "Ha. {}"]);

    public TinyModel Tiny { get; }

    public EditRequest Request { get; }

    public EditRows Rows { get; }

    /// <summary>k and W k + b at the lookup token of a row run alone.</summary>
    public (double[] Key, double[] Value) At(int row)
    {
        double[] key = [], value = [];
        Run(row, new float[TinyModels.Hidden], (k, v) => (key, value) = (k, v));
        return (key, value);
    }

    /// <param name="m0Norm">‖m₀‖.</param>
    public LossPoint Loss(double[] delta, Hyperparameters h, double m0Norm)
    {
        var nll = Enumerable.Range(0, Rows.Contexts).Select(row =>
        {
            var logP = Run(row, [.. delta.Select(x => (float)x)]);
            var first = Rows.Rows[row].Count - Rows.Target.Count;
            return Rows.Target.Select((id, t) => -logP[first + t][id]).Average();
        }).ToArray();
        double[] p = Run(Rows.Contexts, [.. delta.Select(x => (float)x)])[Rows.Lookups[^1]], p0 = Run(Rows.Contexts, new float[delta.Length])[Rows.Lookups[^1]];
        var norm = Math.Sqrt(delta.Sum(x => x * x));
        var (kl, decay) = (h.KlFactor * p.Zip(p0, (q, q0) => Math.Exp(q) * (q - q0)).Sum(), h.WeightDecay * norm / (m0Norm * m0Norm));
        return new LossPoint(nll.Average() + kl + decay, nll.Average(), kl, decay, nll.Average(n => Math.Exp(-n)), norm);
    }

    /// <returns>log p after every token of the row [T][V].</returns>
    private double[][] Run(int row, float[] delta, Action<double[], double[]>? see = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var model = Tiny.Model;
        var rows = TokenRows.FromLeft([Rows.Rows[row]]);
        using var pass = Pass.Over(rows, CPU);
        var x = model.Run(model.Embed(rows.Ids(CPU), pass), pass, 0, Layer);
        var (residual, k) = model.Key(Layer, x, pass);
        var value = model.Value(Layer, k);                                                                      // [1, T, d_v]
        see?.Invoke(Doubles(k[0, Rows.Lookups[row]]), Doubles(value[0, Rows.Lookups[row]]));
        value[0, Rows.Lookups[row]].add_(tensor(delta));
        return [.. Doubles(model.Logits(model.Run(residual + value, pass, Layer + 1, TinyModels.Layers)).to(ScalarType.Float64).log_softmax(-1)).Chunk(TinyTokenizer.Size)];
    }

    public void Dispose() => Tiny.Dispose();

    /// <summary>W k + b of plain numbers.</summary>
    public double[] Apply(float[] w, Float32Vector k)
    {
        var bias = Tiny.Model.Bias(Layer)?.Floats();
        return [.. Enumerable.Range(0, TinyModels.Hidden).Select(i => (bias?[i] ?? 0) + Enumerable.Range(0, k.Length).Sum(j => (double)w[i * k.Length + j] * k[j]))];
    }

    private static double[] Doubles(Tensor t) => t.to(ScalarType.Float64).contiguous().data<double>().ToArray();
}
