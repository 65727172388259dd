using System.Text.Json.Nodes;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Checkpoints;

public sealed class ConfigReaderTests
{
    [Fact]
    public void What_a_config_leaves_out_has_the_familys_defaults()
    {
        var gpt2 = Read(TinyModels.Gpt2, c => c.Remove("n_inner"));
        (gpt2.Inner, gpt2.HeadDim, gpt2.KvHeads, gpt2.NormEpsilon, gpt2.TieEmbeddings, gpt2.Activation).ShouldBe((4 * TinyModels.Hidden, 8, 2, 1e-5, true, "gelu_tanh"));
        var llama = Read(TinyModels.Llama, c =>
        {
            foreach (var name in (string[])["num_key_value_heads", "head_dim", "rope_theta", "tie_word_embeddings", "bos_token_id", "eos_token_id"]) c.Remove(name);
        });
        (llama.KvHeads, llama.HeadDim, llama.RopeTheta, llama.NormEpsilon, llama.TieEmbeddings, llama.BosTokenId).ShouldBe((4, 4, 10000, 1e-6, false, null));
        llama.EosTokenIds.ShouldBeEmpty();
        var neoX = Read(TinyModels.GptNeoX, c =>
        {
            foreach (var name in (string[])["rotary_pct", "rotary_emb_base", "hidden_act", "use_parallel_residual", "attention_bias", "tie_word_embeddings"]) c.Remove(name);
        });
        (neoX.RotaryDim, neoX.RopeTheta, neoX.Activation, neoX.ParallelResidual, neoX.AttentionBias, neoX.TieEmbeddings, neoX.NormEpsilon).ShouldBe((2, 10000, "gelu", true, true, false, 1e-5));
        var gptJ = Read(TinyModels.GptJ, c => c.Remove("tie_word_embeddings"));
        (gptJ.RotaryDim, gptJ.RopeTheta, gptJ.Activation, gptJ.ParallelResidual, gptJ.AttentionBias, gptJ.TieEmbeddings, gptJ.Inner).ShouldBe((4, 10000, "gelu_tanh", true, false, false, TinyModels.Inner));
        var qwen2 = Read(TinyModels.Qwen2, c => c.Remove("tie_word_embeddings"));
        (qwen2.AttentionBias, qwen2.HeadDim, qwen2.RotaryDim, qwen2.TieEmbeddings).ShouldBe((true, 4, 4, false));
    }

    [Fact]
    public void Every_value_that_is_there_is_read()
    {
        var llama = Read(TinyModels.Llama, c => (c["rms_norm_eps"], c["eos_token_id"]) = (1e-3, new JsonArray(7, 9)));
        (llama.Layers, llama.Hidden, llama.Inner, llama.Heads, llama.KvHeads, llama.HeadDim, llama.Vocabulary, llama.Positions).ShouldBe((3, 16, 24, 4, 2, 6, TinyTokenizer.Size, 160));
        (llama.NormEpsilon, llama.RopeTheta, llama.BosTokenId).ShouldBe((1e-3, 1000, TinyTokenizer.EndOfTextId));
        llama.EosTokenIds.ShouldBe([7, 9]);
        var neoX = Read(TinyModels.GptNeoXInSequence, c => c["layer_norm_eps"] = 1e-3);
        (neoX.Layers, neoX.Hidden, neoX.Inner, neoX.Heads, neoX.KvHeads, neoX.HeadDim, neoX.RotaryDim, neoX.Positions).ShouldBe((3, 16, 24, 2, 2, 8, 2, 160));
        (neoX.NormEpsilon, neoX.RopeTheta, neoX.Activation, neoX.ParallelResidual, neoX.AttentionBias, neoX.TieEmbeddings).ShouldBe((1e-3, 1000, "gelu_tanh", false, false, true));
        Read(TinyModels.Llama3Rope, _ => { }).RopeScaling.ShouldBe(new Llama3Rope(8, 1, 4, 128));
    }

    /// <summary>A small model that was made from a published config with another vocabulary.</summary>
    [Fact]
    public void A_token_that_there_is_not_neither_begins_a_text_nor_ends_one()
    {
        var gpt2 = Read(TinyModels.Gpt2, c => (c["bos_token_id"], c["eos_token_id"]) = (50256, new JsonArray(7, TinyTokenizer.Size)));
        gpt2.BosTokenId.ShouldBeNull();
        gpt2.EosTokenIds.ShouldBe([7]);
    }

    [Fact]
    public void A_null_is_as_good_as_nothing() =>
        Read(TinyModels.Gpt2, c => (c["n_inner"], c["quantization_config"]) = (null, null)).ShouldBe(Read(TinyModels.Gpt2, c => c.Remove("n_inner")));

    [Fact]
    public void Both_spellings_of_the_rotary_base_are_one_config()
    {
        var old = Read(TinyModels.Llama, c => c["rope_theta"] = 5e5);
        Read(TinyModels.Llama, c =>
        {
            c.Remove("rope_theta");
            c["rope_parameters"] = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 500000 };
        }).ShouldBe(old);
        Refused(TinyModels.Llama, """{"rope_parameters":{"rope_type":"default","rope_theta":5}}""", "rope_theta is 1000 and, in rope_parameters, 5");
    }

    [Fact]
    public void Both_spellings_of_llama3_scaling_are_one_config()
    {
        var old = Read(TinyModels.Llama3Rope, _ => { });
        Read(TinyModels.Llama3Rope, c =>
        {
            var rope = c["rope_scaling"]!.DeepClone().AsObject();
            c.Remove("rope_scaling");
            c.Remove("rope_theta");
            rope["rope_theta"] = 1000;
            c["rope_parameters"] = rope;
        }).ShouldBe(old);
        Read(TinyModels.Llama3Rope, c => c["rope_scaling"]!["factor"] = 32).ShouldNotBe(old);
        Refused(TinyModels.Llama3Rope, """{"rope_parameters":{"rope_type":"default"}}""", "rope_scaling and rope_parameters name different ropes");
    }

    [Fact]
    public void Both_spellings_of_the_share_of_a_head_that_is_turned_are_one_config()
    {
        var old = Read(TinyModels.GptNeoX, _ => { });
        Read(TinyModels.GptNeoX, c =>
        {
            c.Remove("rotary_pct");
            c.Remove("rotary_emb_base");
            c["rope_parameters"] = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 1000, ["partial_rotary_factor"] = 0.5 };
        }).ShouldBe(old);
        Refused(TinyModels.GptNeoX, """{"rope_parameters":{"rope_type":"default","partial_rotary_factor":1}}""", "rotary_pct is 0.5 and, in rope_parameters, 1");
    }

    [Theory]
    [InlineData(TinyModels.Mistral, "{}", TinyModels.Positions)]
    [InlineData(TinyModels.Mistral, """{"sliding_window":64}""", 64)]
    [InlineData(TinyModels.Mistral, """{"sliding_window":null}""", 4 * TinyModels.Positions)]
    [InlineData(TinyModels.Mistral, """{"sliding_window":9999}""", 4 * TinyModels.Positions)]
    [InlineData(TinyModels.Qwen2, "{}", TinyModels.Positions)]
    [InlineData(TinyModels.Qwen2, """{"use_sliding_window":true}""", 8)]
    [InlineData(TinyModels.Llama, """{"sliding_window":8}""", TinyModels.Positions)]
    public void A_text_may_be_as_long_as_the_window_it_is_seen_through(string kind, string change, int positions) => Changed(kind, change).Positions.ShouldBe(positions);

    [Fact]
    public void A_window_that_is_left_out_is_4096_tokens_wide() =>
        Read(TinyModels.Mistral, c =>
        {
            c.Remove("sliding_window");
            c["max_position_embeddings"] = 32768;
        }).Positions.ShouldBe(4096);

    [Theory]
    [InlineData("gelu", "gelu")]
    [InlineData("gelu_new", "gelu_tanh")]
    [InlineData("gelu_pytorch_tanh", "gelu_tanh")]
    [InlineData("gelu_fast", "gelu_tanh")]
    public void The_names_of_GELU_are_two_formulas(string name, string formula)
    {
        Read(TinyModels.Gpt2, c => c["activation_function"] = name).Activation.ShouldBe(formula);
        Read(TinyModels.GptJ, c => c["activation_function"] = name).Activation.ShouldBe(formula);
        Read(TinyModels.GptNeoX, c => c["hidden_act"] = name).Activation.ShouldBe(formula);
    }

    [Theory]
    [InlineData(TinyModels.GptNeoX, "torch_dtype")]
    [InlineData(TinyModels.Qwen2, "dtype")]
    public void What_the_weights_are_stored_as_is_the_weights_files_business(string kind, string name) =>
        Read(kind, c => c[name] = "float16").ShouldBe(Read(kind, _ => { }));

    /// <summary>Ledgers hold digests of these texts: a line more, and every ledger of such a base is of another one.</summary>
    [Theory]
    [InlineData(TinyModels.Gpt2, "model_type=gpt2|layers=3|hidden=16|inner=24|heads=2|kv_heads=2|head_dim=8|vocabulary=269|positions=160|norm_epsilon=1E-05|rope_theta=0|tie_embeddings=true|bos=268|eos=268|activation=gelu_tanh|")]
    [InlineData(TinyModels.Llama, "model_type=llama|layers=3|hidden=16|inner=24|heads=4|kv_heads=2|head_dim=6|vocabulary=269|positions=160|norm_epsilon=1E-06|rope_theta=1000|tie_embeddings=false|bos=268|eos=268|activation=silu|")]
    public void The_first_families_canonical_text_has_not_changed(string kind, string text) => Read(kind, _ => { }).CanonicalText().Replace('\n', '|').ShouldBe(text);

    [Theory]
    [InlineData(TinyModels.Llama3Rope, "activation=silu|rope_scaling=llama3 8 1 4 128|")]
    [InlineData(TinyModels.GptJ, "activation=gelu_tanh|rotary_dim=4|parallel_residual=true|attention_bias=false|")]
    [InlineData(TinyModels.GptNeoXInSequence, "activation=gelu_tanh|rotary_dim=2|parallel_residual=false|attention_bias=false|")]
    [InlineData(TinyModels.Qwen2, "activation=silu|rotary_dim=4|parallel_residual=false|attention_bias=true|")]
    public void What_came_later_has_lines_of_its_own(string kind, string end) => Read(kind, _ => { }).CanonicalText().Replace('\n', '|').ShouldEndWith(end);

    [Theory]
    [InlineData("""{"model_type":null}""", "model_type is missing")]
    [InlineData("""{"model_type":"bloom"}""", "model_type bloom is not supported")]
    [InlineData("""{"model_type":3}""", "model_type is 3, not a text")]
    [InlineData("""{"quantization_config":{"bits":4}}""", "quantization_config")]
    [InlineData("""{"scale_attn_by_inverse_layer_idx":true}""", "scale_attn_by_inverse_layer_idx")]
    [InlineData("""{"scale_attn_weights":false}""", "scale_attn_weights")]
    [InlineData("""{"add_cross_attention":true}""", "add_cross_attention")]
    [InlineData("""{"activation_function":"relu"}""", "activation_function: relu")]
    [InlineData("""{"n_head":3}""", "n_embd 16 is not a multiple of n_head 3")]
    [InlineData("""{"n_layer":null}""", "n_layer is missing")]
    [InlineData("""{"n_layer":0}""", "n_layer is 0, not a whole number above 0")]
    [InlineData("""{"n_layer":1.5}""", "n_layer is 1.5")]
    [InlineData("""{"n_embd":99999999999}""", "n_embd is 99999999999")]
    [InlineData("""{"vocab_size":"many"}""", "vocab_size is \"many\"")]
    [InlineData("""{"layer_norm_epsilon":0}""", "layer_norm_epsilon is 0, not a number above 0")]
    [InlineData("""{"tie_word_embeddings":"yes"}""", "tie_word_embeddings is \"yes\", not true or false")]
    [InlineData("""{"eos_token_id":-1}""", "eos_token_id is -1, not a token id")]
    [InlineData("""{"eos_token_id":[1,"2"]}""", "eos_token_id is \"2\", not a token id")]
    public void What_gpt2_cannot_be_is_refused_by_its_name(string change, string problem) => Refused(TinyModels.Gpt2, change, problem);

    [Theory]
    [InlineData("""{"attention_bias":true}""", "attention_bias")]
    [InlineData("""{"mlp_bias":true}""", "mlp_bias")]
    [InlineData("""{"rope_interleaved":true}""", "rope_interleaved")]
    [InlineData("""{"hidden_act":"gelu"}""", "hidden_act: gelu")]
    [InlineData("""{"num_key_value_heads":3}""", "num_attention_heads 4 is not a multiple of num_key_value_heads 3")]
    [InlineData("""{"head_dim":5}""", "head_dim turns 5 of a head's 5 numbers; rotary positions turn pairs")]
    [InlineData("""{"head_dim":null,"num_attention_heads":6}""", "hidden_size 16 is not a multiple of num_attention_heads 6")]
    [InlineData("""{"partial_rotary_factor":0.5}""", "partial_rotary_factor")]
    [InlineData("""{"rope_scaling":{"rope_type":"llama3","factor":8}}""", "low_freq_factor is missing")]
    [InlineData("""{"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4}}""", "original_max_position_embeddings is missing")]
    [InlineData("""{"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4,"original_max_position_embeddings":64}}""", "high_freq_factor 4 is not above low_freq_factor 4")]
    [InlineData("""{"rope_scaling":{"rope_type":"yarn","factor":4}}""", "rope type yarn")]
    [InlineData("""{"rope_parameters":{"rope_type":"dynamic","factor":2}}""", "rope type dynamic")]
    [InlineData("""{"rope_parameters":{"full_attention":{"rope_type":"default"}}}""", "a rope without a type")]
    [InlineData("""{"rope_scaling":{"type":"linear","factor":2}}""", "rope type linear")]
    [InlineData("""{"rope_scaling":{"factor":2}}""", "a rope without a type")]
    [InlineData("""{"rope_parameters":{"rope_type":"default","partial_rotary_factor":0.5}}""", "partial_rotary_factor")]
    [InlineData("""{"rope_scaling":"linear"}""", "rope_scaling is \"linear\", not an object")]
    [InlineData("""{"intermediate_size":null}""", "intermediate_size is missing")]
    public void What_llama_cannot_be_is_refused_by_its_name(string change, string problem) => Refused(TinyModels.Llama, change, problem);

    [Theory]
    [InlineData(TinyModels.GptJ, """{"rotary":false}""", "rotary: false")]
    [InlineData(TinyModels.GptJ, """{"rotary_dim":null}""", "rotary_dim is missing")]
    [InlineData(TinyModels.GptJ, """{"rotary_dim":3}""", "rotary_dim turns 3 of a head's 8 numbers")]
    [InlineData(TinyModels.GptJ, """{"rotary_dim":10}""", "rotary_dim turns 10 of a head's 8 numbers")]
    [InlineData(TinyModels.GptJ, """{"scale_attn_weights":false}""", "scale_attn_weights")]
    [InlineData(TinyModels.GptJ, """{"activation_function":"relu"}""", "activation_function: relu")]
    [InlineData(TinyModels.GptNeoX, """{"rotary_pct":0.1}""", "rotary_pct turns 0 of a head's 8 numbers")]
    [InlineData(TinyModels.GptNeoX, """{"rotary_pct":2}""", "rotary_pct turns 16 of a head's 8 numbers")]
    [InlineData(TinyModels.GptNeoX, """{"rope_scaling":{"type":"linear","factor":2}}""", "rope type linear")]
    [InlineData(TinyModels.GptNeoX, """{"hidden_act":"relu"}""", "hidden_act: relu")]
    [InlineData(TinyModels.GptNeoX, """{"num_attention_heads":3}""", "hidden_size 16 is not a multiple of num_attention_heads 3")]
    [InlineData(TinyModels.Mistral, """{"attention_bias":true}""", "attention_bias")]
    [InlineData(TinyModels.Mistral, """{"sliding_window":0}""", "sliding_window is 0")]
    [InlineData(TinyModels.Qwen2, """{"rope_parameters":{"rope_type":"yarn","factor":4}}""", "rope type yarn")]
    [InlineData(TinyModels.Qwen2, """{"hidden_act":"gelu"}""", "hidden_act: gelu")]
    [InlineData(TinyModels.Qwen2, """{"model_type":"qwen2_moe"}""", "model_type qwen2_moe is not supported")]
    public void What_the_others_cannot_be_is_refused_by_its_name(string kind, string change, string problem) => Refused(kind, change, problem);

    [Theory]
    [InlineData("", "is empty, or no ordinary file")]
    [InlineData("{", "is not the JSON it should be")]
    [InlineData("[]", "holds a JSON Array, not an object")]
    [InlineData("""{"model_type":"gpt2","model_type":"llama"}""", "is not the JSON it should be")]
    [InlineData("""{"model_type":"\ud800"}""", "is not the JSON it should be")]
    public void A_config_that_is_no_proper_JSON_object_is_refused(string text, string problem)
    {
        using var folder = new TemporaryFolder();
        var refusal = Should.Throw<CheckpointException>(() => ConfigReader.Read(folder.Write("config.json", text)));
        refusal.Message.ShouldContain(problem);
        refusal.Path.ShouldBe(folder.File("config.json"));
    }

    private static ModelConfig Read(string kind, Action<JsonObject> change)
    {
        var config = TinyModels.Config(kind);
        change(config);
        using var folder = new TemporaryFolder();
        return ConfigReader.Read(folder.Write("config.json", config.ToJsonString()));
    }

    private static ModelConfig Changed(string kind, string change) => Read(kind, c =>
    {
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject()) c[name] = value?.DeepClone();
    });

    private static void Refused(string kind, string change, string problem) => Should.Throw<CheckpointException>(() => Changed(kind, change)).Message.ShouldContain(problem);
}
