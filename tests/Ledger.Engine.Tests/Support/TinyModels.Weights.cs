namespace Ledger.Engine.Tests.Support;

internal static partial class TinyModels
{
    public static List<(string Name, float[] Values, long[] Shape)> Weights(string kind, int seed = 1)
    {
        var weights = new Seeded(seed);
        switch (kind)
        {
            case Gpt2: AddGpt2(weights); break;
            case GptJ: AddGptJ(weights); break;
            case GptNeoX: AddGptNeoX(weights, attentionBias: true, tied: false); break;
            case GptNeoXInSequence: AddGptNeoX(weights, attentionBias: false, tied: true); break;
            case Qwen2: AddLlama(weights, headDim: 4, biases: true, tied: true); break;
            default: AddLlama(weights, headDim: 6, biases: false, tied: kind == LlamaTied); break;
        }
        return weights.All;
    }

    private static void AddGpt2(Seeded weights)
    {
        weights.Add("wte.weight", 0, 0.5, TinyTokenizer.Size, Hidden);
        weights.Add("wpe.weight", 0, 0.1, Positions, Hidden);
        foreach (var h in Enumerable.Range(0, Layers).Select(l => $"h.{l}"))
        {
            Norm(weights, $"{h}.ln_1");
            Linear($"{h}.attn.c_attn", Hidden, 3 * Hidden);
            Linear($"{h}.attn.c_proj", Hidden, Hidden);
            Norm(weights, $"{h}.ln_2");
            Linear($"{h}.mlp.c_fc", Hidden, Inner);
            Linear($"{h}.mlp.c_proj", Inner, Hidden);
        }
        Norm(weights, "ln_f");

        void Linear(string name, int from, int to) => weights.Add($"{name}.weight", 0, 0.3, from, to).Add($"{name}.bias", 0, 0.1, to);
    }

    private static void AddGptJ(Seeded weights)
    {
        weights.Add("transformer.wte.weight", 0, 0.5, TinyTokenizer.Size, Hidden);
        foreach (var h in Enumerable.Range(0, Layers).Select(l => $"transformer.h.{l}"))
            Norm(weights, $"{h}.ln_1")
                .Add($"{h}.attn.q_proj.weight", 0, 0.3, Hidden, Hidden)
                .Add($"{h}.attn.k_proj.weight", 0, 0.3, Hidden, Hidden)
                .Add($"{h}.attn.v_proj.weight", 0, 0.3, Hidden, Hidden)
                .Add($"{h}.attn.out_proj.weight", 0, 0.3, Hidden, Hidden)
                .Add($"{h}.mlp.fc_in.weight", 0, 0.3, Inner, Hidden).Add($"{h}.mlp.fc_in.bias", 0, 0.1, Inner)
                .Add($"{h}.mlp.fc_out.weight", 0, 0.3, Hidden, Inner).Add($"{h}.mlp.fc_out.bias", 0, 0.1, Hidden);
        Norm(weights, "transformer.ln_f").Add("lm_head.weight", 0, 0.5, TinyTokenizer.Size, Hidden).Add("lm_head.bias", 0, 0.5, TinyTokenizer.Size);
    }

    private static void AddGptNeoX(Seeded weights, bool attentionBias, bool tied)
    {
        weights.Add("gpt_neox.embed_in.weight", 0, 0.5, TinyTokenizer.Size, Hidden);
        foreach (var layer in Enumerable.Range(0, Layers).Select(l => $"gpt_neox.layers.{l}"))
        {
            Norm(weights, $"{layer}.input_layernorm")
                .Add($"{layer}.attention.query_key_value.weight", 0, 0.3, 3 * Hidden, Hidden)
                .Add($"{layer}.attention.dense.weight", 0, 0.3, Hidden, Hidden);
            if (attentionBias) weights.Add($"{layer}.attention.query_key_value.bias", 0, 0.3, 3 * Hidden).Add($"{layer}.attention.dense.bias", 0, 0.1, Hidden);
            Norm(weights, $"{layer}.post_attention_layernorm")
                .Add($"{layer}.mlp.dense_h_to_4h.weight", 0, 0.3, Inner, Hidden).Add($"{layer}.mlp.dense_h_to_4h.bias", 0, 0.1, Inner)
                .Add($"{layer}.mlp.dense_4h_to_h.weight", 0, 0.3, Hidden, Inner).Add($"{layer}.mlp.dense_4h_to_h.bias", 0, 0.1, Hidden);
        }
        Norm(weights, "gpt_neox.final_layer_norm");
        if (!tied) weights.Add("embed_out.weight", 0, 0.5, TinyTokenizer.Size, Hidden);
    }

    private static Seeded Norm(Seeded weights, string name) => weights.Add($"{name}.weight", 1, 0.1, Hidden).Add($"{name}.bias", 0, 0.1, Hidden);

    private static void AddLlama(Seeded weights, int headDim, bool biases, bool tied)
    {
        int q = 4 * headDim, kv = 2 * headDim;
        weights.Add("model.embed_tokens.weight", 0, 0.5, TinyTokenizer.Size, Hidden);
        foreach (var layer in Enumerable.Range(0, Layers).Select(l => $"model.layers.{l}"))
        {
            weights.Add($"{layer}.input_layernorm.weight", 1, 0.1, Hidden)
                .Add($"{layer}.self_attn.q_proj.weight", 0, 0.3, q, Hidden)
                .Add($"{layer}.self_attn.k_proj.weight", 0, 0.3, kv, Hidden)
                .Add($"{layer}.self_attn.v_proj.weight", 0, 0.3, kv, Hidden)
                .Add($"{layer}.self_attn.o_proj.weight", 0, 0.3, Hidden, q)
                .Add($"{layer}.post_attention_layernorm.weight", 1, 0.1, Hidden)
                .Add($"{layer}.mlp.gate_proj.weight", 0, 0.4, Inner, Hidden)
                .Add($"{layer}.mlp.up_proj.weight", 0, 0.4, Inner, Hidden)
                .Add($"{layer}.mlp.down_proj.weight", 0, 0.3, Hidden, Inner);
            if (biases) weights.Add($"{layer}.self_attn.q_proj.bias", 0, 0.3, q).Add($"{layer}.self_attn.k_proj.bias", 0, 0.3, kv).Add($"{layer}.self_attn.v_proj.bias", 0, 0.3, kv);
        }
        weights.Add("model.norm.weight", 1, 0.1, Hidden);
        if (!tied) weights.Add("lm_head.weight", 0, 0.5, TinyTokenizer.Size, Hidden);
    }

    private sealed class Seeded(int seed)
    {
        private readonly Random random = new(seed);

        public List<(string Name, float[] Values, long[] Shape)> All { get; } = [];

        /// <summary>Roughly normal around a mean.</summary>
        public Seeded Add(string name, double mean, double spread, params long[] shape)
        {
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            for (var i = 0; i < values.Length; i++) values[i] = (float)(mean + 2 * spread * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5));
            All.Add((name, values, shape));
            return this;
        }
    }
}
