using System.Text.Json.Nodes;

namespace Ledger.Engine.Tests.Tokenizing;

/// <summary>The patterns that published tokenizers cut words with.</summary>
internal static class PublishedPatterns
{
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public const string Llama3 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public const string Qwen2 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
}

/// <summary>The pre_tokenizers of published tokenizer.json files.</summary>
internal static class PublishedTokenizers
{
    public static JsonObject SmolLm2() => Sequence(new JsonObject { ["type"] = "Digits", ["individual_digits"] = true }, ByteLevel());

    public static JsonObject Llama3() => Split(PublishedPatterns.Llama3);

    public static JsonObject Split(string regex) => Sequence(
        new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = regex }, ["behavior"] = "Isolated", ["invert"] = false },
        ByteLevel(useRegex: false));

    public static JsonObject Sequence(params JsonNode[] steps) => new() { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(steps) };

    public static JsonObject ByteLevel(bool prefixSpace = false, bool useRegex = true) =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = prefixSpace, ["trim_offsets"] = true, ["use_regex"] = useRegex };
}
