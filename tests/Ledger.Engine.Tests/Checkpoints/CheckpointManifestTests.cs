using System.Text.Json;
using System.Text.Json.Nodes;
using Ledger.Domain;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Checkpoints;

public sealed class CheckpointManifestTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Digest before;
    private readonly long parameters;

    public CheckpointManifestTests()
    {
        TinyModels.Write(folder.Path, TinyModels.Gpt2);
        folder.Write("tokenizer_config.json", "{}");
        (before, parameters) = Compute();
    }

    [Fact]
    public void The_digest_hangs_on_the_files_alone()
    {
        parameters.ShouldBe(TinyModels.Weights(TinyModels.Gpt2).Sum(w => (long)w.Values.Length));
        using var again = new TemporaryFolder();
        TinyModels.Write(again.Path, TinyModels.Gpt2);
        again.Write("tokenizer_config.json", "{}");
        again.Write("README.md", "Other files do not count.");
        Compute(again).ShouldBe((before, parameters));
    }

    [Fact]
    public void How_the_tensors_are_spread_over_files_does_not_matter()
    {
        var weights = TinyModels.Weights(TinyModels.Gpt2);
        File.Delete(folder.File(CheckpointFolder.SingleFile));
        foreach (var shard in weights.Select((w, i) => (w, Shard: $"{i % 3}.safetensors")).GroupBy(p => p.Shard)) TinyModels.Write(folder.File(shard.Key), shard.Select(p => p.w));
        folder.Write(CheckpointFolder.IndexFile, JsonSerializer.Serialize(new { weight_map = weights.Select((w, i) => (w.Name, i)).ToDictionary(p => p.Name, p => $"{p.i % 3}.safetensors") }));
        Compute().ShouldBe((before, parameters));
    }

    [Fact]
    public void One_bit_of_one_weight_changes_it()
    {
        var bytes = File.ReadAllBytes(folder.File(CheckpointFolder.SingleFile));
        bytes[^1] ^= 1;
        folder.Write(CheckpointFolder.SingleFile, bytes);
        Compute().Digest.ShouldNotBe(before);
    }

    [Fact]
    public void A_weight_under_another_name_or_in_another_shape_changes_it()
    {
        var weights = TinyModels.Weights(TinyModels.Gpt2);
        TinyModels.Write(folder.File(CheckpointFolder.SingleFile), weights.Select(w => w with { Name = "transformer." + w.Name }));
        var renamed = Compute().Digest;
        TinyModels.Write(folder.File(CheckpointFolder.SingleFile), weights.Select(w => w.Name == "wpe.weight" ? w with { Shape = [TinyModels.Hidden, TinyModels.Positions] } : w));
        new[] { before, renamed, Compute().Digest }.ShouldBeUnique();
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("tokenizer_config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("special_tokens_map.json")]
    [InlineData("tokenizer.model")]
    public void Every_tokenizer_file_counts(string file)
    {
        File.AppendAllText(folder.File(file), " ");
        Compute().Digest.ShouldNotBe(before);
    }

    [Theory]
    [InlineData("n_positions", 64)]
    [InlineData("layer_norm_epsilon", 1e-6)]
    [InlineData("tie_word_embeddings", false)]
    [InlineData("eos_token_id", 3)]
    [InlineData("n_head", 4)]
    public void A_config_value_that_the_engine_reads_counts(string name, object value)
    {
        Change(name, JsonSerializer.SerializeToNode(value)!);
        Compute().Digest.ShouldNotBe(before);
    }

    [Theory]
    [InlineData("torch_dtype", "bfloat16")]
    [InlineData("transformers_version", "4.0.0")]
    [InlineData("resid_pdrop", 0.1)]
    [InlineData("layer_norm_epsilon", 1e-5)]            // the default, spelled out
    [InlineData("activation_function", "gelu_pytorch_tanh")]
    public void A_config_value_that_changes_nothing_does_not(string name, object value)
    {
        Change(name, JsonSerializer.SerializeToNode(value)!);
        Compute().Digest.ShouldBe(before);
    }

    [Fact]
    public void Masks_that_old_checkpoints_carry_are_no_parameters()
    {
        TinyModels.Write(folder.File(CheckpointFolder.SingleFile), TinyModels.Weights(TinyModels.Gpt2).Append(("h.0.attn.bias", new float[9], [1, 1, 3, 3])));
        Compute().Parameters.ShouldBe(parameters);
    }

    [Theory]
    [InlineData(TinyModels.GptJ, "transformer.h.0.attn.bias", "transformer.h.0.attn.masked_bias")]
    [InlineData(TinyModels.GptNeoX, "gpt_neox.layers.0.attention.bias", "gpt_neox.layers.0.attention.masked_bias", "gpt_neox.layers.0.attention.rotary_emb.inv_freq")]
    [InlineData(TinyModels.Llama, "model.layers.0.self_attn.rotary_emb.inv_freq")]
    public void Nor_are_those_of_the_other_families(string kind, params string[] buffers)
    {
        TinyModels.Write(folder.Path, kind);
        var weights = TinyModels.Weights(kind);
        TinyModels.Write(folder.File(CheckpointFolder.SingleFile), weights.Concat(buffers.Select(b => (b, new float[4], new long[] { 4 }))));
        Compute().Parameters.ShouldBe(weights.Sum(w => (long)w.Values.Length));
    }

    [Fact]
    public void A_cancelled_digest_stops()
    {
        var opened = CheckpointFolder.Open(folder.Path);
        using var checkpoint = SafetensorsCheckpoint.Open(opened);
        Should.Throw<OperationCanceledException>(() => CheckpointManifest.Compute(opened, checkpoint, new CancellationToken(canceled: true)));
    }

    public void Dispose() => folder.Dispose();

    private void Change(string name, JsonNode value)
    {
        var config = TinyModels.Config(TinyModels.Gpt2);
        config[name] = value;
        folder.Write(CheckpointFolder.ConfigFile, config.ToJsonString());
    }

    private (Digest Digest, long Parameters) Compute() => Compute(folder);

    private static (Digest Digest, long Parameters) Compute(TemporaryFolder of)
    {
        var opened = CheckpointFolder.Open(of.Path);
        using var checkpoint = SafetensorsCheckpoint.Open(opened);
        return CheckpointManifest.Compute(opened, checkpoint, CancellationToken.None);
    }
}
