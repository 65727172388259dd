using Ledger.Engine.Checkpoints;
using Ledger.Engine.Editing;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Editing;

public sealed class DefaultLayerTests
{
    [Theory]
    [InlineData(TinyModels.Gpt2, 48, 1600, 17)]     // GPT-2 XL, published
    [InlineData(TinyModels.Gpt2, 36, 1280, 12)]     // GPT-2 large, published
    [InlineData(TinyModels.Gpt2, 24, 1024, 8)]      // GPT-2 medium, published
    [InlineData(TinyModels.Gpt2, 12, 768, 4)]
    [InlineData(TinyModels.GptJ, 28, 4096, 5)]      // GPT-J 6B, published
    [InlineData(TinyModels.Llama, 30, 576, 4)]      // SmolLM2-135M, measured
    [InlineData(TinyModels.Mistral, 32, 4096, 5)]
    [InlineData(TinyModels.Qwen2, 24, 896, 3)]
    [InlineData(TinyModels.GptNeoX, 6, 512, 1)]
    [InlineData(TinyModels.Gpt2, 1, 16, 0)]
    [InlineData(TinyModels.Llama, 1, 16, 0)]
    public void It_is_the_published_one_or_one_by_depth(string kind, int layers, int hidden, int layer)
    {
        using var folder = new TemporaryFolder();
        var config = ConfigReader.Read(folder.Write(CheckpointFolder.ConfigFile, TinyModels.Config(kind).ToJsonString()));
        DefaultLayer.Of(config with { Layers = layers, Hidden = hidden }).ShouldBe(layer);
    }

    [Fact]
    public void The_library_tells_it_without_reading_weights()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        new ModelLibrary("cpu").DefaultLayer(model.Folder).ShouldBe(1);
    }
}
