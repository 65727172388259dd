using System.Text.Json;
using static Ledger.Engine.Tokenizing.TokenizerJson;

namespace Ledger.Engine.Tokenizing;

/// <summary>The post_processor of tokenizer.json: ByteLevel, which only trims offsets, and a template that puts at most one token, and that before the text.</summary>
internal static class PostProcessorJson
{
    private const string Part = "post_processor";

    /// <returns>The token put before every text; null for none.</returns>
    public static int? FirstToken(string path, JsonElement? post) => Type(post) switch
    {
        null or "ByteLevel" => null,
        "TemplateProcessing" => OfTemplate(path, post!.Value),
        "Sequence" => OfSequence(path, post!.Value),
        var other => throw Unsupported(path, Part, other),
    };

    private static int? OfSequence(string path, JsonElement sequence)
    {
        int?[] first = [.. List(path, sequence, "processors").Select(p => Type(p) switch
        {
            "ByteLevel" => (int?)null,
            "TemplateProcessing" => OfTemplate(path, p),
            var other => throw Unsupported(path, Part, $"Sequence with {other}"),
        })];
        return first.Count(f => f is not null) <= 1 ? first.FirstOrDefault(f => f is not null) : throw Unsupported(path, Part, "Sequence that adds more than one token");
    }

    private static int? OfTemplate(string path, JsonElement template)
    {
        var pieces = List(path, template, "single");
        if (pieces.Length is 0 or > 2 || Named(pieces[^1], "Sequence") != "A") throw Unsupported(path, Part, "TemplateProcessing that adds tokens other than one before the text");
        if (pieces.Length == 1) return null;

        var token = Named(pieces[0], "SpecialToken") ?? throw Unsupported(path, Part, "TemplateProcessing that adds tokens other than one before the text");
        var ids = Member(template, "special_tokens") is { } tokens && Member(tokens, token) is { } own && Member(own, "ids") is { ValueKind: JsonValueKind.Array } list ? list : default;
        return ids.ValueKind == JsonValueKind.Array && ids.GetArrayLength() == 1 && TokenizerFiles.Id(ids[0]) is { } id
            ? id
            : throw Wrong(path, $"its post_processor gives {token} not one id");
    }

    /// <summary>The id of a piece of a kind; null for a piece of another.</summary>
    private static string? Named(JsonElement piece, string kind) =>
        Member(piece, kind) is { } named && Member(named, "id") is { ValueKind: JsonValueKind.String } id ? id.GetString() : null;
}
