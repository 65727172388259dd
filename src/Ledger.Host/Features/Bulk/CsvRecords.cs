using System.Collections.Immutable;
using System.Text;
using CsvHelper;
using Ledger.Domain.Editing;

namespace Ledger.Host.Features.Bulk;

/// <summary>
/// The plain form's fields as columns under a header; a cell of paraphrases or neighbours holds one a line. Commas, semicolons or tabs
/// between cells: whichever makes the header name the columns.
/// </summary>
internal sealed class CsvRecords(string path)
{
    private static readonly string[] Required = ["prompt", "subject"];
    private static readonly Encoding Strict = new UTF8Encoding(false, throwOnInvalidBytes: true);

    /// <summary>Whether the first line is such a header.</summary>
    public static bool Fits(Stream stream) => Separator(stream) is not null;

    public IEnumerable<BulkRecord> Of(Stream stream)
    {
        var separator = Separator(stream) ?? throw new BulkFileException(path, 1, null, "the header names no columns prompt, subject and target", "write a first line such as  prompt,subject,target,target_true,reason");
        var bad = new Queue<BulkFileException>();
        using var reader = Reader(stream, separator, m => bad.Enqueue(Malformed(m)));
        var columns = Columns(reader);
        while (Read(reader))
        {
            while (bad.TryDequeue(out var before)) yield return new BulkRecord(before.Line!.Value, 1, null, before);
            yield return Record(reader, columns);
        }
        while (bad.TryDequeue(out var last)) yield return new BulkRecord(last.Line!.Value, 1, null, last);
    }

    private static char? Separator(Stream stream)
    {
        foreach (var separator in ",;\t")
        {
            stream.Position = 0;
            using var reader = Reader(stream, separator, null);
            try
            {
                reader.ReadHeader();
            }
            catch (CsvFormatException)
            {
                continue;
            }
            var names = reader.Headers.ToArray().Select(Name).ToArray();
            if (Required.All(names.Contains) && names.Any(n => n is "target" or "target_new")) return separator;
        }
        return null;
    }

    private static CsvReader Reader(Stream stream, char separator, Action<CsvMalformedRecord>? bad)
    {
        stream.Position = 0;
        return CsvReader.Create(stream, new CsvReaderOptions
        {
            Separator = separator, TrackLineNumbers = true, MaxRecordSize = ByteWindow.Largest,
            MalformedData = bad is null ? CsvMalformedDataHandling.Throw : CsvMalformedDataHandling.Skip, OnMalformedRecord = bad,
        }, leaveOpen: true);
    }

    /// <summary>Which column each field stands in.</summary>
    private Dictionary<string, int> Columns(CsvReader reader)
    {
        reader.ReadHeader();
        var columns = new Dictionary<string, int>();
        foreach (var (i, header) in reader.Headers.ToArray().Index())
        {
            var name = Name(header);
            if (!RecordReaders.PlainFields.Contains(name)) throw Wrong($"there is no column \"{name}\"", $"the columns are {string.Join(", ", RecordReaders.PlainFields)}");
            name = name switch { "target_new" => "target", "neighbors" => "neighbours", _ => name };
            if (!columns.TryAdd(name, i)) throw Wrong($"two columns are called \"{name}\"", "leave one of them out");
        }
        return columns;

        BulkFileException Wrong(string problem, string remedy) => new(path, 1, null, problem, remedy);
    }

    private bool Read(CsvReader reader)
    {
        try
        {
            return reader.Read();
        }
        catch (CsvFormatException e)
        {
            throw new BulkFileException(path, e.LineNumber, null, e.Message.TrimEnd('.'), "mend the file: its records are not told apart");
        }
    }

    private BulkRecord Record(CsvReader reader, Dictionary<string, int> columns)
    {
        var line = reader.LineNumber;
        try
        {
            var names = reader.Headers.Count;
            if (reader.FieldCount != names) throw new RecordFault($"{reader.FieldCount} cells under {names} columns", "give every row a cell for each column, and quote a cell that holds a separator");
            return new BulkRecord(line, 1, Edit(reader, columns), null);
        }
        catch (RecordFault e)
        {
            return new BulkRecord(line, 1, null, e.At(path, line, null));
        }
        catch (DecoderFallbackException)
        {
            return new BulkRecord(line, 1, null, new RecordFault("the record holds text that is not Unicode", "write it as UTF-8").At(path, line, null));
        }
    }

    private static BulkEdit Edit(CsvReader reader, Dictionary<string, int> columns)
    {
        return new BulkEdit(
            new EditRequest(
                Cell("prompt") ?? throw Empty("prompt"), Cell("subject") ?? throw Empty("subject"), Cell("target") ?? throw Empty("target"),
                Cell("target_true"), Cell("relation"), Lines("paraphrases"), Lines("neighbours")),
            Cell("reason"),
            Cell("source"));

        string? Cell(string name) => columns.TryGetValue(name, out var i) && reader.GetSpan(i) is { IsEmpty: false } bytes ? Strict.GetString(bytes) : null;

        ImmutableArray<string> Lines(string name) => [.. (Cell(name) ?? "").Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Length > 0)];

        static RecordFault Empty(string name) => new($"the {name} is empty", $"fill in {name}");
    }

    private BulkFileException Malformed(CsvMalformedRecord record)
    {
        // What follows an open quote is all inside it: leaving that one record out would leave the rest of the file out.
        if (record.Reason == CsvMalformedReason.UnterminatedQuote) throw new BulkFileException(path, record.LineNumber, null, "a quote is opened and never closed", "close it; a quote inside a quoted cell is written twice");
        return new RecordFault(
            record.Reason == CsvMalformedReason.TextAfterClosingQuote ? "text stands behind a closing quote" : "a quote stands inside a cell that is not quoted",
            "put the whole cell in quotes and write a quote inside it twice").At(path, record.LineNumber, null);
    }

    private static string Name(string header) => header.Trim().ToLowerInvariant();
}
