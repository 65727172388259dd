using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Editing;

namespace Ledger.Host.Features.Bulk;

/// <summary>A record of a bulk file that is not an edit: where, and what would be right.</summary>
public sealed class BulkFileException(string file, long line, long column, string problem, string remedy)
    : LedgerException($"{Path.GetFileName(file)}, line {line}, column {column}: {problem}", remedy)
{
    public string File { get; } = file;

    /// <summary>From 1.</summary>
    public long Line { get; } = line;

    /// <summary>In bytes, from 1.</summary>
    public long Column { get; } = column;

    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>A record, and where it begins: its place is part of its idempotency key, and a whole array may stand on one line.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">In bytes, from 1.</param>
/// <param name="Request">Null when the record is bad.</param>
/// <param name="Fault">Why it is bad; null when it is good.</param>
public sealed record BulkRecord(long Line, long Column, EditRequest? Request, BulkFileException? Fault);

/// <summary>
/// CounterFact as published (one JSON array) or one record a line. Fields read: <c>requested_rewrite</c> {prompt, subject, target_new.str,
/// target_true.str?, relation_id?}, <c>paraphrase_prompts</c>?, <c>neighborhood_prompts</c>?; others are left alone.
/// </summary>
public sealed class CounterFactFile
{
    private readonly string path;
    private readonly byte[] bytes;

    private CounterFactFile(string path, byte[] bytes)
    {
        this.path = path;
        this.bytes = bytes;
    }

    /// <summary>SHA-256 of the file's bytes.</summary>
    public Digest Digest => Digest.Of(bytes);

    /// <exception cref="SetupException">There is no such file.</exception>
    public static CounterFactFile Read(string path)
    {
        try
        {
            return new CounterFactFile(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{path} cannot be read: {e.Message}", "name a CounterFact file: a JSON array, or one record a line");
        }
    }

    /// <summary>The records in order; a bad one says so and the reading goes on, as far as the JSON allows.</summary>
    public IEnumerable<BulkRecord> Records()
    {
        var start = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        var first = bytes.AsSpan(start).IndexOfAnyExcept(" \t\r\n"u8);
        return first >= 0 && bytes[start + first] == '[' ? Array(start + first) : Lines(start);
    }

    private IEnumerable<BulkRecord> Lines(int start)
    {
        long line = 0;
        for (var at = start; at < bytes.Length;)
        {
            line++;
            var length = bytes.AsSpan(at).IndexOf((byte)'\n');
            if (length < 0) length = bytes.Length - at;
            var record = bytes.AsMemory(at, length);
            at += length + 1;
            if (record.Span.IndexOfAnyExcept(" \t\r"u8) >= 0) yield return Parse(record, line, 0);
        }
    }

    private IEnumerable<BulkRecord> Array(int start)
    {
        // Each element is cut out by the reader, so that a bad record has its own line and the next ones are still read.
        var (at, line, lineStart) = (0, 1L, 0);
        Advance(start + 1);
        for (var first = true; ; first = false)
        {
            if (Next() == ']') break;
            if (!first)
            {
                if (Next() != ',') throw Broken("a comma is missing between two records");
                Advance(1);
            }
            if (Next() is ']' or ',') throw Broken("a record is missing at a comma");
            var length = ElementLength(at, line, at - lineStart);
            yield return Parse(bytes.AsMemory(at, length), line, at - lineStart);
            Advance(length);
        }
        Advance(1);
        if (bytes.AsSpan(at).IndexOfAnyExcept(" \t\r\n"u8) is >= 0 and var more)
        {
            Advance(more);
            throw Broken("something stands behind the array");
        }

        BulkFileException Broken(string problem) => new(path, line, at - lineStart + 1, problem, "mend the file: a JSON array of records, or one record a line");

        char Next()
        {
            var skip = bytes.AsSpan(at).IndexOfAnyExcept(" \t\r\n"u8);
            if (skip < 0) throw Broken("the array does not end");
            Advance(skip);
            return (char)bytes[at];
        }

        void Advance(int by)
        {
            var passed = bytes.AsSpan(at, by);
            line += passed.Count((byte)'\n');
            if (passed.LastIndexOf((byte)'\n') is >= 0 and var last) lineStart = at + last + 1;
            at += by;
        }
    }

    private int ElementLength(int at, long line, int column)
    {
        var reader = new Utf8JsonReader(bytes.AsSpan(at), new JsonReaderOptions { AllowMultipleValues = true });
        try
        {
            reader.Read();
            reader.Skip();
            return checked((int)reader.BytesConsumed);
        }
        catch (JsonException e)
        {
            throw Syntax(e, line, column, "mend the file: in an array a record that is not JSON hides where the next one begins");
        }
    }

    private BulkRecord Parse(ReadOnlyMemory<byte> record, long line, int column)
    {
        try
        {
            using var json = JsonDocument.Parse(record);
            return new BulkRecord(line, column + 1, Request(json.RootElement, line, column), null);
        }
        catch (JsonException e)
        {
            return new BulkRecord(line, column + 1, null, Syntax(e, line, column));
        }
        catch (BulkFileException e)
        {
            return new BulkRecord(line, column + 1, null, e);
        }
        catch (InvalidOperationException)       // half a surrogate pair, or bytes that are not UTF-8: found when a string is asked for
        {
            return new BulkRecord(line, column + 1, null, Fault(line, column, "the record holds text that is not Unicode", "write it as UTF-8"));
        }
    }

    private EditRequest Request(JsonElement record, long line, int column)
    {
        var rewrite = Member(record, "requested_rewrite", JsonValueKind.Object)
            ?? throw Missing("requested_rewrite", "an object with prompt, subject and target_new");
        return new EditRequest(
            Text(rewrite, "prompt"),
            Text(rewrite, "subject"),
            Target(rewrite, "target_new") ?? throw Missing("requested_rewrite.target_new", "{\"str\": \"…\"}"),
            Target(rewrite, "target_true"),
            Member(rewrite, "relation_id", JsonValueKind.String)?.GetString(),
            Texts(record, "paraphrase_prompts"),
            Texts(record, "neighborhood_prompts"));

        string Text(JsonElement from, string name) =>
            Member(from, name, JsonValueKind.String)?.GetString() ?? throw Missing($"requested_rewrite.{name}", "a string");

        string? Target(JsonElement from, string name) =>
            Member(from, name, JsonValueKind.Object) is { } target ? Member(target, "str", JsonValueKind.String)?.GetString() ?? throw Missing($"requested_rewrite.{name}.str", "a string") : null;

        ImmutableArray<string> Texts(JsonElement from, string name)
        {
            if (Member(from, name, JsonValueKind.Array) is not { } array) return [];
            if (array.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.String)) throw Wrong(name, "an array of strings");
            return [.. array.EnumerateArray().Select(e => e.GetString()!)];
        }

        JsonElement? Member(JsonElement from, string name, JsonValueKind kind)
        {
            if (from.ValueKind != JsonValueKind.Object) throw Wrong("the record", "an object");
            if (!from.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
            return value.ValueKind == kind ? value : throw Wrong(name, $"{(kind == JsonValueKind.Object ? "an object" : kind == JsonValueKind.Array ? "an array" : "a string")}");
        }

        BulkFileException Missing(string name, string wanted) => Fault(line, column, $"{name} is missing", $"write {name} as {wanted}");

        BulkFileException Wrong(string name, string wanted) => Fault(line, column, $"{name} is not {wanted}", $"write {name} as {wanted}");
    }

    private BulkFileException Syntax(JsonException e, long line, int column, string remedy = "mend the record, or leave bad ones out with --skip-bad") => new(
        path, line + (e.LineNumber ?? 0), (e.LineNumber is null or 0 ? column : 0) + (e.BytePositionInLine ?? 0) + 1,
        $"not JSON: {e.Message.Split(" LineNumber:")[0].Split(" Path:")[0].TrimEnd('.')}", remedy);

    private BulkFileException Fault(long line, int column, string problem, string remedy) =>
        new(path, line, column + 1, problem, $"{remedy}; or leave bad records out with --skip-bad");
}
