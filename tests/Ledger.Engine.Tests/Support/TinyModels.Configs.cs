using System.Text.Json.Nodes;

namespace Ledger.Engine.Tests.Support;

internal static partial class TinyModels
{
    /// <summary>In the keys of transformers 4, but for gpt_neox-in-sequence, mistral and qwen2, which have those of transformers 5.</summary>
    public static JsonObject Config(string kind)
    {
        var config = kind switch
        {
            Gpt2 => Gpt("gpt2"),
            GptJ => With(Gpt("gptj"), ("rotary_dim", 4), ("tie_word_embeddings", false)),
            GptNeoX => With(NeoX(), ("hidden_act", "gelu"), ("rotary_pct", 0.5), ("rotary_emb_base", 1000), ("use_parallel_residual", true), ("tie_word_embeddings", false)),
            GptNeoXInSequence => With(NeoX(), ("hidden_act", "gelu_new"), ("use_parallel_residual", false), ("attention_bias", false), ("tie_word_embeddings", true),
                ("rope_parameters", new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 1000, ["partial_rotary_factor"] = 0.25 })),
            Llama => With(LlamaFamily("llama"), ("head_dim", 6), ("rope_theta", 1000.0), ("tie_word_embeddings", false)),
            LlamaTied => With(LlamaFamily("llama"), ("head_dim", 6), ("rope_theta", 1000.0), ("tie_word_embeddings", true)),
            // Of the three frequencies one stays, one lies in the passage and one is divided.
            Llama3Rope => With(LlamaFamily("llama"), ("head_dim", 6), ("rope_theta", 1000.0), ("tie_word_embeddings", false), ("rope_scaling", new JsonObject
            {
                ["rope_type"] = "llama3", ["factor"] = 8.0, ["low_freq_factor"] = 1.0, ["high_freq_factor"] = 4.0, ["original_max_position_embeddings"] = 128,
            })),
            // The window, not the embedding, bounds the text.
            Mistral => With(LlamaFamily("mistral"), ("head_dim", 6), ("rope_parameters", Rope()), ("max_position_embeddings", 4 * Positions), ("sliding_window", Positions)),
            Qwen2 => With(LlamaFamily("qwen2"), ("rope_parameters", Rope()), ("use_sliding_window", false), ("sliding_window", 8), ("tie_word_embeddings", true)),
            _ => throw new ArgumentException(kind),
        };
        return With(config, ("vocab_size", TinyTokenizer.Size), ("bos_token_id", TinyTokenizer.EndOfTextId), ("eos_token_id", TinyTokenizer.EndOfTextId));
    }

    private static JsonObject Gpt(string type) => new()
    {
        ["model_type"] = type, ["n_positions"] = Positions, ["n_embd"] = Hidden, ["n_layer"] = Layers, ["n_head"] = 2, ["n_inner"] = Inner,
    };

    private static JsonObject NeoX() => new()
    {
        ["model_type"] = "gpt_neox", ["max_position_embeddings"] = Positions, ["hidden_size"] = Hidden, ["intermediate_size"] = Inner, ["num_hidden_layers"] = Layers, ["num_attention_heads"] = 2,
    };

    /// <summary>Four query heads share two key/value heads; of width 6 they are wider together than the residual stream.</summary>
    private static JsonObject LlamaFamily(string type) => new()
    {
        ["model_type"] = type, ["max_position_embeddings"] = Positions, ["hidden_size"] = Hidden, ["intermediate_size"] = Inner, ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = 4, ["num_key_value_heads"] = 2,
    };

    private static JsonObject Rope() => new() { ["rope_type"] = "default", ["rope_theta"] = 1000.0 };

    private static JsonObject With(JsonObject config, params (string Name, JsonNode Value)[] values)
    {
        foreach (var (name, value) in values) config[name] = value;
        return config;
    }
}
