using System.Text;
using System.Text.Json;

namespace Ledger.Host.Features.Bulk;

/// <summary>Cuts a file into JSON records: the elements of one array, or one record a line. What a record means is for its reader to say.</summary>
/// <param name="path">For messages.</param>
/// <param name="read">A record as an edit.</param>
internal sealed class JsonRecords(string path, Func<JsonElement, BulkEdit?> read)
{
    private const string OneOfTwo = "mend the file: a JSON array of records, or one record a line";

    /// <summary>The records in order; a bad one says so and the reading goes on, as far as the JSON allows.</summary>
    public IEnumerable<BulkRecord> Of(Stream stream)
    {
        var window = new ByteWindow(path, stream);
        window.More();
        // Columns count a byte order mark in an array and not in lines: idempotency keys of old runs do.
        var mark = window.Span.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        ReadOnlySpan<byte> head;
        while ((head = window.Span[mark..].TrimStart(" \t\r\n"u8)).IsEmpty && window.More())
        {
        }
        return head is [(byte)'[', ..] ? Array(window, mark) : Lines(window, mark);
    }

    private IEnumerable<BulkRecord> Lines(ByteWindow window, int mark)
    {
        window.Advance(mark);
        while (window.Span.Length > 0 || window.More())
        {
            int length;
            while ((length = window.Span.IndexOf((byte)'\n')) < 0 && window.More())
            {
            }
            var line = length < 0 ? window.Bytes : window.Bytes[..length];
            if (line.Span.IndexOfAnyExcept(" \t\r"u8) >= 0) yield return Record(line, window.Line, 0);
            window.Advance(length < 0 ? line.Length : length + 1);
        }
    }

    private IEnumerable<BulkRecord> Array(ByteWindow window, int mark)
    {
        window.Advance(mark);
        window.SkipSpace();
        window.Advance(1);
        for (var first = true; Next() != ']'; first = false)
        {
            if (!first)
            {
                if (Next() != ',') throw Broken("a comma is missing between two records");
                window.Advance(1);
            }
            if (Next() is ']' or ',') throw Broken("a record is missing at a comma");
            // Each element is cut out by the reader, so that a bad record has its own place and the next ones are still read.
            var length = ElementLength(window);
            yield return Record(window.Bytes[..length], window.Line, window.Column);
            window.Advance(length);
        }
        window.Advance(1);
        if (window.SkipSpace()) throw Broken("something stands behind the array");

        char Next() => window.SkipSpace() ? (char)window.Span[0] : throw Broken("the array does not end");

        BulkFileException Broken(string problem) => new(path, window.Line, window.Column + 1, problem, OneOfTwo);
    }

    private int ElementLength(ByteWindow window)
    {
        while (true)
        {
            var reader = new Utf8JsonReader(window.Span, window.Ended, new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true }));
            try
            {
                if (reader.Read() && reader.TrySkip()) return checked((int)reader.BytesConsumed);
            }
            catch (JsonException e)
            {
                throw Syntax(e, window.Line, window.Column, "mend the file: in an array a record that is not JSON hides where the next one begins");
            }
            window.More();
        }
    }

    /// <summary>Of a field given twice one would be lost without a word.</summary>
    private static readonly JsonDocumentOptions OneOfEach = new() { AllowDuplicateProperties = false };

    private BulkRecord Record(ReadOnlyMemory<byte> bytes, long line, long column)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes, OneOfEach);
            if (json.RootElement.ValueKind != JsonValueKind.Object) throw new RecordFault("the record is not an object", "write the record as an object");
            return new BulkRecord(line, column + 1, read(json.RootElement), null);
        }
        catch (JsonException e)
        {
            return new BulkRecord(line, column + 1, null, Syntax(e, line, column, "mend the record" + BulkFileException.OrSkip));
        }
        catch (RecordFault e)
        {
            return new BulkRecord(line, column + 1, null, e.At(path, line, column + 1));
        }
        catch (InvalidOperationException)       // half a surrogate pair, or bytes that are not UTF-8: found when a string is asked for
        {
            return new BulkRecord(line, column + 1, null, new RecordFault("the record holds text that is not Unicode", "write it as UTF-8").At(path, line, column + 1));
        }
    }

    private BulkFileException Syntax(JsonException e, long line, long column, string remedy) => new(
        path, line + (e.LineNumber ?? 0), (e.LineNumber is null or 0 ? column : 0) + (e.BytePositionInLine ?? 0) + 1,
        $"not JSON: {e.Message.Split(" LineNumber:")[0].Split(" Path:")[0].TrimEnd('.')}", remedy);
}
