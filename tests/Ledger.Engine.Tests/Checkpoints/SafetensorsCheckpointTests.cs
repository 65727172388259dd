using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Tests.Support;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Checkpoints;

public sealed class SafetensorsCheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void A_tensor_is_read_as_it_was_written()
    {
        TinyModels.Write(folder.Path, TinyModels.Gpt2);
        using var checkpoint = SafetensorsCheckpoint.Open(CheckpointFolder.Open(folder.Path));
        foreach (var (name, values, shape) in TinyModels.Weights(TinyModels.Gpt2))
        {
            checkpoint.ReadFloats(name).ShouldBe(values);
            using var tensor = checkpoint.Read(name, CPU, shape);
            tensor.shape.ShouldBe(shape);
            tensor.Floats().ShouldBe(values);
        }
    }

    [Fact]
    public void A_tensor_of_another_shape_is_refused_with_both_shapes()
    {
        TinyModels.Write(folder.Path, TinyModels.Gpt2);
        using var checkpoint = SafetensorsCheckpoint.Open(CheckpointFolder.Open(folder.Path));
        // The same number of elements, turned.
        var refusal = Should.Throw<CheckpointException>(() => checkpoint.Read("h.0.mlp.c_fc.weight", CPU, TinyModels.Inner, TinyModels.Hidden));
        refusal.Message.ShouldContain("is [16, 24], expected [24, 16]");
        refusal.Remedy.ShouldNotBeNull().ShouldContain("different models");
        Should.Throw<CheckpointException>(() => checkpoint.Read("h.9.mlp.c_fc.weight", CPU, 1)).Message.ShouldContain("has no tensor h.9.mlp.c_fc.weight");
    }

    [Fact]
    public void A_model_that_its_config_does_not_describe_is_refused_when_it_is_loaded()
    {
        TinyModels.Write(folder.Path, TinyModels.Llama);
        var config = TinyModels.Config(TinyModels.Llama);
        config["num_hidden_layers"] = TinyModels.Layers + 1;
        folder.Write(CheckpointFolder.ConfigFile, config.ToJsonString());
        var library = new ModelLibrary("cpu");
        Should.Throw<CheckpointException>(() => library.Load(folder.Path, library.Address(folder.Path, 0), CancellationToken.None)).Message.ShouldContain("has no tensor model.layers.3.");
    }

    [Fact]
    public void A_dtype_the_engine_does_not_read_is_named_and_still_has_a_digest()
    {
        using var file = SafetensorsFile.Open(folder.Write("w", RawSafetensors.Tensor("I64", new byte[16], 2)));
        Should.Throw<CheckpointException>(() => file.ReadFloats("w")).Message.ShouldContain("is I64; the engine reads F32, F16 and BF16");
        Should.Throw<CheckpointException>(() => file.ReadDoubles("w")).Message.ShouldContain("is I64, expected F64");
        file.TensorDigest("w").ShouldBe(Domain.Digest.Of(new byte[16]));
        file.Dispose();
        Should.Throw<ObjectDisposedException>(() => file.TensorDigest("w"));
    }

    public void Dispose() => folder.Dispose();
}
