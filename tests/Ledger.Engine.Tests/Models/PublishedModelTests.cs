using Ledger.Engine.Checkpoints;
using Ledger.Engine.Editing;
using Ledger.Engine.Models;
using Ledger.Engine.Tests.Support;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Models;

/// <summary>
/// The paper's own models, whose weights are too large to have here, on the meta device: what the config published with them makes the engine
/// ask for is every weight their checkpoints have, in its shape, and nothing else. (Masks are no weights.)
/// </summary>
public sealed class PublishedModelTests
{
    private const string Gpt2Xl = """
        {"activation_function":"gelu_new","architectures":["GPT2LMHeadModel"],"attn_pdrop":0.1,"bos_token_id":50256,"embd_pdrop":0.1,"eos_token_id":50256,"initializer_range":0.02,
        "layer_norm_epsilon":1e-05,"model_type":"gpt2","n_ctx":1024,"n_embd":1600,"n_head":25,"n_layer":48,"n_positions":1024,"output_past":true,"resid_pdrop":0.1,"vocab_size":50257}
        """;

    private const string GptJ6B = """
        {"activation_function":"gelu_new","architectures":["GPTJForCausalLM"],"attn_pdrop":0.0,"bos_token_id":50256,"embd_pdrop":0.0,"eos_token_id":50256,"initializer_range":0.02,
        "layer_norm_epsilon":1e-05,"model_type":"gptj","n_embd":4096,"n_head":16,"n_inner":null,"n_layer":28,"n_positions":2048,"resid_pdrop":0.0,"rotary":true,"rotary_dim":64,
        "scale_attn_weights":true,"tie_word_embeddings":false,"use_cache":true,"vocab_size":50400}
        """;

    [Fact]
    public void Gpt2_XL_asks_for_what_its_checkpoint_has()
    {
        var checkpoint = new Dictionary<string, long[]>
        {
            ["wte.weight"] = [50257, 1600], ["wpe.weight"] = [1024, 1600], ["ln_f.weight"] = [1600], ["ln_f.bias"] = [1600],
        };
        for (var l = 0; l < 48; l++)
        {
            Norm($"h.{l}.ln_1");
            Conv1D($"h.{l}.attn.c_attn", 1600, 4800);
            Conv1D($"h.{l}.attn.c_proj", 1600, 1600);
            Norm($"h.{l}.ln_2");
            Conv1D($"h.{l}.mlp.c_fc", 1600, 6400);
            Conv1D($"h.{l}.mlp.c_proj", 6400, 1600);
        }
        Check(Gpt2Xl, (c, read) => new Gpt2(c, "", read, META), checkpoint, parameters: 1_557_611_200, layer: 17);

        void Norm(string name) => (checkpoint[$"{name}.weight"], checkpoint[$"{name}.bias"]) = ([1600], [1600]);

        void Conv1D(string name, long inputs, long outputs) => (checkpoint[$"{name}.weight"], checkpoint[$"{name}.bias"]) = ([inputs, outputs], [outputs]);
    }

    [Fact]
    public void GptJ_asks_for_what_its_checkpoint_has()
    {
        var checkpoint = new Dictionary<string, long[]>
        {
            ["transformer.wte.weight"] = [50400, 4096], ["transformer.ln_f.weight"] = [4096], ["transformer.ln_f.bias"] = [4096], ["lm_head.weight"] = [50400, 4096], ["lm_head.bias"] = [50400],
        };
        foreach (var h in Enumerable.Range(0, 28).Select(l => $"transformer.h.{l}"))
        {
            (checkpoint[$"{h}.ln_1.weight"], checkpoint[$"{h}.ln_1.bias"]) = ([4096], [4096]);
            foreach (var projection in (string[])["k_proj", "v_proj", "q_proj", "out_proj"]) checkpoint[$"{h}.attn.{projection}.weight"] = [4096, 4096];
            (checkpoint[$"{h}.mlp.fc_in.weight"], checkpoint[$"{h}.mlp.fc_in.bias"]) = ([16384, 4096], [16384]);
            (checkpoint[$"{h}.mlp.fc_out.weight"], checkpoint[$"{h}.mlp.fc_out.bias"]) = ([4096, 16384], [4096]);
        }
        Check(GptJ6B, (c, read) => new GptJ(c, read, META), checkpoint, parameters: 6_050_882_784, layer: 5);
    }

    /// <param name="parameters">As published.</param>
    /// <param name="layer">The published layer.</param>
    private static void Check(string text, Func<ModelConfig, TensorSource, Decoder> build, Dictionary<string, long[]> checkpoint, long parameters, int layer)
    {
        using var folder = new TemporaryFolder();
        var config = ConfigReader.Read(folder.Write(CheckpointFolder.ConfigFile, text));
        var asked = new Dictionary<string, long[]>();
        build(config, (name, shape) =>
        {
            asked.Add(name, shape);
            return zeros(shape, device: META);
        }).Dispose();
        asked.Keys.Order().ShouldBe(checkpoint.Keys.Order());
        foreach (var (name, shape) in asked) shape.ShouldBe(checkpoint[name], name);
        asked.Values.Sum(shape => shape.Aggregate(1L, (a, b) => a * b)).ShouldBe(parameters);
        DefaultLayer.Of(config).ShouldBe(layer);
    }
}
