using System.Collections.Immutable;
using System.Security.Cryptography;
using Ledger.Domain;

namespace Ledger.Engine.Statistics;

/// <summary>One piece of text: a line, or a row.</summary>
/// <param name="File">Which file, from 0.</param>
/// <param name="Next">Where the next document of that file begins, as its <see cref="CorpusFile"/> counts.</param>
/// <param name="Read">About how many of the file's bytes lie behind it: for people.</param>
internal readonly record struct Document(string Text, int File, long Next, long Read);

/// <summary>Text files as one stream of documents, in order; documents without text are left out. No file is in memory as a whole.</summary>
internal sealed class Corpus
{
    private readonly ImmutableArray<CorpusFile> files;

    /// <param name="paths">Files and folders, in order.</param>
    /// <param name="column">Which field of JSON Lines or column of Parquet holds the text.</param>
    /// <param name="longest">Bytes of a document that are looked at; the rest of a longer one is passed over.</param>
    /// <exception cref="CorpusException">A file cannot be read or is not text, a folder has none, or a file is named twice.</exception>
    public Corpus(IEnumerable<string> paths, string column, int longest)
    {
        files = [.. paths.SelectMany(CorpusFolder.Expand).Select(p => CorpusFile.Of(p.Path, p.Name, column, longest))];
        if (files.CountBy(f => Path.GetFullPath(f.Path)).FirstOrDefault(p => p.Value > 1).Key is { } twice)
            throw new CorpusException($"{twice} is named twice, so its text would count twice.", "name every file once; a folder names all the text below it");
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files) sha256.AppendData(file.Look().Span);
        Digest = files is [var only] ? only.Digest : Digest.Of(sha256);
    }

    /// <summary>Of one file, its SHA-256; of several, the SHA-256 over their digests in order.</summary>
    public Digest Digest { get; }

    public long Bytes => files.Sum(f => f.Bytes);

    /// <summary>What the files are called: below a folder the path from it.</summary>
    public IEnumerable<string> Names => files.Select(f => f.Name);

    /// <summary>As what each file is read: the same bytes under another name are other documents.</summary>
    public IEnumerable<string> Kinds => files.Select(f => f.Kind);

    /// <summary>Whether any file has columns.</summary>
    public bool HasColumns => files.Any(f => f.HasColumns);

    /// <summary>The documents from a place on.</summary>
    /// <exception cref="CorpusException">A file is damaged, is not what its name says, or is not the one whose digest was taken.</exception>
    public IEnumerable<Document> From(int file, long place)
    {
        for (; file < files.Length; file++, place = 0)
        {
            foreach (var (text, next, read) in files[file].From(place))
                if (!string.IsNullOrWhiteSpace(text)) yield return new Document(text, file, next, read);
            files[file].RequireUnchanged();
        }
    }

    /// <summary>Bytes before a document's end, over all files.</summary>
    public long BytesBefore(Document document) => files.Take(document.File).Sum(f => f.Bytes) + document.Read;

    /// <exception cref="CorpusException">A file is not the one whose digest was taken.</exception>
    public void RequireUnchanged()
    {
        foreach (var file in files) file.RequireUnchanged();
    }
}
