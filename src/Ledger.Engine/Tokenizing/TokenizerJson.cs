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
        if (Type(Member(root, "normalizer")) is { } normalizer) throw Unsupported(path, "normalizer", normalizer);
        if (Type(Member(root, "decoder")) is not (null or "ByteLevel") and var decoder) throw Unsupported(path, "decoder", decoder);
        RequireNothingAdded(path, Member(root, "post_processor"));

        var model = Member(root, "model") ?? throw Wrong(path, "it has no model");
        var definition = ReadModel(path, model) with { AddedTokens = ReadAddedTokens(path, Member(root, "added_tokens")) };
        var pre = Member(root, "pre_tokenizer");
        return Type(pre) switch
        {
            "ByteLevel" => ByteLevel(path, definition, pre!.Value),
            "Sequence" => Sequence(path, definition, pre!.Value),
            null => throw Unsupported(path, "pre_tokenizer", "none"),
            var other => throw Unsupported(path, "pre_tokenizer", other),
        };
    }

    private static ByteLevelDefinition ByteLevel(string path, ByteLevelDefinition definition, JsonElement pre) =>
        definition with { AddPrefixSpace = Flag(path, pre, "add_prefix_space", true), UsePattern = Flag(path, pre, "use_regex", true) };

    /// <summary>The form SmolLM is published in: Digits, then ByteLevel.</summary>
    private static ByteLevelDefinition Sequence(string path, ByteLevelDefinition definition, JsonElement pre)
    {
        JsonElement[] steps = Member(pre, "pretokenizers") is { ValueKind: JsonValueKind.Array } s ? [.. s.EnumerateArray()] : [];
        var names = steps.Select(p => Type(p) ?? "nothing").ToArray();
        foreach (var name in names)
            if (name is not ("Digits" or "ByteLevel")) throw Unsupported(path, "pre_tokenizer", $"Sequence with {name}");
        if (names is ["ByteLevel"]) return ByteLevel(path, definition, steps[0]);
        if (names is not ["Digits", "ByteLevel"]) throw Unsupported(path, "pre_tokenizer", $"Sequence [{string.Join(", ", names)}]");

        definition = ByteLevel(path, definition, steps[1]);
        // It would put a space before every piece that the digits leave.
        if (definition.AddPrefixSpace) throw Unsupported(path, "pre_tokenizer", "Digits before a ByteLevel with add_prefix_space");
        return definition with { Digits = Flag(path, steps[0], "individual_digits", false) ? DigitSplit.Individual : DigitSplit.Runs };
    }

    private static ByteLevelDefinition ReadModel(string path, JsonElement model)
    {
        // Early files have no type; only BPE has merges.
        if ((Type(model) ?? (Member(model, "merges") is null ? "nothing" : "BPE")) is not "BPE" and var type) throw Unsupported(path, "model", type);
        foreach (var name in (ReadOnlySpan<string>)["byte_fallback", "ignore_merges"])
            if (Flag(path, model, name, false)) throw Unsupported(path, "model", $"BPE with {name}");
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
        return [.. list.EnumerateArray().Select(t => TokenizerFiles.ReadAddedToken(path, t, Member(t, "id")))];
    }

    /// <summary>ByteLevel only trims offsets; a template may put nothing around the text.</summary>
    private static void RequireNothingAdded(string path, JsonElement? post)
    {
        switch (Type(post))
        {
            case null or "ByteLevel": return;
            case "TemplateProcessing" when Member(post!.Value, "single") is { ValueKind: JsonValueKind.Array } single
                && single.GetArrayLength() == 1 && single[0].ValueKind == JsonValueKind.Object && single[0].TryGetProperty("Sequence", out _):
                return;
            case "TemplateProcessing": throw Unsupported(path, "post_processor", "TemplateProcessing that adds tokens");
            case var other: throw Unsupported(path, "post_processor", other);
        }
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

    internal static CheckpointException Wrong(string path, string what) => new(path, $"{path}: {what}.");

    /// <summary>A component's name; "nothing" for one without.</summary>
    private static string? Type(JsonElement? component) => component switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } c => Member(c, "type") is { ValueKind: JsonValueKind.String } type ? type.GetString() : null,
        _ => "something that is no component",
    };

    private static CheckpointException Unsupported(string path, string part, string? what) =>
        new(path, $"{path}: the {part} {what} is not supported.", "supported is byte-level BPE: pre_tokenizer ByteLevel or Digits and ByteLevel, no normalizer, nothing added around the text");
}
