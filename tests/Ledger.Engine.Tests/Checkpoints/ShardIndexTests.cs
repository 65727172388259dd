using System.Text.Json;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Checkpoints;

public sealed class ShardIndexTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public ShardIndexTests()
    {
        folder.Write(CheckpointFolder.ConfigFile, TinyModels.Config(TinyModels.Gpt2).ToJsonString());
        TinyModels.Write(folder.File("1.safetensors"), [("a", [1], [1]), ("b", [2], [1])]);
        TinyModels.Write(folder.File("2.safetensors"), [("c", [3], [1])]);
    }

    [Fact]
    public void Tensors_come_from_the_shards_that_the_index_names()
    {
        Index(("a", "1.safetensors"), ("b", "1.safetensors"), ("c", "2.safetensors"));
        using var checkpoint = SafetensorsCheckpoint.Open(CheckpointFolder.Open(folder.Path));
        checkpoint.Tensors.Keys.Order().SelectMany(checkpoint.ReadFloats).ShouldBe([1f, 2f, 3f]);
    }

    [Fact]
    public void A_single_file_comes_before_an_index()
    {
        Index(("a", "absent.safetensors"));
        TinyModels.Write(folder.File(CheckpointFolder.SingleFile), [("only", [7], [1])]);
        using var checkpoint = SafetensorsCheckpoint.Open(CheckpointFolder.Open(folder.Path));
        checkpoint.Tensors.Keys.ShouldBe(["only"]);
    }

    [Theory]
    [InlineData("../1.safetensors")]
    [InlineData("sub/1.safetensors")]
    [InlineData("/1.safetensors")]
    [InlineData("c:1.safetensors")]
    [InlineData("sub\\1.safetensors")]
    [InlineData("pytorch_model.bin")]
    [InlineData("")]
    public void A_shard_must_be_the_name_of_a_safetensors_file_of_the_folder(string file)
    {
        Index(("a", file));
        Refused($"puts tensor a into \"{file}\", which is not the name of a safetensors file of this folder");
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        Index(("a", "1.safetensors"), ("b", "1.safetensors"), ("c", "3.safetensors"));
        Refused("3.safetensors is not there");
    }

    [Fact]
    public void An_index_that_its_shards_contradict_is_refused()
    {
        Index(("a", "1.safetensors"), ("c", "2.safetensors"));
        Refused("does not know tensor b of 1.safetensors");
        Index(("a", "1.safetensors"), ("b", "2.safetensors"), ("c", "2.safetensors"));
        Refused("puts tensor b into 2.safetensors, but 1.safetensors holds one of that name");
        Index(("a", "1.safetensors"), ("b", "1.safetensors"), ("c", "2.safetensors"), ("d", "2.safetensors"));
        Refused("puts tensor d into 2.safetensors, which does not hold it");
    }

    [Theory]
    [InlineData("{}", "has no weight_map")]
    [InlineData("""{"weight_map":[]}""", "has no weight_map")]
    [InlineData("""{"weight_map":{}}""", "has an empty weight_map")]
    [InlineData("""{"weight_map":{"a":1}}""", "puts tensor a into \"\"")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}""", "is not the JSON it should be")]
    [InlineData("weight_map", "is not the JSON it should be")]
    public void An_index_without_a_proper_map_is_refused(string index, string problem)
    {
        folder.Write(CheckpointFolder.IndexFile, index);
        Refused(problem);
    }

    public void Dispose() => folder.Dispose();

    private void Index(params (string Tensor, string File)[] map) =>
        folder.Write(CheckpointFolder.IndexFile, JsonSerializer.Serialize(new { weight_map = map.ToDictionary(m => m.Tensor, m => m.File) }));

    private void Refused(string problem) =>
        Should.Throw<CheckpointException>(() => SafetensorsCheckpoint.Open(CheckpointFolder.Open(folder.Path))).Message.ShouldContain(problem);
}
