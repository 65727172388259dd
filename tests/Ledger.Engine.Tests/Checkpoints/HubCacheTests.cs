using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Checkpoints;

/// <summary>The hub's cache: models--org--name/snapshots/REVISION holds links into blobs/, and refs/main names a revision.</summary>
public sealed class HubCacheTests : IDisposable
{
    private const string Old = "0123abcd", New = "4567ef01";

    private readonly TemporaryFolder folder = new();
    private readonly string cache;

    public HubCacheTests() => cache = folder.File("models--some-org--tiny-gpt2");

    [Fact]
    public void The_snapshot_that_main_names_is_opened_under_the_hubs_name()
    {
        Snapshot(Old, seed: 1);
        Snapshot(New, seed: 2);
        Main(Old + "\n");
        var opened = CheckpointFolder.Open(cache);
        opened.Name.ShouldBe("some-org/tiny-gpt2");
        opened.Path.ShouldBe(SnapshotPath(Old));
    }

    [Fact]
    public void A_snapshot_can_be_given_itself()
    {
        Snapshot(Old, seed: 1);
        Snapshot(New, seed: 2);
        Main(Old);
        var opened = CheckpointFolder.Open(SnapshotPath(New));
        opened.Name.ShouldBe("some-org/tiny-gpt2");
        opened.Path.ShouldBe(SnapshotPath(New));
    }

    [Fact]
    public void Without_main_the_only_snapshot_is_opened_and_of_two_neither()
    {
        Snapshot(Old, seed: 1);
        CheckpointFolder.Open(cache).Path.ShouldBe(SnapshotPath(Old));
        Snapshot(New, seed: 2);
        Refused("no refs/main and 2 snapshots");
    }

    [Theory]
    [InlineData("../../elsewhere")]
    [InlineData("..")]
    [InlineData(" ")]
    public void Main_cannot_lead_out_of_the_cache(string revision)
    {
        Snapshot(Old, seed: 1);
        Main(revision);
        Refused("does not hold a revision's name");
    }

    [Fact]
    public void A_revision_that_was_never_fetched_is_named()
    {
        Snapshot(Old, seed: 1);
        Main(New);
        Refused($"names the revision {New}, of which there is no snapshot");
    }

    [Fact]
    public void Files_behind_links_are_read_and_a_link_to_nothing_is_named()
    {
        Snapshot(Old, seed: 1);
        using (var direct = new TemporaryFolder())
        {
            TinyModels.Write(direct.Path, TinyModels.Gpt2, seed: 1);
            new ModelLibrary("cpu").Describe(cache, CancellationToken.None).Digest
                .ShouldBe(new ModelLibrary("cpu").Describe(direct.Path, CancellationToken.None).Digest);
        }
        File.Delete(Path.Combine(cache, "blobs", Old + CheckpointFolder.SingleFile));
        var refusal = Should.Throw<CheckpointException>(() => SafetensorsCheckpoint.Open(CheckpointFolder.Open(cache)));
        refusal.Message.ShouldContain(CheckpointFolder.SingleFile + " is not there");
        refusal.Remedy.ShouldNotBeNull().ShouldContain("never fetched");
    }

    public void Dispose() => folder.Dispose();

    private string SnapshotPath(string revision) => Path.Combine(cache, "snapshots", revision);

    private void Snapshot(string revision, int seed)
    {
        var (blobs, snapshot) = (Directory.CreateDirectory(Path.Combine(cache, "blobs")).FullName, Directory.CreateDirectory(SnapshotPath(revision)).FullName);
        using var made = new TemporaryFolder();
        TinyModels.Write(made.Path, TinyModels.Gpt2, seed);
        foreach (var file in Directory.GetFiles(made.Path).Select(f => Path.GetFileName(f)!))
        {
            File.Move(made.File(file), Path.Combine(blobs, revision + file));
            File.CreateSymbolicLink(Path.Combine(snapshot, file), Path.Combine("..", "..", "blobs", revision + file));
        }
    }

    private void Main(string revision)
    {
        Directory.CreateDirectory(Path.Combine(cache, "refs"));
        File.WriteAllText(Path.Combine(cache, "refs", "main"), revision);
    }

    private void Refused(string problem)
    {
        var refusal = Should.Throw<CheckpointException>(() => CheckpointFolder.Open(cache));
        refusal.Message.ShouldContain(problem);
        refusal.Remedy.ShouldNotBeNull().ShouldContain("one of the folders under snapshots/");
    }
}
