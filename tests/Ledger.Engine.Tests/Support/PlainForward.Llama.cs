namespace Ledger.Engine.Tests.Support;

internal sealed partial class PlainForward
{
    /// <summary>Four query heads share two keys and values; all of a head is turned, in halves.</summary>
    private (double[][] Logits, double[][][] Keys) Llama(int[] ids, int width, double[] frequencies, string head)
    {
        var x = ids.Select(id => Row("model.embed_tokens.weight", id)).ToArray();
        var keys = new List<double[][]>();
        for (var l = 0; l < TinyModels.Layers; l++)
        {
            var name = $"model.layers.{l}";
            var h = x.Select(v => RmsNorm(v, $"{name}.input_layernorm.weight")).ToArray();
            var a = Attend(
                [.. h.Select((v, t) => Turn(Affine(v, $"{name}.self_attn.q_proj"), t))], [.. h.Select((v, t) => Turn(Affine(v, $"{name}.self_attn.k_proj"), t))],
                [.. h.Select(v => Affine(v, $"{name}.self_attn.v_proj"))], heads: 4, group: 2);
            x = [.. x.Select((v, t) => Sum(v, Linear(a[t], $"{name}.self_attn.o_proj.weight")))];
            h = [.. x.Select(v => RmsNorm(v, $"{name}.post_attention_layernorm.weight"))];
            var k = h.Select(v => Linear(v, $"{name}.mlp.gate_proj.weight").Zip(Linear(v, $"{name}.mlp.up_proj.weight"), (g, u) => g / (1 + Math.Exp(-g)) * u).ToArray()).ToArray();
            keys.Add(k);
            x = [.. x.Select((v, t) => Sum(v, Linear(k[t], $"{name}.mlp.down_proj.weight")))];
        }
        return ([.. x.Select(v => Linear(RmsNorm(v, "model.norm.weight"), head))], [.. keys]);

        double[] Turn(double[] v, int t) => Rotate(v, t, width, frequencies, i => (i, i + width / 2));
    }

    /// <summary>Llama 3's, over the wavelength: under 128/4 as it was, over 128/1 an eighth, in between a mixture by how often it fits into 128.</summary>
    private static double Stretched(double frequency)
    {
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength < 128 / 4) return frequency;
        if (wavelength > 128) return frequency / 8;
        var smooth = (128 / wavelength - 1) / (4 - 1);
        return (1 - smooth) * frequency / 8 + smooth * frequency;
    }
}
