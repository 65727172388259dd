using System.Text.Json.Nodes;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Checkpoints;

public sealed class CheckpointFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void A_folder_is_known_by_its_own_name_whatever_ends_its_path()
    {
        TinyModels.Write(folder.File("tiny"), TinyModels.Gpt2);
        foreach (var ending in (string[])["", "/", "/."])
        {
            var opened = CheckpointFolder.Open(folder.File("tiny") + ending);
            opened.Name.ShouldBe("tiny");
            opened.Path.ShouldBe(folder.File("tiny"));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("a\0b")]
    public void No_path_at_all_is_refused(string path) => Refused(path, "no path at all", "give the path of a model folder");

    [Fact]
    public void A_folder_that_is_not_there_is_refused_and_nothing_is_downloaded() =>
        Refused(folder.File("absent"), "no model folder " + folder.File("absent"), "nothing is downloaded");

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.pt")]
    [InlineData("model.PTH")]
    [InlineData("model.ckpt")]
    [InlineData("model.pkl")]
    [InlineData("model.pickle")]
    public void A_pickle_is_refused_with_the_reason(string name)
    {
        folder.Write(name, "never read");
        folder.Write(CheckpointFolder.ConfigFile, TinyModels.Config(TinyModels.Gpt2).ToJsonString());
        Refused(folder.File(name), $"{name} is a pickle, which can run code when it is read", "convert the model to safetensors");
        Refused(folder.Path, $"{name} is a pickle, which can run code when it is read", "convert the model to safetensors");
    }

    [Theory]
    [InlineData("""{"model_type":"bloom"}""", "model_type bloom is not supported", "supported are gpt2, gptj, gpt_neox, llama, mistral and qwen2")]
    [InlineData("""{"rope_scaling":{"rope_type":"yarn","factor":4}}""", "rope_scaling: rope type yarn is not supported", "supported are default and llama3")]
    public void A_family_that_is_not_supported_is_refused_by_its_name(string change, string problem, string remedy)
    {
        TinyModels.Write(folder.Path, TinyModels.Llama);
        var config = TinyModels.Config(TinyModels.Llama);
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject()) config[name] = value?.DeepClone();
        folder.Write(CheckpointFolder.ConfigFile, config.ToJsonString());
        Refused(folder.Path, problem, remedy);
    }

    [Fact]
    public void A_pickle_beside_safetensors_is_passed_over()
    {
        TinyModels.Write(folder.Path, TinyModels.Gpt2);
        folder.Write("pytorch_model.bin", "never read");
        CheckpointFolder.Open(folder.Path).Config.Layers.ShouldBe(TinyModels.Layers);
    }

    [Fact]
    public void A_file_that_is_no_pickle_is_refused_as_a_file()
    {
        TinyModels.Write(folder.Path, TinyModels.Gpt2);
        Refused(folder.File(CheckpointFolder.SingleFile), "is a file, not a model folder", "give the folder that holds it");
    }

    [Fact]
    public void A_folder_without_weights_is_refused()
    {
        folder.Write(CheckpointFolder.ConfigFile, TinyModels.Config(TinyModels.Gpt2).ToJsonString());
        Refused(folder.Path, "has no model.safetensors and no model.safetensors.index.json", "stored as safetensors");
    }

    [Fact]
    public void A_folder_without_a_config_is_refused()
    {
        TinyModels.Write(folder.Path, TinyModels.Gpt2);
        File.Delete(folder.File(CheckpointFolder.ConfigFile));
        Refused(folder.Path, "has no config.json", "give the folder that holds config.json");
    }

    public void Dispose() => folder.Dispose();

    private static void Refused(string path, string problem, string remedy)
    {
        var refusal = Should.Throw<CheckpointException>(() => CheckpointFolder.Open(path));
        refusal.Message.ShouldContain(problem);
        refusal.Remedy.ShouldNotBeNull().ShouldContain(remedy);
    }
}
