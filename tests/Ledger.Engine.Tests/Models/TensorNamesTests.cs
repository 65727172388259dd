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
