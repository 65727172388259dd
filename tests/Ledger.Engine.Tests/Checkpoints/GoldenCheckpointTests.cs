using Ledger.Engine.Checkpoints;
using Ledger.TestKit;
using TorchSharp;

namespace Ledger.Engine.Tests.Checkpoints;

public sealed class GoldenCheckpointTests
{
    [Fact]
    public void Every_golden_model_is_read()
    {
        var output = TestContext.Current.TestOutputHelper!;
        var read = 0;
        foreach (var path in Directory.GetDirectories(Shared.RequireGolden("tiny", "models")).Order(StringComparer.Ordinal))
        {
            var folder = CheckpointFolder.Open(path);
            using var checkpoint = SafetensorsCheckpoint.Open(folder);
            foreach (var t in checkpoint.Tensors.Values)
            {
                if (Widening.Size(t.Dtype) == 0)
                {
                    Should.Throw<CheckpointException>(() => checkpoint.ReadFloats(t.Name)).Message.ShouldContain(t.Dtype);
                    continue;
                }
                using var tensor = checkpoint.Read(t.Name, torch.CPU, t.Shape);
                tensor.dtype.ShouldBe(torch.ScalarType.Float32);
                tensor.is_contiguous().ShouldBeTrue();
                tensor.data<float>().ToArray().ShouldBe(checkpoint.ReadFloats(t.Name));
            }
            var (digest, parameters) = CheckpointManifest.Compute(folder, checkpoint, CancellationToken.None);
            output.WriteLine($"{folder.Name}: {checkpoint.Tensors.Count} tensors, {parameters} parameters, {digest.Short()}");
            read++;
        }
        read.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Shards_hold_the_same_model_as_one_file()
    {
        var (whole, sharded) = (Open("llama"), Open("llama-sharded"));
        using (whole.Checkpoint)
        using (sharded.Checkpoint)
        {
            sharded.Checkpoint.Tensors.Values.Select(t => t.File).Distinct().Count().ShouldBeGreaterThan(1);
            sharded.Checkpoint.Tensors.Keys.Order().ShouldBe(whole.Checkpoint.Tensors.Keys.Order());
            foreach (var name in whole.Checkpoint.Tensors.Keys) sharded.Checkpoint.ReadFloats(name).ShouldBe(whole.Checkpoint.ReadFloats(name));
            CheckpointManifest.Compute(sharded.Folder, sharded.Checkpoint, CancellationToken.None)
                .ShouldBe(CheckpointManifest.Compute(whole.Folder, whole.Checkpoint, CancellationToken.None));
            CheckpointManifest.Stamp(sharded.Folder).ShouldNotBe(CheckpointManifest.Stamp(whole.Folder));
        }
    }

    [Fact]
    public void The_hubs_names_lack_a_prefix_and_carry_masks_but_the_weights_are_the_same()
    {
        var (plain, hub) = (Open("gpt2"), Open("gpt2-hubnames"));
        using (plain.Checkpoint)
        using (hub.Checkpoint)
        {
            var compared = 0;
            foreach (var name in hub.Checkpoint.Tensors.Keys.Where(n => plain.Checkpoint.Contains("transformer." + n)))
            {
                hub.Checkpoint.TensorDigest(name).ShouldBe(plain.Checkpoint.TensorDigest("transformer." + name));
                compared++;
            }
            compared.ShouldBeGreaterThan(0);
            CheckpointManifest.Compute(hub.Folder, hub.Checkpoint, CancellationToken.None).Parameters
                .ShouldBe(CheckpointManifest.Compute(plain.Folder, plain.Checkpoint, CancellationToken.None).Parameters);
        }
    }

    [Theory]
    [InlineData("gpt2-fp16", "gpt2", "F16", 11)]
    [InlineData("llama-bf16", "llama", "BF16", 8)]
    public void Half_precision_is_the_float32_model_rounded(string half, string full, string dtype, int bits)
    {
        var (a, b) = (Open(half), Open(full));
        using (a.Checkpoint)
        using (b.Checkpoint)
        {
            var largest = 0.0;
            foreach (var t in a.Checkpoint.Tensors.Values.Where(t => t.Dtype == dtype))
            {
                float[] x = a.Checkpoint.ReadFloats(t.Name), y = b.Checkpoint.ReadFloats(t.Name);
                // Half a unit in the last place; subnormal halves have an absolute one.
                foreach (var (v, w) in x.Zip(y)) largest = Math.Max(largest, Math.Abs(v - w) / Math.Max(Math.Abs(w), Math.Pow(2, -14)));
            }
            TestContext.Current.TestOutputHelper!.WriteLine($"largest relative difference {largest:g3}");
            largest.ShouldBeGreaterThan(0);
            largest.ShouldBeLessThanOrEqualTo(Math.Pow(2, -bits));
        }
    }

    private static (CheckpointFolder Folder, SafetensorsCheckpoint Checkpoint) Open(string model)
    {
        var folder = CheckpointFolder.Open(Shared.RequireGolden("tiny", "models", model));
        return (folder, SafetensorsCheckpoint.Open(folder));
    }
}
