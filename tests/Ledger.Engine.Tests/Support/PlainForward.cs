namespace Ledger.Engine.Tests.Support;

/// <summary>The tiny models as their papers have them: float64, loops, one row at a time, no tensor library. Shares no code with the engine.</summary>
internal sealed partial class PlainForward(string kind, int seed = 1)
{
    private const int Hidden = TinyModels.Hidden;

    private readonly Dictionary<string, (float[] Values, long[] Shape)> weights = TinyModels.Weights(kind, seed).ToDictionary(w => w.Name, w => (w.Values, w.Shape));

    /// <returns>Logits [T][V], and every layer's keys [layers][T][d_k].</returns>
    public (double[][] Logits, double[][][] Keys) Run(int[] ids) => kind switch
    {
        TinyModels.Gpt2 => Gpt2(ids),
        TinyModels.GptJ => GptJ(ids),
        TinyModels.GptNeoX => GptNeoX(ids, turned: 4, inParallel: true, GeluExact, "embed_out.weight"),
        TinyModels.GptNeoXInSequence => GptNeoX(ids, turned: 2, inParallel: false, GeluTanh, "gpt_neox.embed_in.weight"),
        TinyModels.Llama3Rope => Llama(ids, width: 6, [.. Frequencies(6).Select(Stretched)], "lm_head.weight"),
        TinyModels.LlamaTied => Llama(ids, width: 6, Frequencies(6), "model.embed_tokens.weight"),
        TinyModels.Qwen2 => Llama(ids, width: 4, Frequencies(4), "model.embed_tokens.weight"),
        _ => Llama(ids, width: 6, Frequencies(6), "lm_head.weight"),
    };

    /// <summary>Each position over itself and those before it; <paramref name="group"/> query heads share a key and a value.</summary>
    private static double[][] Attend(double[][] q, double[][] k, double[][] v, int heads, int group)
    {
        var width = q[0].Length / heads;
        return [.. q.Select((_, t) => Enumerable.Range(0, heads).SelectMany(head =>
        {
            int own = head * width, shared = head / group * width;
            var scores = Enumerable.Range(0, t + 1).Select(s => Math.Exp(Enumerable.Range(0, width).Sum(i => q[t][own + i] * k[s][shared + i]) / Math.Sqrt(width))).ToArray();
            return Enumerable.Range(0, width).Select(i => scores.Select((p, s) => p * v[s][shared + i]).Sum() / scores.Sum());
        }).ToArray())];
    }

    /// <summary>θ^(−2i/turned), θ = 1000.</summary>
    private static double[] Frequencies(int turned, double theta = 1000) => [.. Enumerable.Range(0, turned / 2).Select(i => Math.Pow(theta, -2.0 * i / turned))];

    /// <summary>In every head pair i is turned by t · frequency i; the rest of the head stays.</summary>
    private static double[] Rotate(double[] x, int t, int width, double[] frequencies, Func<int, (int A, int B)> pair)
    {
        var turned = (double[])x.Clone();
        for (var head = 0; head < x.Length; head += width)
            for (var i = 0; i < frequencies.Length; i++)
            {
                var (a, b, angle) = (head + pair(i).A, head + pair(i).B, t * frequencies[i]);
                turned[a] = x[a] * Math.Cos(angle) - x[b] * Math.Sin(angle);
                turned[b] = x[b] * Math.Cos(angle) + x[a] * Math.Sin(angle);
            }
        return turned;
    }

    private static double GeluTanh(double z) => 0.5 * z * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z)));

    /// <summary>z Φ(z) = z/2 (1 + erf(z/√2)), erf by its series with positive terms.</summary>
    private static double GeluExact(double z)
    {
        double x = z / Math.Sqrt(2), sum = 0, term = x;
        for (var n = 0; n < 200; n++)
        {
            sum += term;
            term *= 2 * x * x / (2 * n + 3);
        }
        return 0.5 * z * (1 + 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum);
    }

    private double[] LayerNorm(double[] x, string name)
    {
        var mean = x.Average();
        var deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + 1e-5);
        return [.. x.Select((v, i) => (v - mean) / deviation * weights[$"{name}.weight"].Values[i] + weights[$"{name}.bias"].Values[i])];
    }

    private double[] RmsNorm(double[] x, string name)
    {
        var root = Math.Sqrt(x.Average(v => v * v) + 1e-6);
        return [.. x.Select((v, i) => v / root * weights[name].Values[i])];
    }

    /// <summary>Stored [outputs, inputs], no bias.</summary>
    private double[] Linear(double[] x, string name) => [.. weights[name].Values.Chunk(x.Length).Select(row => row.Zip(x, (w, v) => w * v).Sum())];

    /// <summary>Stored [outputs, inputs], with a bias if there is one.</summary>
    private double[] Affine(double[] x, string name) =>
        [.. Linear(x, $"{name}.weight").Select((v, i) => v + (weights.TryGetValue($"{name}.bias", out var b) ? b.Values[i] : 0))];

    /// <summary>Stored [inputs, outputs], with a bias.</summary>
    private double[] Conv1D(double[] x, string name)
    {
        var (w, b) = (weights[$"{name}.weight"], weights[$"{name}.bias"].Values);
        return [.. b.Select((bias, j) => bias + x.Select((v, i) => v * w.Values[i * b.Length + j]).Sum())];
    }

    private double[] Row(string table, int n) => [.. weights[table].Values.Skip(n * Hidden).Take(Hidden).Select(x => (double)x)];

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
