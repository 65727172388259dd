namespace Ledger.Engine.Tests.Support;

/// <summary>The tiny models as their papers have them: float64, loops, one row at a time, no tensor library. Shares no code with the engine.</summary>
internal sealed class PlainForward(string kind, int seed = 1)
{
    private const int Hidden = TinyModels.Hidden;

    private readonly Dictionary<string, (float[] Values, long[] Shape)> weights = TinyModels.Weights(kind, seed).ToDictionary(w => w.Name, w => (w.Values, w.Shape));

    /// <returns>Logits [T][V], and every layer's keys [layers][T][d_k].</returns>
    public (double[][] Logits, double[][][] Keys) Run(int[] ids) => kind == TinyModels.Gpt2 ? Gpt2(ids) : Llama(ids);

    private (double[][] Logits, double[][][] Keys) Gpt2(int[] ids)
    {
        var x = ids.Select((id, t) => Sum(Row("wte.weight", id), Row("wpe.weight", t))).ToArray();
        var keys = new List<double[][]>();
        for (var l = 0; l < TinyModels.Layers; l++)
        {
            var qkv = x.Select(v => Conv1D(LayerNorm(v, $"h.{l}.ln_1"), $"h.{l}.attn.c_attn")).ToArray();
            var a = Attend([.. qkv.Select(v => v[..Hidden])], [.. qkv.Select(v => v[Hidden..(2 * Hidden)])], [.. qkv.Select(v => v[(2 * Hidden)..])], heads: 2, group: 1);
            x = [.. x.Select((v, t) => Sum(v, Conv1D(a[t], $"h.{l}.attn.c_proj")))];
            var k = x.Select(v => Conv1D(LayerNorm(v, $"h.{l}.ln_2"), $"h.{l}.mlp.c_fc").Select(Gelu).ToArray()).ToArray();
            keys.Add(k);
            x = [.. x.Select((v, t) => Sum(v, Conv1D(k[t], $"h.{l}.mlp.c_proj")))];
        }
        return ([.. x.Select(v => Linear(LayerNorm(v, "ln_f"), "wte.weight"))], [.. keys]);

        static double Gelu(double z) => 0.5 * z * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z)));
    }

    private (double[][] Logits, double[][][] Keys) Llama(int[] ids)
    {
        var x = ids.Select(id => Row("model.embed_tokens.weight", id)).ToArray();
        var keys = new List<double[][]>();
        for (var l = 0; l < TinyModels.Layers; l++)
        {
            var name = $"model.layers.{l}";
            var h = x.Select(v => RmsNorm(v, $"{name}.input_layernorm.weight")).ToArray();
            var a = Attend(
                [.. h.Select((v, t) => Rotate(Linear(v, $"{name}.self_attn.q_proj.weight"), t))], [.. h.Select((v, t) => Rotate(Linear(v, $"{name}.self_attn.k_proj.weight"), t))],
                [.. h.Select(v => Linear(v, $"{name}.self_attn.v_proj.weight"))], heads: 4, group: 2);
            x = [.. x.Select((v, t) => Sum(v, Linear(a[t], $"{name}.self_attn.o_proj.weight")))];
            h = [.. x.Select(v => RmsNorm(v, $"{name}.post_attention_layernorm.weight"))];
            var k = h.Select(v => Linear(v, $"{name}.mlp.gate_proj.weight").Zip(Linear(v, $"{name}.mlp.up_proj.weight"), (g, u) => g / (1 + Math.Exp(-g)) * u).ToArray()).ToArray();
            keys.Add(k);
            x = [.. x.Select((v, t) => Sum(v, Linear(k[t], $"{name}.mlp.down_proj.weight")))];
        }
        var head = kind == TinyModels.LlamaTied ? "model.embed_tokens.weight" : "lm_head.weight";
        return ([.. x.Select(v => Linear(RmsNorm(v, "model.norm.weight"), head))], [.. keys]);
    }

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

    /// <summary>Heads of width 6: each pair (xᵢ, xᵢ₊₃) turned by t · θ^(−2i/6), θ = 1000.</summary>
    private static double[] Rotate(double[] x, int t)
    {
        var turned = new double[x.Length];
        for (var head = 0; head < x.Length; head += 6)
            for (var i = 0; i < 3; i++)
            {
                var angle = t * Math.Pow(1000, -2 * i / 6.0);
                turned[head + i] = x[head + i] * Math.Cos(angle) - x[head + i + 3] * Math.Sin(angle);
                turned[head + i + 3] = x[head + i + 3] * Math.Cos(angle) + x[head + i] * Math.Sin(angle);
            }
        return turned;
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

    /// <summary>Stored [inputs, outputs], with a bias.</summary>
    private double[] Conv1D(double[] x, string name)
    {
        var (w, b) = (weights[$"{name}.weight"], weights[$"{name}.bias"].Values);
        return [.. b.Select((bias, j) => bias + x.Select((v, i) => v * w.Values[i * b.Length + j]).Sum())];
    }

    private double[] Row(string table, int n) => [.. weights[table].Values.Skip(n * Hidden).Take(Hidden).Select(x => (double)x)];

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
