using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Ledger.Domain;

namespace Ledger.Host.Features.Evaluating;

/// <summary>Texts to measure a perplexity on: a JSON array of strings, or of objects with a <c>Text</c> or <c>text</c>; such an object a line; any other file, and every .txt, has one text a line.</summary>
/// <param name="Digest">SHA-256 of the whole file.</param>
public sealed record TextFile(string Name, Digest Digest, ImmutableArray<string> Texts)
{
    /// <exception cref="EvaluationDataException">It cannot be read, or holds something else.</exception>
    public static TextFile Read(string path)
    {
        var bytes = DataBytes.Read(path, "texts: one a line, or a JSON array");
        // Editors put a byte order mark before JSON too.
        var text = bytes.AsMemory(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0);
        ImmutableArray<string> texts = text.Span.TrimStart(" \t\r\n"u8) switch
        {
            _ when Path.GetExtension(path).Equals(".txt", StringComparison.OrdinalIgnoreCase) => [.. Lines()],
            [(byte)'[', ..] => [.. Parsed(path, null, text).EnumerateArray().Select((element, i) => Text(path, i + 1, element))],
            [(byte)'{', ..] => [.. Lines().Select((line, i) => Text(path, i + 1, Parsed(path, i + 1, Encoding.UTF8.GetBytes(line))))],
            _ => [.. Lines()],
        };
        return texts.IsEmpty ? throw new EvaluationDataException(path, null, null, "the file holds no text", "write one text a line") : new TextFile(Path.GetFileName(path), Digest.Of(bytes), texts);

        IEnumerable<string> Lines() => DataBytes.Lines(path, bytes).Where(l => l.Trim().Length > 0);
    }

    private static JsonElement Parsed(string path, int? record, ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json).RootElement;
        }
        catch (JsonException e)
        {
            throw new EvaluationDataException(path, record, null, $"not JSON: {e.Message}", "write a JSON array of texts, an object with the field text a line, or one text a line in a .txt");
        }
    }

    private static string Text(string path, int record, JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => DataBytes.Text(element, path, record),
        JsonValueKind.Object when (element.TryGetProperty("Text", out var text) || element.TryGetProperty("text", out text)) && text.ValueKind == JsonValueKind.String => DataBytes.Text(text, path, record),
        _ => throw new EvaluationDataException(path, record, null, "text is missing", "write each as a text, or as an object with the field text"),
    };
}

/// <summary>Files of data that are small enough to be in memory.</summary>
internal static class DataBytes
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="wanted">What the file should hold.</param>
    public static byte[] Read(string path, string wanted)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new EvaluationDataException(path, null, null, $"cannot be read: {e.Message}", $"name a file of {wanted}");
        }
    }

    /// <exception cref="EvaluationDataException">It holds half a surrogate pair, or bytes that are not UTF-8.</exception>
    public static string Text(JsonElement text, string path, int record)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new EvaluationDataException(path, record, null, "the record holds text that is not Unicode", "write it as UTF-8");
        }
    }

    public static string[] Lines(string path, byte[] bytes)
    {
        try
        {
            return [.. Strict.GetString(bytes).TrimStart('\uFEFF').Split('\n').Select(l => l.TrimEnd('\r'))];
        }
        catch (DecoderFallbackException)
        {
            throw new EvaluationDataException(path, null, null, "the file is not UTF-8", "write it as UTF-8");
        }
    }
}
