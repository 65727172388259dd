namespace Ledger.Engine.Checkpoints;

/// <summary>config.json → <see cref="ModelConfig"/>. What would change the computation and is not computed here is refused by its name.</summary>
internal static class ConfigReader
{
    public static ModelConfig Read(string path)
    {
        using var document = CheckpointIo.ReadObject(path);
        return CheckpointIo.Json(path, () => Read(new ConfigValues(path, document.RootElement)));
    }

    private static ModelConfig Read(ConfigValues c)
    {
        c.Refuse("quantization_config", c.Has("quantization_config"), "quantized weights are not supported", "take the unquantized model");
        return c.Text("model_type") switch
        {
            ModelConfig.Gpt2 => Gpt2(c),
            ModelConfig.Llama => Llama(c),
            null => throw c.Wrong("model_type is missing", "supported are gpt2 and llama"),
            var other => throw c.Wrong($"model_type {other} is not supported", "supported are gpt2 and llama"),
        };
    }

    private static ModelConfig Gpt2(ConfigValues c)
    {
        c.Refuse("scale_attn_by_inverse_layer_idx", c.Flag("scale_attn_by_inverse_layer_idx") ?? false, "true is not supported");
        c.Refuse("scale_attn_weights", !(c.Flag("scale_attn_weights") ?? true), "false is not supported");
        c.Refuse("add_cross_attention", c.Flag("add_cross_attention") ?? false, "true is not supported");
        var activation = c.Text("activation_function") ?? "gelu_new";
        c.Refuse("activation_function", activation is not ("gelu_new" or "gelu_pytorch_tanh"), $"{activation} is not supported", "supported are gelu_new and gelu_pytorch_tanh");

        int hidden = c.RequiredSize("n_embd"), heads = c.RequiredSize("n_head");
        c.Contradiction(hidden % heads != 0, $"n_embd {hidden} is not a multiple of n_head {heads}");
        return new ModelConfig
        {
            ModelType = ModelConfig.Gpt2,
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
            TieEmbeddings = c.Flag("tie_word_embeddings") ?? true,
            BosTokenId = c.TokenId("bos_token_id"),
            EosTokenIds = c.TokenIds("eos_token_id"),
            Activation = "gelu_tanh",
        };
    }

    private static ModelConfig Llama(ConfigValues c)
    {
        c.Refuse("attention_bias", c.Flag("attention_bias") ?? false, "true is not supported");
        c.Refuse("mlp_bias", c.Flag("mlp_bias") ?? false, "true is not supported");
        c.Refuse("rope_interleaved", c.Flag("rope_interleaved") ?? false, "true is not supported");
        var activation = c.Text("hidden_act") ?? "silu";
        c.Refuse("hidden_act", activation != "silu", $"{activation} is not supported", "supported is silu");

        int hidden = c.RequiredSize("hidden_size"), heads = c.RequiredSize("num_attention_heads");
        var kvHeads = c.Size("num_key_value_heads") ?? heads;
        c.Contradiction(heads % kvHeads != 0, $"num_attention_heads {heads} is not a multiple of num_key_value_heads {kvHeads}");
        var headDim = c.Size("head_dim");
        c.Contradiction(headDim is null && hidden % heads != 0, $"hidden_size {hidden} is not a multiple of num_attention_heads {heads}, and there is no head_dim");
        headDim ??= hidden / heads;
        c.Contradiction(headDim % 2 != 0, $"head_dim {headDim} is odd; rotary positions turn pairs");
        return new ModelConfig
        {
            ModelType = ModelConfig.Llama,
            Layers = c.RequiredSize("num_hidden_layers"),
            Hidden = hidden,
            Inner = c.RequiredSize("intermediate_size"),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim.Value,
            Vocabulary = c.RequiredSize("vocab_size"),
            Positions = c.RequiredSize("max_position_embeddings"),
            NormEpsilon = c.Positive("rms_norm_eps") ?? 1e-6,
            RopeTheta = RopeTheta(c),
            TieEmbeddings = c.Flag("tie_word_embeddings") ?? false,
            BosTokenId = c.TokenId("bos_token_id"),
            EosTokenIds = c.TokenIds("eos_token_id"),
            Activation = "silu",
        };
    }

    /// <summary>transformers 4 writes rope_theta and rope_scaling side by side, transformers 5 both in rope_parameters.</summary>
    private static double RopeTheta(ConfigValues c)
    {
        var theta = c.Positive("rope_theta");
        c.Refuse("partial_rotary_factor", (c.Positive("partial_rotary_factor") ?? 1) != 1, "only 1 is supported");
        foreach (var name in (ReadOnlySpan<string>)["rope_scaling", "rope_parameters"])
        {
            if (c.Section(name) is not { } rope) continue;
            var type = rope.Text("rope_type") ?? rope.Text("type");
            c.Refuse(name, type is not (null or "default"), $"rope type {type} is not supported", "supported is default");
            c.Refuse(name, (rope.Positive("partial_rotary_factor") ?? 1) != 1, "partial_rotary_factor other than 1 is not supported");
            c.Refuse(name, type is null && rope.Names.Any(n => n is not ("rope_theta" or "partial_rotary_factor")), "a rope without a type is not supported", "supported is rope_type default");
            var inner = rope.Positive("rope_theta");
            c.Contradiction(theta is not null && inner is not null && theta != inner, $"rope_theta is {theta} and, in {name}, {inner}");
            theta ??= inner;
        }
        return theta ?? 10000;
    }
}
