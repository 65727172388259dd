using Ledger.Domain;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Malformed;

/// <summary>Every model of the corpus is refused by what opening a ledger does, soon, in little memory, with a message that names file and problem, and a remedy.</summary>
public sealed class MalformedModelTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Names => [.. MalformedCases.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_malformed_model_is_refused(string name)
    {
        var malformed = MalformedCases.All[name];
        TinyModels.Write(folder.Path, malformed.Kind);
        malformed.Spoil(folder);
        var justified = Directory.GetFiles(folder.Path).Where(f => new FileInfo(f).LinkTarget is null).Sum(f => Readable(new FileInfo(f).Length));

        // A pipe that is opened would wait for ever: the wait for it must not.
        var allocated = 0L;
        var refusal = await Should.ThrowAsync<LedgerException>(Task.Run(() =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Open();
            }
            finally
            {
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }, TestContext.Current.CancellationToken).WaitAsync(Soon, TestContext.Current.CancellationToken));
        refusal.Kind.ShouldBe(FailureKind.BadInput);
        refusal.Message.ShouldContain(malformed.Problem);
        refusal.Message.ShouldContain(malformed.File);
        refusal.Message.Length.ShouldBeLessThan(700);
        refusal.Remedy.ShouldNotBeNullOrWhiteSpace();
        allocated.ShouldBeLessThan((8 << 20) + 60 * justified);
    }

    [Theory]
    [InlineData(TinyModels.Gpt2)]
    [InlineData(TinyModels.Llama)]
    public void As_they_were_they_are_models(string kind)
    {
        TinyModels.Write(folder.Path, kind);
        Open();
        folder.Shards(kind);
        Open();
    }

    [Fact]
    public void Weights_that_are_cut_short_while_they_are_open_are_not_read_beyond_their_end()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows keeps a mapped file from being cut");
        var path = folder.File("w.safetensors");
        TinyModels.Write(path, [("a", new float[1 << 16], [1 << 16]), ("b", new float[1 << 16], [1 << 16])]);
        using var file = SafetensorsFile.Open(path);
        using (var cut = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(1 << 18 | 1 << 12);
        file.ReadFloats("a").Length.ShouldBe(1 << 16);
        foreach (var read in (Action[])[() => file.ReadFloats("b"), () => file.TensorDigest("b")])
            Should.Throw<CheckpointException>(read).Message.ShouldContain("it was cut short while it was open");
    }

    [Fact]
    public void A_hub_cache_with_a_pipe_for_its_revision_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no pipes in folders");
        foreach (var part in (string[])["refs", "snapshots/one"]) Directory.CreateDirectory(folder.File("models--some--model/" + part));
        folder.Pipe("models--some--model/refs/main");
        Should.Throw<CheckpointException>(() => CheckpointFolder.Open(folder.File("models--some--model"))).Message.ShouldContain("main is empty, or no ordinary file");
    }

    public void Dispose() => folder.Dispose();

    /// <summary>What <c>ledger open</c> asks of the engine.</summary>
    private void Open()
    {
        var library = new ModelLibrary("cpu");
        var matrix = library.Address(folder.Path, 1);
        library.Describe(folder.Path, CancellationToken.None);
        using var editor = library.Load(folder.Path, matrix, CancellationToken.None);
        editor.DrawTemplates(seed: 4);
    }

    private static long Readable(long length) => length <= CheckpointIo.LargestText ? length : 0;
}
