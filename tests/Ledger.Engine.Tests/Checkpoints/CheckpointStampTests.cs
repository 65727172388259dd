using Ledger.Domain;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Checkpoints;

public sealed class CheckpointStampTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public CheckpointStampTests() => TinyModels.Write(folder.Path, TinyModels.Gpt2);

    [Fact]
    public void A_stamp_stays_while_no_file_changes()
    {
        var before = Stamp();
        folder.Write("README.md", "Other files do not count.");
        Stamp().ShouldBe(before);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("model.safetensors")]
    public void A_files_time_counts(string file)
    {
        var before = Stamp();
        File.SetLastWriteTimeUtc(folder.File(file), File.GetLastWriteTimeUtc(folder.File(file)).AddSeconds(-1));
        Stamp().ShouldNotBe(before);
    }

    [Fact]
    public void A_files_size_and_a_weights_name_count_even_when_the_times_are_kept()
    {
        var before = Stamp();
        Keeping("merges.txt", () => File.AppendAllText(folder.File("merges.txt"), "\n"));
        var longer = Stamp();
        // Same size, same time, another header.
        Keeping(CheckpointFolder.SingleFile, () => TinyModels.Write(folder.File(CheckpointFolder.SingleFile),
            TinyModels.Weights(TinyModels.Gpt2).Select(w => w.Name == "ln_f.bias" ? w with { Name = "ln_g.bias" } : w)));
        new[] { before, longer, Stamp() }.ShouldBeUnique();
    }

    [Fact]
    public void A_tokenizer_file_that_comes_along_counts()
    {
        var before = Stamp();
        folder.Write("tokenizer.json", TinyTokenizer.Json().ToJsonString());
        Stamp().ShouldNotBe(before);
    }

    [Fact]
    public void Of_a_link_the_file_behind_it_counts()
    {
        File.Move(folder.File("merges.txt"), folder.File("blob"));
        File.CreateSymbolicLink(folder.File("merges.txt"), "blob");
        var before = Stamp();
        File.SetLastWriteTimeUtc(folder.File("blob"), File.GetLastWriteTimeUtc(folder.File("blob")).AddSeconds(-1));
        Stamp().ShouldNotBe(before);
    }

    public void Dispose() => folder.Dispose();

    private Digest Stamp() => CheckpointManifest.Stamp(CheckpointFolder.Open(folder.Path));

    private void Keeping(string file, Action change)
    {
        var time = File.GetLastWriteTimeUtc(folder.File(file));
        change();
        File.SetLastWriteTimeUtc(folder.File(file), time);
    }
}
