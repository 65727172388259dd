using System.Text.Json.Nodes;
using Ledger.Engine.Checkpoints;

namespace Ledger.Engine.Tests.Support;

/// <summary>Checkpoints of a few thousand seeded weights in hub layout, one of each kind the engine runs: they know nothing and load in milliseconds.</summary>
internal static class TinyModels
{
    public const string Gpt2 = "gpt2", Llama = "llama", LlamaTied = "llama-tied";

    public const int Layers = 3, Hidden = 16, Inner = 24, Positions = 160;

    public static TheoryData<string> Kinds => [Gpt2, Llama, LlamaTied];

    /// <summary>Config, tokenizer and weights of a kind.</summary>
    /// <returns>The folder.</returns>
    public static string Write(string folder, string kind, int seed = 1)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, CheckpointFolder.ConfigFile), Config(kind).ToJsonString());
        if (kind == Gpt2) TinyTokenizer.WriteVocabularyAndMerges(folder);
        else TinyTokenizer.WriteJson(folder);
        Write(Path.Combine(folder, CheckpointFolder.SingleFile), Weights(kind, seed));
        return folder;
    }

    public static void Write(string file, IEnumerable<(string Name, float[] Values, long[] Shape)> weights)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, values, shape) in weights) writer.Add(name, values, shape);
        writer.Write(file);
    }

    public static JsonObject Config(string kind) => kind == Gpt2
        ? new JsonObject
        {
            ["model_type"] = "gpt2", ["vocab_size"] = TinyTokenizer.Size, ["n_positions"] = Positions, ["n_embd"] = Hidden, ["n_layer"] = Layers, ["n_head"] = 2,
            ["n_inner"] = Inner, ["bos_token_id"] = TinyTokenizer.EndOfTextId, ["eos_token_id"] = TinyTokenizer.EndOfTextId,
        }
        : new JsonObject
        {
            // Four query heads of width 6 share two key/value heads; together they are wider than the residual stream.
            ["model_type"] = "llama", ["vocab_size"] = TinyTokenizer.Size, ["max_position_embeddings"] = Positions, ["hidden_size"] = Hidden, ["intermediate_size"] = Inner,
            ["num_hidden_layers"] = Layers, ["num_attention_heads"] = 4, ["num_key_value_heads"] = 2, ["head_dim"] = 6, ["rope_theta"] = 1000.0,
            ["tie_word_embeddings"] = kind == LlamaTied, ["bos_token_id"] = TinyTokenizer.EndOfTextId, ["eos_token_id"] = TinyTokenizer.EndOfTextId,
        };

    public static List<(string Name, float[] Values, long[] Shape)> Weights(string kind, int seed = 1)
    {
        var weights = new Seeded(seed);
        if (kind == Gpt2) AddGpt2(weights);
        else AddLlama(weights, kind == LlamaTied);
        return weights.All;
    }

    private static void AddGpt2(Seeded weights)
    {
        weights.Add("wte.weight", 0, 0.5, TinyTokenizer.Size, Hidden);
        weights.Add("wpe.weight", 0, 0.1, Positions, Hidden);
        foreach (var h in Enumerable.Range(0, Layers).Select(l => $"h.{l}"))
        {
            Norm($"{h}.ln_1");
            Linear($"{h}.attn.c_attn", Hidden, 3 * Hidden);
            Linear($"{h}.attn.c_proj", Hidden, Hidden);
            Norm($"{h}.ln_2");
            Linear($"{h}.mlp.c_fc", Hidden, Inner);
            Linear($"{h}.mlp.c_proj", Inner, Hidden);
        }
        Norm("ln_f");

        void Norm(string name) => weights.Add($"{name}.weight", 1, 0.1, Hidden).Add($"{name}.bias", 0, 0.1, Hidden);

        void Linear(string name, int from, int to) => weights.Add($"{name}.weight", 0, 0.3, from, to).Add($"{name}.bias", 0, 0.1, to);
    }

    private static void AddLlama(Seeded weights, bool tied)
    {
        const int q = 4 * 6, kv = 2 * 6;
        weights.Add("model.embed_tokens.weight", 0, 0.5, TinyTokenizer.Size, Hidden);
        foreach (var layer in Enumerable.Range(0, Layers).Select(l => $"model.layers.{l}"))
            weights.Add($"{layer}.input_layernorm.weight", 1, 0.1, Hidden)
                .Add($"{layer}.self_attn.q_proj.weight", 0, 0.3, q, Hidden)
                .Add($"{layer}.self_attn.k_proj.weight", 0, 0.3, kv, Hidden)
                .Add($"{layer}.self_attn.v_proj.weight", 0, 0.3, kv, Hidden)
                .Add($"{layer}.self_attn.o_proj.weight", 0, 0.3, Hidden, q)
                .Add($"{layer}.post_attention_layernorm.weight", 1, 0.1, Hidden)
                .Add($"{layer}.mlp.gate_proj.weight", 0, 0.4, Inner, Hidden)
                .Add($"{layer}.mlp.up_proj.weight", 0, 0.4, Inner, Hidden)
                .Add($"{layer}.mlp.down_proj.weight", 0, 0.3, Hidden, Inner);
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
