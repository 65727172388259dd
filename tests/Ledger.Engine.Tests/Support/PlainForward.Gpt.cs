namespace Ledger.Engine.Tests.Support;

internal sealed partial class PlainForward
{
    private (double[][] Logits, double[][][] Keys) Gpt2(int[] ids)
    {
        var x = ids.Select((id, t) => Sum(Row("wte.weight", id), Row("wpe.weight", t))).ToArray();
        var keys = new List<double[][]>();
        for (var l = 0; l < TinyModels.Layers; l++)
        {
            var qkv = x.Select(v => Conv1D(LayerNorm(v, $"h.{l}.ln_1"), $"h.{l}.attn.c_attn")).ToArray();
            var a = Attend([.. qkv.Select(v => v[..Hidden])], [.. qkv.Select(v => v[Hidden..(2 * Hidden)])], [.. qkv.Select(v => v[(2 * Hidden)..])], heads: 2, group: 1);
            x = [.. x.Select((v, t) => Sum(v, Conv1D(a[t], $"h.{l}.attn.c_proj")))];
            var k = x.Select(v => Conv1D(LayerNorm(v, $"h.{l}.ln_2"), $"h.{l}.mlp.c_fc").Select(GeluTanh).ToArray()).ToArray();
            keys.Add(k);
            x = [.. x.Select((v, t) => Sum(v, Conv1D(k[t], $"h.{l}.mlp.c_proj")))];
        }
        return ([.. x.Select(v => Linear(LayerNorm(v, "ln_f"), "wte.weight"))], [.. keys]);
    }

    /// <summary>Heads of width 8; the first four numbers of each are turned, in neighbouring pairs.</summary>
    private (double[][] Logits, double[][][] Keys) GptJ(int[] ids)
    {
        var x = ids.Select(id => Row("transformer.wte.weight", id)).ToArray();
        var keys = new List<double[][]>();
        for (var l = 0; l < TinyModels.Layers; l++)
        {
            var name = $"transformer.h.{l}";
            var h = x.Select(v => LayerNorm(v, $"{name}.ln_1")).ToArray();
            var a = Attend([.. h.Select((v, t) => Turn(Affine(v, $"{name}.attn.q_proj"), t))], [.. h.Select((v, t) => Turn(Affine(v, $"{name}.attn.k_proj"), t))],
                [.. h.Select(v => Affine(v, $"{name}.attn.v_proj"))], heads: 2, group: 1);
            var k = h.Select(v => Affine(v, $"{name}.mlp.fc_in").Select(GeluTanh).ToArray()).ToArray();
            keys.Add(k);
            x = [.. x.Select((v, t) => Sum(Sum(v, Affine(a[t], $"{name}.attn.out_proj")), Affine(k[t], $"{name}.mlp.fc_out")))];
        }
        return ([.. x.Select(v => Affine(LayerNorm(v, "transformer.ln_f"), "lm_head"))], [.. keys]);

        static double[] Turn(double[] v, int t) => Rotate(v, t, width: 8, Frequencies(4, theta: 10000), i => (2 * i, 2 * i + 1));
    }

    /// <summary>Heads of width 8, each stored as q, k, v; the first numbers of q and k are turned, in halves.</summary>
    private (double[][] Logits, double[][][] Keys) GptNeoX(int[] ids, int turned, bool inParallel, Func<double, double> gelu, string head)
    {
        var x = ids.Select(id => Row("gpt_neox.embed_in.weight", id)).ToArray();
        var keys = new List<double[][]>();
        for (var l = 0; l < TinyModels.Layers; l++)
        {
            var name = $"gpt_neox.layers.{l}";
            var qkv = x.Select(v => Affine(LayerNorm(v, $"{name}.input_layernorm"), $"{name}.attention.query_key_value")).ToArray();
            var a = Attend([.. qkv.Select((v, t) => Turn(Part(v, 0), t))], [.. qkv.Select((v, t) => Turn(Part(v, 1), t))], [.. qkv.Select(v => Part(v, 2))], heads: 2, group: 1);
            var residual = x.Select((v, t) => Sum(v, Affine(a[t], $"{name}.attention.dense"))).ToArray();
            var k = (inParallel ? x : residual).Select(v => Affine(LayerNorm(v, $"{name}.post_attention_layernorm"), $"{name}.mlp.dense_h_to_4h").Select(gelu).ToArray()).ToArray();
            keys.Add(k);
            x = [.. residual.Select((v, t) => Sum(v, Affine(k[t], $"{name}.mlp.dense_4h_to_h")))];
        }
        return ([.. x.Select(v => Linear(LayerNorm(v, "gpt_neox.final_layer_norm"), head))], [.. keys]);

        double[] Turn(double[] v, int t) => Rotate(v, t, width: 8, Frequencies(turned), i => (i, i + turned / 2));

        static double[] Part(double[] v, int part) => [.. v.Chunk(3 * 8).SelectMany(ofHead => ofHead[(8 * part)..(8 * part + 8)])];
    }
}
