using System.Text.Json;
using Ledger.Engine.Checkpoints;

namespace Ledger.Engine.Statistics;

/// <summary>JSON Lines: an object a line, the text in one of its fields. A place is a line.</summary>
internal sealed class JsonLines(string path, string name, bool zipped, string column, int longest) : LineFile(path, name, zipped)
{
    /// <summary>A line has to be in memory to be read; a file without line ends must not be.</summary>
    private const int LongestLine = 1 << 26;

    public override IEnumerable<(string Text, long Next, long Read)> From(long place)
    {
        foreach (var line in Lines(LongestLine))
            if (line.Number > place && !line.Bytes.Span.Trim(" \t\r"u8).IsEmpty)
                yield return (TextBytes.Cut(TextOf(line), longest), line.Number, line.Read);
    }

    /// <summary>Empty where the field is null, as it is in data sets with gaps.</summary>
    private string TextOf(LineReader line)
    {
        if (line.Cut) throw Wrong(line, $"is longer than {LongestLine:N0} bytes", "JSON Lines has an object a line; a file of one array is no JSON Lines");
        try
        {
            using var document = CheckpointIo.Parse(line.Bytes);
            var row = document.RootElement;
            if (row.ValueKind != JsonValueKind.Object) throw Wrong(line, $"is a JSON {row.ValueKind}, not an object", "JSON Lines has an object a line");
            if (!row.TryGetProperty(column, out var value))
                throw Wrong(line, $"has no \"{column}\"", $"say with --column which field holds the text; there are: {CorpusException.Some(row.EnumerateObject().Select(p => p.Name))}");
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString()!,
                JsonValueKind.Null => "",
                _ => throw Wrong(line, $"has a {value.ValueKind} for \"{column}\", not text", "say with --column which field holds the text"),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)      // the second: half of a surrogate pair
        {
            throw Wrong(line, $"is not JSON: {e.Message}", "JSON Lines has an object a line, in UTF-8");
        }
    }

    private CorpusException Wrong(LineReader line, string problem, string remedy) => new($"{Path}, line {line.Number}, {problem}.", remedy);
}
