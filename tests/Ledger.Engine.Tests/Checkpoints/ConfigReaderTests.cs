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
    }

    [Fact]
    public void Every_value_that_is_there_is_read()
    {
        var llama = Read(TinyModels.Llama, c => (c["rms_norm_eps"], c["eos_token_id"]) = (1e-3, new JsonArray(7, 9)));
        (llama.Layers, llama.Hidden, llama.Inner, llama.Heads, llama.KvHeads, llama.HeadDim, llama.Vocabulary, llama.Positions).ShouldBe((3, 16, 24, 4, 2, 6, TinyTokenizer.Size, 160));
        (llama.NormEpsilon, llama.RopeTheta, llama.BosTokenId).ShouldBe((1e-3, 1000, TinyTokenizer.EndOfTextId));
        llama.EosTokenIds.ShouldBe([7, 9]);
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

    [Theory]
    [InlineData("""{"model_type":null}""", "model_type is missing")]
    [InlineData("""{"model_type":"gpt_neox"}""", "model_type gpt_neox is not supported")]
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
    [InlineData("""{"head_dim":5}""", "head_dim 5 is odd")]
    [InlineData("""{"head_dim":null,"num_attention_heads":6}""", "hidden_size 16 is not a multiple of num_attention_heads 6")]
    [InlineData("""{"partial_rotary_factor":0.5}""", "partial_rotary_factor")]
    [InlineData("""{"rope_scaling":{"rope_type":"llama3","factor":8}}""", "rope type llama3")]
    [InlineData("""{"rope_scaling":{"type":"linear","factor":2}}""", "rope type linear")]
    [InlineData("""{"rope_scaling":{"factor":2}}""", "a rope without a type")]
    [InlineData("""{"rope_parameters":{"rope_type":"default","partial_rotary_factor":0.5}}""", "partial_rotary_factor")]
    [InlineData("""{"rope_scaling":"linear"}""", "rope_scaling is \"linear\", not an object")]
    [InlineData("""{"intermediate_size":null}""", "intermediate_size is missing")]
    public void What_llama_cannot_be_is_refused_by_its_name(string change, string problem) => Refused(TinyModels.Llama, change, problem);

    [Theory]
    [InlineData("", "is not the JSON it should be")]
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

    private static void Refused(string kind, string change, string problem) =>
        Should.Throw<CheckpointException>(() => Read(kind, c =>
        {
            foreach (var (name, value) in JsonNode.Parse(change)!.AsObject()) c[name] = value?.DeepClone();
        })).Message.ShouldContain(problem);
}
