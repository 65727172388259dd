using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Tests.Support;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Models;

/// <summary>What each family asks a checkpoint for, on the meta device: names and shapes, no numbers.</summary>
public sealed class TensorNamesTests
{
    private const string Gpt2Names = """
        wte.weight [269, 16]
        wpe.weight [160, 16]
        h.0.ln_1.weight [16]
        h.0.ln_1.bias [16]
        h.0.attn.c_attn.weight [16, 48]
        h.0.attn.c_attn.bias [48]
        h.0.attn.c_proj.weight [16, 16]
        h.0.attn.c_proj.bias [16]
        h.0.ln_2.weight [16]
        h.0.ln_2.bias [16]
        h.0.mlp.c_fc.weight [16, 24]
        h.0.mlp.c_fc.bias [24]
        h.0.mlp.c_proj.weight [24, 16]
        h.0.mlp.c_proj.bias [16]
        ln_f.weight [16]
        ln_f.bias [16]
        """;

    private const string LlamaNames = """
        model.embed_tokens.weight [269, 16]
        model.layers.0.input_layernorm.weight [16]
        model.layers.0.self_attn.q_proj.weight [24, 16]
        model.layers.0.self_attn.k_proj.weight [12, 16]
        model.layers.0.self_attn.v_proj.weight [12, 16]
        model.layers.0.self_attn.o_proj.weight [16, 24]
        model.layers.0.post_attention_layernorm.weight [16]
        model.layers.0.mlp.gate_proj.weight [24, 16]
        model.layers.0.mlp.up_proj.weight [24, 16]
        model.layers.0.mlp.down_proj.weight [16, 24]
        model.norm.weight [16]
        """;

    private const string Qwen2Names = """
        model.embed_tokens.weight [269, 16]
        model.layers.0.input_layernorm.weight [16]
        model.layers.0.self_attn.q_proj.weight [16, 16]
        model.layers.0.self_attn.k_proj.weight [8, 16]
        model.layers.0.self_attn.v_proj.weight [8, 16]
        model.layers.0.self_attn.q_proj.bias [16]
        model.layers.0.self_attn.k_proj.bias [8]
        model.layers.0.self_attn.v_proj.bias [8]
        model.layers.0.self_attn.o_proj.weight [16, 16]
        model.layers.0.post_attention_layernorm.weight [16]
        model.layers.0.mlp.gate_proj.weight [24, 16]
        model.layers.0.mlp.up_proj.weight [24, 16]
        model.layers.0.mlp.down_proj.weight [16, 24]
        model.norm.weight [16]
        """;

    private const string GptJNames = """
        transformer.wte.weight [269, 16]
        transformer.h.0.ln_1.weight [16]
        transformer.h.0.ln_1.bias [16]
        transformer.h.0.attn.q_proj.weight [16, 16]
        transformer.h.0.attn.k_proj.weight [16, 16]
        transformer.h.0.attn.v_proj.weight [16, 16]
        transformer.h.0.attn.out_proj.weight [16, 16]
        transformer.h.0.mlp.fc_in.weight [24, 16]
        transformer.h.0.mlp.fc_in.bias [24]
        transformer.h.0.mlp.fc_out.weight [16, 24]
        transformer.h.0.mlp.fc_out.bias [16]
        transformer.ln_f.weight [16]
        transformer.ln_f.bias [16]
        lm_head.weight [269, 16]
        lm_head.bias [269]
        """;

    private const string GptNeoXNames = """
        gpt_neox.embed_in.weight [269, 16]
        gpt_neox.layers.0.input_layernorm.weight [16]
        gpt_neox.layers.0.input_layernorm.bias [16]
        gpt_neox.layers.0.attention.query_key_value.weight [48, 16]
        gpt_neox.layers.0.attention.query_key_value.bias [48]
        gpt_neox.layers.0.attention.dense.weight [16, 16]
        gpt_neox.layers.0.attention.dense.bias [16]
        gpt_neox.layers.0.post_attention_layernorm.weight [16]
        gpt_neox.layers.0.post_attention_layernorm.bias [16]
        gpt_neox.layers.0.mlp.dense_h_to_4h.weight [24, 16]
        gpt_neox.layers.0.mlp.dense_h_to_4h.bias [24]
        gpt_neox.layers.0.mlp.dense_4h_to_h.weight [16, 24]
        gpt_neox.layers.0.mlp.dense_4h_to_h.bias [16]
        gpt_neox.final_layer_norm.weight [16]
        gpt_neox.final_layer_norm.bias [16]
        """;

    private static readonly string[] Head = ["lm_head.weight [269, 16]"];

    [Fact]
    public void Gpt2_asks_for_the_published_names_with_the_hubs_prefix_or_without()
    {
        Asked(TinyModels.Gpt2, (c, read) => new Gpt2(c, "", read, META)).ShouldBe(Lines(Gpt2Names));
        Asked(TinyModels.Gpt2, (c, read) => new Gpt2(c, "transformer.", read, META)).ShouldBe(Lines(Gpt2Names).Select(n => "transformer." + n));
        Asked(TinyModels.Gpt2, (c, read) => new Gpt2(c with { TieEmbeddings = false }, "transformer.", read, META)).ShouldBe([.. Lines(Gpt2Names).Select(n => "transformer." + n), .. Head]);
    }

    [Fact]
    public void Llama_asks_for_the_published_names_and_for_a_head_unless_it_is_tied()
    {
        Asked(TinyModels.LlamaTied, (c, read) => new Llama(c, read, META)).ShouldBe(Lines(LlamaNames));
        Asked(TinyModels.Llama, (c, read) => new Llama(c, read, META)).ShouldBe([.. Lines(LlamaNames), .. Head]);
    }

    [Fact]
    public void Mistral_asks_for_llamas_names_and_qwen2_for_biases_too()
    {
        Asked(TinyModels.Mistral, (c, read) => new Llama(c, read, META)).ShouldBe([.. Lines(LlamaNames), .. Head]);
        Asked(TinyModels.Qwen2, (c, read) => new Llama(c, read, META)).ShouldBe(Lines(Qwen2Names));
    }

    [Fact]
    public void GptJ_asks_for_the_published_names_and_for_the_heads_bias_even_if_it_is_tied()
    {
        Asked(TinyModels.GptJ, (c, read) => new GptJ(c, read, META)).ShouldBe(Lines(GptJNames));
        Asked(TinyModels.GptJ, (c, read) => new GptJ(c with { TieEmbeddings = true }, read, META)).ShouldBe(Lines(GptJNames).Except(Head));
    }

    [Fact]
    public void GptNeoX_asks_for_the_published_names_and_for_a_head_by_either_name_unless_it_is_tied()
    {
        Asked(TinyModels.GptNeoX, (c, read) => new GptNeoX(c, "embed_out", read, META)).ShouldBe([.. Lines(GptNeoXNames), "embed_out.weight [269, 16]"]);
        Asked(TinyModels.GptNeoX, (c, read) => new GptNeoX(c, "lm_head", read, META)).ShouldBe([.. Lines(GptNeoXNames), .. Head]);
        Asked(TinyModels.GptNeoXInSequence, (c, read) => new GptNeoX(c, "lm_head", read, META)).ShouldBe(Lines(GptNeoXNames).Where(n => !n.Contains("attention.") || n.Contains("weight")));
    }

    [Theory]
    [InlineData(TinyModels.GptJ, "transformer.h.2.mlp.fc_out.weight")]
    [InlineData(TinyModels.GptNeoX, "gpt_neox.layers.2.mlp.dense_4h_to_h.weight")]
    [InlineData(TinyModels.Mistral, "model.layers.2.mlp.down_proj.weight")]
    [InlineData(TinyModels.Qwen2, "model.layers.2.mlp.down_proj.weight")]
    public void The_others_edited_matrix_is_stored_as_it_is_used(string kind, string name)
    {
        using var model = new TinyModel(kind);
        model.Matrix(2).Parameter.ShouldBe(name);
        model.W0(2).ShouldBe(TinyModels.Weights(kind).Single(w => w.Name == name).Values);
    }

    [Theory]
    [InlineData("", "h.1.mlp.c_proj.weight")]
    [InlineData("transformer.", "transformer.h.1.mlp.c_proj.weight")]
    public void The_edited_matrix_has_the_checkpoints_own_name(string prefix, string name)
    {
        using var folder = new TemporaryFolder();
        TinyModels.Write(folder.Path, TinyModels.Gpt2);
        TinyModels.Write(folder.File(CheckpointFolder.SingleFile), TinyModels.Weights(TinyModels.Gpt2).Select(w => w with { Name = prefix + w.Name }));
        var matrix = new ModelLibrary("cpu").Address(folder.Path, 1);
        (matrix.Parameter, matrix.Dv, matrix.Dk).ShouldBe((name, TinyModels.Hidden, TinyModels.Inner));
        // GPT-2 stores it turned; W is [d_v, d_k].
        var stored = TinyModels.Weights(TinyModels.Gpt2).Single(w => w.Name == "h.1.mlp.c_proj.weight").Values;
        new ModelLibrary("cpu").ReadMatrix(folder.Path, matrix)[1].ShouldBe(stored[TinyModels.Hidden]);
    }

    [Fact]
    public void Llamas_edited_matrix_is_stored_as_it_is_used()
    {
        using var model = new TinyModel(TinyModels.Llama);
        model.Matrix(2).Parameter.ShouldBe("model.layers.2.mlp.down_proj.weight");
        model.W0(2).ShouldBe(TinyModels.Weights(TinyModels.Llama).Single(w => w.Name == "model.layers.2.mlp.down_proj.weight").Values);
        Should.Throw<LayerOutOfRangeException>(() => model.Matrix(TinyModels.Layers)).Message.ShouldContain("layers 0 to 2");
        Should.Throw<LayerOutOfRangeException>(() => model.Matrix(-1)).Layer.ShouldBe(-1);
    }

    /// <summary>One layer's names: the others differ in the number.</summary>
    private static IEnumerable<string> Asked(string kind, Func<ModelConfig, TensorSource, Decoder> build)
    {
        using var folder = new TemporaryFolder();
        var config = ConfigReader.Read(folder.Write(CheckpointFolder.ConfigFile, TinyModels.Config(kind).ToJsonString())) with { Layers = 1 };
        var asked = new List<string>();
        build(config, (name, shape) =>
        {
            asked.Add($"{name} [{string.Join(", ", shape)}]");
            return zeros(shape, device: META);
        }).Dispose();
        return asked;
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.TrimEntries);
}
