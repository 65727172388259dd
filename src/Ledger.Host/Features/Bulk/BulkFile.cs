using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ledger.Domain;

namespace Ledger.Host.Features.Bulk;

/// <summary>
/// A file of edits, in one of the forms of <see cref="BulkFormat"/>. It is read through for every pass over its records: what is held of it
/// is one record at a time. One pass at a time.
/// </summary>
public sealed class BulkFile : IDisposable
{
    private readonly string path;
    private readonly FileStream stream;
    private readonly (long, DateTime) look;

    private BulkFile(string path, FileStream stream)
    {
        this.path = path;
        this.stream = stream;
        look = Look();
        Digest = new Digest(SHA256.HashData(stream));
    }

    /// <summary>SHA-256 of the file's bytes.</summary>
    public Digest Digest { get; }

    public BulkFormat Format { get; private init; }

    /// <param name="path">A file, or something to be read once, such as a pipe.</param>
    /// <param name="format">Null to recognise it.</param>
    /// <exception cref="SetupException">There is no such file.</exception>
    /// <exception cref="BulkFileException">It holds nothing, or its form is not clear.</exception>
    public static BulkFile Open(string path, BulkFormat? format)
    {
        FileStream stream;
        try
        {
            stream = Seekable(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SetupException($"{path} cannot be read: {e.Message}", $"name a file of edits: {BulkFormats.Marks}");
        }
        try
        {
            return new BulkFile(path, stream) { Format = format ?? Recognised(path, stream) };
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The records in order; a bad one says so and the reading goes on, as far as the form allows.</summary>
    /// <exception cref="BulkFileException">The file is broken in a way that hides where the next record begins.</exception>
    public IEnumerable<BulkRecord> Records()
    {
        stream.Position = 0;        // of every enumeration, not of the call
        foreach (var record in Format == BulkFormat.Csv ? new CsvRecords(path).Of(stream) : new JsonRecords(path, r => RecordReaders.Read(Format, r)).Of(stream)) yield return record;
    }

    /// <summary>What is wrong with one of its records, found by somebody who knows more of edits than of files.</summary>
    public BulkFileException Fault(BulkRecord record, string problem, string remedy) => new(path, record.Line, Format == BulkFormat.Csv ? null : record.Column, problem, remedy);

    /// <summary>Records are known by the whole file's digest: what is read after a change would go by a wrong name.</summary>
    /// <exception cref="BulkFileException">Somebody wrote to the file since it was opened.</exception>
    public void RequireUnchanged()
    {
        if (Look() != look) throw new BulkFileException(path, null, null, "the file was changed while its edits were made", "what was done stays; put the file back and repeat the command, or edit from the new one");
    }

    public void Dispose() => stream.Dispose();

    private (long, DateTime) Look() => (stream.Length, File.GetLastWriteTimeUtc(stream.SafeFileHandle));

    /// <summary>A pipe is read into a file without a name first, to be read again.</summary>
    private static FileStream Seekable(FileStream stream)
    {
        if (stream.CanSeek) return stream;
        using (stream)
        {
            var copy = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
            stream.CopyTo(copy);
            copy.Position = 0;
            return copy;
        }
    }

    private static BulkFormat Recognised(string path, FileStream stream)
    {
        stream.Position = 0;
        var head = new ByteWindow(path, stream);
        head.More();
        if (head.Span.StartsWith(Encoding.UTF8.Preamble)) head.Advance(Encoding.UTF8.Preamble.Length);
        if (!head.SkipSpace()) throw new BulkFileException(path, null, null, "the file is empty", $"name a file of edits: {BulkFormats.Marks}");
        if (head.Span[0] is (byte)'[' or (byte)'{' || Path.GetExtension(path).ToLowerInvariant() is ".json" or ".jsonl" or ".ndjson") return RecognisedJson(path, stream);
        if (Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".tsv" || CsvRecords.Fits(stream)) return BulkFormat.Csv;
        throw Unclear(path, 1, "it is neither JSON nor CSV with a header of this program's columns");
    }

    /// <summary>By the first record that shows it: one before it may be bad.</summary>
    private static BulkFormat RecognisedJson(string path, FileStream stream)
    {
        BulkFormat[] fits = [];
        BulkRecord? first = null, bad = null;
        stream.Position = 0;
        foreach (var record in new JsonRecords(path, Marked).Of(stream))
        {
            if (fits.Length == 1) return fits[0];
            if (fits.Length > 1) throw Unclear(path, record.Line, $"the record may be {string.Join(" or ", fits.Select(BulkFormats.Name))}");
            first ??= record;
            if (record.Fault is not null) bad ??= record;
        }
        throw bad?.Fault ?? (first is null
            ? new BulkFileException(path, null, null, "the file holds no records", $"name a file of edits: {BulkFormats.Marks}")
            : Unclear(path, first.Line, "the record has the fields of none"));

        BulkEdit? Marked(JsonElement record)
        {
            fits = [.. BulkFormats.All.Where(f => RecordReaders.Fits(f, record))];
            return null;
        }
    }

    private static BulkFileException Unclear(string path, long line, string why) => new(path, line, null, $"the form is not recognised: {why}", $"say which it is with --format, or write {BulkFormats.Marks}");
}
