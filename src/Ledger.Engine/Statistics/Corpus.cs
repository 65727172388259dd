using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Ledger.Domain;

namespace Ledger.Engine.Statistics;

/// <summary>One line of text.</summary>
/// <param name="File">Which file, from 0.</param>
/// <param name="End">Where the next line of that file begins, in bytes.</param>
internal readonly record struct Document(string Text, int File, long End);

/// <summary>UTF-8 text files, one document a line, read as a stream: only the line terminator is taken off; lines without text are left out.</summary>
internal sealed class Corpus
{
    private readonly string[] paths;
    private readonly int longest;

    /// <param name="longest">Bytes of a line that are looked at; the rest of a longer one is passed over.</param>
    /// <exception cref="CorpusException">A file cannot be read.</exception>
    public Corpus(IEnumerable<string> paths, int longest)
    {
        this.paths = [.. paths];
        this.longest = longest;
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in this.paths)
        {
            using var stream = Open(path);
            Bytes += stream.Length;
            sha256.AppendData(SHA256.HashData(stream));
        }
        Digest = this.paths is [var only] ? OfOne(only) : Digest.Of(sha256);
    }

    /// <summary>Of one file, its SHA-256; of several, the SHA-256 over their digests in order.</summary>
    public Digest Digest { get; }

    public long Bytes { get; }

    /// <summary>The documents from a place on.</summary>
    public IEnumerable<Document> From(int file, long offset)
    {
        for (; file < paths.Length; file++, offset = 0)
        {
            using var stream = new BufferedStream(Open(paths[file]), 1 << 16);
            stream.Seek(offset, SeekOrigin.Begin);
            if (offset == 0) SkipPreamble(stream);
            while (ReadLine(stream) is { } line)
                if (!string.IsNullOrWhiteSpace(line)) yield return new Document(line, file, stream.Position);
        }
    }

    /// <summary>Bytes before a place, over all files.</summary>
    public long BytesBefore(int file, long offset) => paths.Take(file).Sum(p => new FileInfo(p).Length) + offset;

    private string? ReadLine(Stream stream)
    {
        var bytes = new List<byte>();
        bool any = false, cut = false;
        for (int b; (b = stream.ReadByte()) >= 0;)
        {
            any = true;
            if (b == '\n') break;
            if (bytes.Count < longest) bytes.Add((byte)b);
            else cut = true;
        }
        if (!any) return null;
        if (bytes is [.., (byte)'\r']) bytes.RemoveAt(bytes.Count - 1);
        // A line cut inside a character loses that character, not more.
        if (cut && Rune.DecodeLastFromUtf8(CollectionsMarshal.AsSpan(bytes), out _, out var part) == OperationStatus.NeedMoreData)
            bytes.RemoveRange(bytes.Count - part, part);
        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static void SkipPreamble(Stream stream)
    {
        foreach (var b in Encoding.UTF8.GetPreamble())
            if (stream.ReadByte() != b)
            {
                stream.Seek(0, SeekOrigin.Begin);
                return;
            }
    }

    private static Digest OfOne(string path)
    {
        using var stream = Open(path);
        return new Digest(SHA256.HashData(stream));
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusException($"{path} cannot be read: {e.Message}", "name UTF-8 text files, one document a line");
        }
    }
}
