using System.Collections.Immutable;
using System.Text.Json;
using Ledger.Engine.Checkpoints;

namespace Ledger.Engine.Tokenizing;

/// <summary>
/// tokenizer.json → <see cref="ByteLevelDefinition"/>. A component that would change ids and is not computed here is refused by its name.
/// Truncation and padding are not read: the library that wrote them resets both at every call.
/// </summary>
internal static class TokenizerJson
{
    public static ByteLevelDefinition Read(string path)
    {
        using var document = CheckpointIo.ReadObject(path);
        return CheckpointIo.Json(path, () => Read(path, document.RootElement));
    }

    private static ByteLevelDefinition Read(string path, JsonElement root)
    {
        var nfc = IsNfc(path, Member(root, "normalizer"));
        if (Type(Member(root, "decoder")) is not (null or "ByteLevel") and var decoder) throw Unsupported(path, "decoder", decoder);
        var cuts = PreTokenizerJson.Read(path, Member(root, "pre_tokenizer"));
        var first = PostProcessorJson.FirstToken(path, Member(root, "post_processor"));
        var model = Member(root, "model") ?? throw Wrong(path, "it has no model");
        var definition = ReadModel(path, model) with { AddedTokens = ReadAddedTokens(path, Member(root, "added_tokens")), Nfc = nfc, Cuts = cuts, FirstToken = first };
        return first is null || definition.Content(first.Value) is not null ? definition : throw Wrong(path, $"its post_processor adds the id {first}, which no token has");
    }

    /// <summary>NFC, by itself or in a Sequence, is the one normalizer there is.</summary>
    private static bool IsNfc(string path, JsonElement? normalizer) => Type(normalizer) switch
    {
        null => false,
        "NFC" => true,
        "Sequence" => List(path, normalizer!.Value, "normalizers").Count(n => Type(n) is "NFC" ? true : throw Unsupported(path, "normalizer", $"Sequence with {Type(n)}")) > 0,
        var other => throw Unsupported(path, "normalizer", other),
    };

    private static ByteLevelDefinition ReadModel(string path, JsonElement model)
    {
        // Early files have no type; only BPE has merges.
        var type = Member(model, "type") is null && Member(model, "merges") is not null ? "BPE" : Type(model);
        if (type is not "BPE") throw Unsupported(path, "model", type);
        if (Flag(path, model, "byte_fallback", false)) throw Unsupported(path, "model", "BPE with byte_fallback");
        foreach (var name in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
            if (Text(path, model, name) is { Length: > 0 }) throw Unsupported(path, "model", $"BPE with {name}");
        if (Member(model, "dropout") is { } dropout && !(dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() == 0))
            throw Unsupported(path, "model", "BPE with dropout");

        if (Member(model, "vocab") is not { ValueKind: JsonValueKind.Object } vocab) throw Wrong(path, "its model has no vocab");
        if (Member(model, "merges") is not { ValueKind: JsonValueKind.Array } merges) throw Wrong(path, "its model has no merges");
        return new ByteLevelDefinition
        {
            Vocabulary = TokenizerFiles.ReadVocabulary(path, vocab),
            Merges = [.. merges.EnumerateArray().Select(m => Merge(path, m))],
            AddedTokens = [],
            Cuts = [],
            IgnoreMerges = Flag(path, model, "ignore_merges", false),
            UnknownToken = Text(path, model, "unk_token"),
            FuseUnknown = Flag(path, model, "fuse_unk", false),
        };
    }

    private static string Merge(string path, JsonElement merge) => merge switch
    {
        { ValueKind: JsonValueKind.String } => merge.GetString()!,
        { ValueKind: JsonValueKind.Array } when merge.GetArrayLength() == 2 && merge.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            => $"{merge[0].GetString()} {merge[1].GetString()}",
        _ => throw Wrong(path, "a merge is neither \"a b\" nor [a, b]"),
    };

    private static ImmutableArray<AddedToken> ReadAddedTokens(string path, JsonElement? added)
    {
        if (added is not { ValueKind: JsonValueKind.Array } list) return added is null ? [] : throw Wrong(path, "added_tokens is not a list");
        return TokenizerFiles.Distinct(path, list.EnumerateArray().Select(t => TokenizerFiles.ReadAddedToken(path, t, Member(t, "id"))));
    }

    internal static JsonElement? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    internal static bool Flag(string path, JsonElement element, string name, bool otherwise) => Member(element, name)?.ValueKind switch
    {
        null => otherwise,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(path, $"{name} is neither true nor false"),
    };

    internal static string? Text(string path, JsonElement element, string name) => Member(element, name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } v => v.GetString(),
        _ => throw Wrong(path, $"{name} is not a text"),
    };

    internal static JsonElement[] List(string path, JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : throw Wrong(path, $"{name} is not a list");

    internal static CheckpointException Wrong(string path, string what) => new(path, $"{path}: {what}.");

    /// <summary>A component's name, "nothing" for one without; null for no component.</summary>
    internal static string? Type(JsonElement? component) => component switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } c => Member(c, "type") is { ValueKind: JsonValueKind.String } type ? type.GetString() : "nothing",
        _ => "something that is no component",
    };

    internal static CheckpointException Unsupported(string path, string part, string? what) => new(path, $"{path}: the {part} {what} is not supported.",
        "use a model with byte-level BPE (as GPT-2, Pythia, Llama 3, Qwen2 and SmolLM have; docs/decisions/0008-tokenizers.md names each part); SentencePiece tokenizers (Metaspace, byte_fallback) are not supported");
}
