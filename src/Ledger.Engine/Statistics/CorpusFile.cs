using System.Security.Cryptography;
using Ledger.Domain;

namespace Ledger.Engine.Statistics;

/// <summary>One file of a corpus. What it holds is told by its name; a name that says nothing is plain text, one document a line.</summary>
internal abstract class CorpusFile(string path, string name)
{
    public const string Remedy = "name UTF-8 text files (one document a line), .jsonl, either as .gz, .parquet, or a folder of them";

    private (long Bytes, DateTime Written) seen;

    public string Path { get; } = path;

    public string Name { get; } = name;

    public Digest Digest { get; private set; }

    public long Bytes => seen.Bytes;

    public virtual bool HasColumns => true;

    public virtual string Kind => GetType().Name;

    public static CorpusFile Of(string path, string name, string column, int longest)
    {
        var lower = path.ToLowerInvariant();
        var zipped = lower.EndsWith(".gz", StringComparison.Ordinal);
        return System.IO.Path.GetExtension(zipped ? lower[..^3] : lower) switch
        {
            ".jsonl" => new JsonLines(path, name, zipped, column, longest),
            ".parquet" when zipped => throw new CorpusException($"{path} is Parquet within gzip.", "unzip it first: Parquet is compressed inside"),
            ".parquet" => new ParquetColumn(path, name, column, longest),
            ".npz" => throw new CorpusException($"{path} holds arrays, not text.", "take published statistics over with  ledger keystats import FILE.npz"),
            _ => new PlainText(path, name, zipped, longest),
        };
    }

    /// <summary>The texts from a place on, 0 first: each with the place after it and about how many bytes of the file lie behind it.</summary>
    public abstract IEnumerable<(string Text, long Next, long Read)> From(long place);

    /// <summary>Reads the file once for its digest, and whatever shows at once that it is not what it should be.</summary>
    /// <returns>The digest's bytes.</returns>
    public ReadOnlyMemory<byte> Look()
    {
        using var stream = Open();
        seen = Now();
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        long at = 0;
        for (int n; (n = Checked(() => stream.Read(buffer))) > 0; at += n)
        {
            sha256.AppendData(buffer, 0, n);
            LookAt(buffer.AsSpan(0, n), at);
        }
        Look(at);
        var digest = sha256.GetHashAndReset();
        Digest = new Digest(digest);
        return digest;
    }

    /// <exception cref="CorpusException">The file is not the one whose digest was taken: what was measured of it stands for neither.</exception>
    public void RequireUnchanged()
    {
        if (Now() != seen) throw new CorpusException($"{Path} changed while it was measured.", "run the same command again once nothing writes to it: it starts again");
    }

    /// <summary>A stretch of the file as it lies on disk.</summary>
    protected virtual void LookAt(ReadOnlySpan<byte> bytes, long at)
    {
    }

    /// <summary>The file as a whole, once all of it could be read.</summary>
    protected virtual void Look(long bytes)
    {
    }

    protected FileStream Open() => Checked(() =>
    {
        var stream = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (stream.CanSeek) return stream;
        stream.Dispose();
        throw new CorpusException($"{Path} cannot be read twice: it is no ordinary file.", Remedy);
    });

    /// <summary>Whatever the operating system says names the file.</summary>
    protected T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusException($"{Path} cannot be read: {e.Message}", Remedy);
        }
    }

    private (long, DateTime) Now() => Checked(() =>
    {
        var file = new FileInfo(Path);
        return (file.Length, file.LastWriteTimeUtc);
    });
}
