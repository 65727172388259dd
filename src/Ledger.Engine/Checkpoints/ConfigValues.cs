using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Ledger.Engine.Checkpoints;

/// <summary>One JSON object of a checkpoint, read by name and type. A null in the file is as good as nothing there.</summary>
internal sealed class ConfigValues(string path, JsonElement root)
{
    /// <summary>No published model comes near; larger would overflow products of two sizes.</summary>
    private const int LargestSize = 1 << 28;

    public IEnumerable<string> Names => root.EnumerateObject().Select(p => p.Name);

    public bool Has(string name) => Find(name) is not null;

    /// <summary>Whether the file says it is null, which some families mean otherwise than leaving it out.</summary>
    public bool IsNull(string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Null;

    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } v => v.GetString(),
        { } v => throw WrongKind(name, v, "a text"),
    };

    public bool? Flag(string name) => Find(name)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw WrongKind(name, Find(name)!.Value, "true or false"),
    };

    public int RequiredSize(string name) => Size(name) ?? throw Wrong($"{name} is missing");

    public int? Size(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } v when v.TryGetInt32(out var n) && n is > 0 and <= LargestSize => n,
        { } v => throw WrongKind(name, v, "a whole number above 0"),
    };

    public double RequiredPositive(string name) => Positive(name) ?? throw Wrong($"{name} is missing");

    public double? Positive(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } v when v.TryGetDouble(out var x) && x > 0 && double.IsFinite(x) => x,
        { } v => throw WrongKind(name, v, "a number above 0"),
    };

    public int? TokenId(string name) => Find(name) is { } v ? TokenId(name, v) : null;

    /// <summary>One id or a list of ids.</summary>
    public ImmutableArray<int> TokenIds(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } v => [.. v.EnumerateArray().Select(e => TokenId(name, e))],
        { } v => [TokenId(name, v)],
    };

    public ConfigValues? Section(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } v => new ConfigValues(path, v),
        { } v => throw WrongKind(name, v, "an object"),
    };

    public void Refuse(string name, bool when, string why, string? remedy = null)
    {
        if (when) throw Wrong($"{name}: {why}", remedy);
    }

    public void Contradiction(bool when, string what)
    {
        if (when) throw Wrong(what);
    }

    public CheckpointException Wrong(string what, string? remedy = null) => new(path, $"{path}: {what}.", remedy);

    private JsonElement? Find(string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private int TokenId(string name, JsonElement v) =>
        v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out var id) && id >= 0 ? id : throw WrongKind(name, v, "a token id");

    private CheckpointException WrongKind(string name, JsonElement v, string expected)
    {
        var text = v.GetRawText();
        return Wrong(string.Create(CultureInfo.InvariantCulture, $"{name} is {(text.Length > 60 ? text[..60] + "…" : text)}, not {expected}"));
    }
}
