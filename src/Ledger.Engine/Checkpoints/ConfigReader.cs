namespace Ledger.Engine.Checkpoints;

/// <summary>config.json → <see cref="ModelConfig"/>. What would change the computation and is not computed here is refused by its name.</summary>
internal static class ConfigReader
{
    private const string Supported = "supported are gpt2, gptj, gpt_neox, llama, mistral and qwen2";

    public static ModelConfig Read(string path)
    {
        using var document = CheckpointIo.ReadObject(path);
        return CheckpointIo.Json(path, () => Read(new ConfigValues(path, document.RootElement)));
    }

    private static ModelConfig Read(ConfigValues c)
    {
        c.Refuse("quantization_config", c.Has("quantization_config"), "quantized weights are not supported", "take the unquantized model");
        var config = c.Text("model_type") switch
        {
            ModelConfig.Gpt2 => Gpt2(c),
            ModelConfig.GptJ => GptJ(c),
            ModelConfig.GptNeoX => GptNeoX(c),
            ModelConfig.Llama => LlamaFamily(c, ModelConfig.Llama),
            ModelConfig.Mistral => LlamaFamily(c, ModelConfig.Mistral),
            ModelConfig.Qwen2 => LlamaFamily(c, ModelConfig.Qwen2),
            null => throw c.Wrong("model_type is missing", Supported),
            var other => throw c.Wrong($"model_type {other} is not supported", Supported),
        };
        var elements = (long)config.Hidden * config.Inner;
        c.Contradiction(elements > Array.MaxLength, $"a down-projection of {config.Hidden} × {config.Inner} has {elements} elements; at most {Array.MaxLength} can be edited");
        // Small models keep the published ids of a large vocabulary: a token that there is not neither begins a text nor ends one.
        return config with { BosTokenId = config.BosTokenId < config.Vocabulary ? config.BosTokenId : null, EosTokenIds = [.. config.EosTokenIds.Where(id => id < config.Vocabulary)] };
    }

    private static ModelConfig Gpt2(ConfigValues c)
    {
        c.Refuse("scale_attn_by_inverse_layer_idx", c.Flag("scale_attn_by_inverse_layer_idx") ?? false, "true is not supported");
        c.Refuse("add_cross_attention", c.Flag("add_cross_attention") ?? false, "true is not supported");
        return Gpt(c, ModelConfig.Gpt2) with
        {
            AttentionBias = true,
            TieEmbeddings = c.Flag("tie_word_embeddings") ?? true,
        };
    }

    private static ModelConfig GptJ(ConfigValues c)
    {
        c.Refuse("rotary", !(c.Flag("rotary") ?? true), "false is not supported");
        var config = Gpt(c, ModelConfig.GptJ) with
        {
            RopeTheta = 10000,
            RotaryDim = c.RequiredSize("rotary_dim"),
            ParallelResidual = true,
        };
        RequirePairs(c, config, "rotary_dim");
        return config;
    }

    /// <summary>What GPT-2 and GPT-J spell alike.</summary>
    private static ModelConfig Gpt(ConfigValues c, string type)
    {
        c.Refuse("scale_attn_weights", !(c.Flag("scale_attn_weights") ?? true), "false is not supported");
        int hidden = c.RequiredSize("n_embd"), heads = c.RequiredSize("n_head");
        c.Contradiction(hidden % heads != 0, $"n_embd {hidden} is not a multiple of n_head {heads}");
        return new ModelConfig
        {
            ModelType = type,
            Layers = c.RequiredSize("n_layer"),
            Hidden = hidden,
            Inner = c.Size("n_inner") ?? 4 * hidden,
            Heads = heads,
            KvHeads = heads,
            HeadDim = hidden / heads,
            Vocabulary = c.RequiredSize("vocab_size"),
            Positions = c.RequiredSize("n_positions"),
            NormEpsilon = c.Positive("layer_norm_epsilon") ?? 1e-5,
            RopeTheta = 0,
            RotaryDim = 0,
            AttentionBias = false,
            TieEmbeddings = c.Flag("tie_word_embeddings") ?? false,
            BosTokenId = c.TokenId("bos_token_id"),
            EosTokenIds = c.TokenIds("eos_token_id"),
            Activation = Gelu(c, "activation_function", "gelu_new"),
        };
    }

    private static ModelConfig GptNeoX(ConfigValues c)
    {
        int hidden = c.RequiredSize("hidden_size"), heads = c.RequiredSize("num_attention_heads");
        c.Contradiction(hidden % heads != 0, $"hidden_size {hidden} is not a multiple of num_attention_heads {heads}");
        var rope = RopeValues.Read(c, "rotary_emb_base", "rotary_pct");
        var config = new ModelConfig
        {
            ModelType = ModelConfig.GptNeoX,
            Layers = c.RequiredSize("num_hidden_layers"),
            Hidden = hidden,
            Inner = c.RequiredSize("intermediate_size"),
            Heads = heads,
            KvHeads = heads,
            HeadDim = hidden / heads,
            Vocabulary = c.RequiredSize("vocab_size"),
            Positions = c.RequiredSize("max_position_embeddings"),
            NormEpsilon = c.Positive("layer_norm_eps") ?? 1e-5,
            RopeTheta = rope.Theta ?? 10000,
            RotaryDim = (int)(hidden / heads * (rope.Share ?? 0.25)),
            RopeScaling = rope.Scaling,
            ParallelResidual = c.Flag("use_parallel_residual") ?? true,
            AttentionBias = c.Flag("attention_bias") ?? true,
            TieEmbeddings = c.Flag("tie_word_embeddings") ?? false,
            BosTokenId = c.TokenId("bos_token_id"),
            EosTokenIds = c.TokenIds("eos_token_id"),
            Activation = Gelu(c, "hidden_act", "gelu"),
        };
        RequirePairs(c, config, "rotary_pct");
        return config;
    }

    /// <summary>Llama, Mistral (through a window) and Qwen2 (with biases on q, k and v, and a window if it is asked to).</summary>
    private static ModelConfig LlamaFamily(ConfigValues c, string type)
    {
        // Qwen2's biases are not a choice.
        c.Refuse("attention_bias", type != ModelConfig.Qwen2 && (c.Flag("attention_bias") ?? false), "true is not supported");
        c.Refuse("mlp_bias", c.Flag("mlp_bias") ?? false, "true is not supported");
        c.Refuse("rope_interleaved", c.Flag("rope_interleaved") ?? false, "true is not supported");
        var activation = c.Text("hidden_act") ?? "silu";
        c.Refuse("hidden_act", activation != "silu", $"{activation} is not supported", "supported is silu");

        int hidden = c.RequiredSize("hidden_size"), heads = c.RequiredSize("num_attention_heads");
        var kvHeads = c.Size("num_key_value_heads") ?? heads;
        c.Contradiction(heads % kvHeads != 0, $"num_attention_heads {heads} is not a multiple of num_key_value_heads {kvHeads}");
        var headDim = c.Size("head_dim");
        c.Contradiction(headDim is null && hidden % heads != 0, $"hidden_size {hidden} is not a multiple of num_attention_heads {heads}, and there is no head_dim");
        var rope = RopeValues.Read(c);
        c.Refuse("partial_rotary_factor", (rope.Share ?? 1) != 1, "only 1 is supported");
        var config = new ModelConfig
        {
            ModelType = type,
            Layers = c.RequiredSize("num_hidden_layers"),
            Hidden = hidden,
            Inner = c.RequiredSize("intermediate_size"),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim ?? hidden / heads,
            Vocabulary = c.RequiredSize("vocab_size"),
            Positions = Math.Min(c.RequiredSize("max_position_embeddings"), Window(c, type) ?? int.MaxValue),
            NormEpsilon = c.Positive("rms_norm_eps") ?? 1e-6,
            RopeTheta = rope.Theta ?? 10000,
            RotaryDim = headDim ?? hidden / heads,
            RopeScaling = rope.Scaling,
            AttentionBias = type == ModelConfig.Qwen2,
            TieEmbeddings = c.Flag("tie_word_embeddings") ?? false,
            BosTokenId = c.TokenId("bos_token_id"),
            EosTokenIds = c.TokenIds("eos_token_id"),
            Activation = "silu",
        };
        RequirePairs(c, config, "head_dim");
        return config;
    }

    /// <summary>How many tokens a token sees, itself included, or null for all: no text may be longer, and then the window hides nothing.</summary>
    private static int? Window(ConfigValues c, string type)
    {
        var windowed = type == ModelConfig.Mistral || (type == ModelConfig.Qwen2 && (c.Flag("use_sliding_window") ?? false));
        // Both families mean 4096 where nothing is said, and no window where null is.
        return !windowed || c.IsNull("sliding_window") ? null : c.Size("sliding_window") ?? 4096;
    }

    private static string Gelu(ConfigValues c, string name, string otherwise)
    {
        var activation = c.Text(name) ?? otherwise;
        return activation switch
        {
            "gelu" => "gelu",
            // One formula: the square root written out or not.
            "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => "gelu_tanh",
            _ => throw c.Wrong($"{name}: {activation} is not supported", "supported are gelu, gelu_new, gelu_pytorch_tanh and gelu_fast"),
        };
    }

    private static void RequirePairs(ConfigValues c, ModelConfig config, string name)
    {
        c.Contradiction(config.RotaryDim % 2 != 0 || config.RotaryDim == 0 || config.RotaryDim > config.HeadDim,
            $"{name} turns {config.RotaryDim} of a head's {config.HeadDim} numbers; rotary positions turn pairs");
    }
}
