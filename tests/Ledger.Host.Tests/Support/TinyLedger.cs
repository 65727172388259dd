namespace Ledger.Host.Tests.Support;

/// <summary>A tiny model with an opened and measured ledger over it, made once; each test works on a copy.</summary>
public class TinyLedger : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-tiny-").FullName;
    private readonly List<string> copies = [];

    /// <summary>Where the ledgers of a folder's processes go; null for their files.</summary>
    /// <param name="folder">The first of all, or a copy.</param>
    protected virtual string? ServerFor(string folder) => null;

    public virtual async ValueTask InitializeAsync()
    {
        TinyCheckpoint.Write(Path.Combine(folder, "model"));
        TinyCheckpoint.Text(folder);
        var ledger = new LedgerProcess(folder, server: ServerFor(folder));
        (await ledger.RunAsync("open", "tiny", "--model", "model", "--layer", "1", "--seed", "4", "--gate", "observe", "--author", "ana")).ShouldEndWith(0);
        (await ledger.RunAsync("keystats", "text.txt")).ShouldEndWith(0);
    }

    /// <summary>The ledger and the model in a fresh folder.</summary>
    /// <param name="of">Another one, made from a copy.</param>
    internal LedgerProcess Copy(LedgerProcess? of = null)
    {
        var from = of?.Folder ?? folder;
        var copy = Directory.CreateTempSubdirectory("ledger-tiny-copy-").FullName;
        lock (copies) copies.Add(copy);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(copy, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
        return new LedgerProcess(copy, new Dictionary<string, string> { ["LEDGER_MODEL"] = Path.Combine(copy, "model"), ["LEDGER_AUTHOR"] = "ana" }, ServerFor(copy));
    }

    public virtual ValueTask DisposeAsync()
    {
        foreach (var path in copies.Append(folder)) Directory.Delete(path, recursive: true);
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
