using System.Collections.Immutable;
using System.Text.Json;
using static Ledger.Engine.Tokenizing.TokenizerJson;

namespace Ledger.Engine.Tokenizing;

/// <summary>The pre_tokenizer of tokenizer.json: a ByteLevel, or a Sequence of Digits and Split with a ByteLevel at its end.</summary>
internal static class PreTokenizerJson
{
    private const string Part = "pre_tokenizer";

    public static ImmutableArray<ITextCut> Read(string path, JsonElement? pre)
    {
        if (Type(pre) is not "Sequence" and var single)
            return single is "ByteLevel" ? [ByteLevel(path, pre!.Value)] : throw Unsupported(path, Part, single ?? "none");

        var steps = List(path, pre!.Value, "pretokenizers");
        var names = steps.Select(s => Type(s)!).ToArray();
        foreach (var name in names)
            if (name is not ("Digits" or "Split" or "ByteLevel")) throw Unsupported(path, Part, $"Sequence with {name}");
        // After ByteLevel there is no text, only its alphabet; without it there are no bytes.
        if (Array.IndexOf(names, "ByteLevel") != names.Length - 1 || names.Length == 0) throw Unsupported(path, Part, $"Sequence [{string.Join(", ", names)}]");
        return [.. steps.Zip(names, (step, name) => Step(path, step, name))];
    }

    private static ITextCut Step(string path, JsonElement step, string name) => name switch
    {
        "ByteLevel" => ByteLevel(path, step),
        "Digits" => DelimiterCut.Digits(Flag(path, step, "individual_digits", false)),
        _ => Split(path, step),
    };

    private static ByteLevelCut ByteLevel(string path, JsonElement pre) =>
        new(addPrefixSpace: Flag(path, pre, "add_prefix_space", true), usePattern: Flag(path, pre, "use_regex", true));

    private static DelimiterCut Split(string path, JsonElement step)
    {
        var behavior = Text(path, step, "behavior") ?? "none";
        if (!Enum.GetNames<DelimiterBehavior>().Contains(behavior)) throw Unsupported(path, Part, $"Split with the behavior {behavior}");
        return new DelimiterCut(Find(path, step), Enum.Parse<DelimiterBehavior>(behavior), Flag(path, step, "invert", false));
    }

    /// <summary>A pattern is {"String": …} or {"Regex": …}.</summary>
    private static Func<string, IEnumerable<(int, int)>> Find(string path, JsonElement step)
    {
        var pattern = Member(step, "pattern") is { ValueKind: JsonValueKind.Object } p ? p : throw Wrong(path, "a Split has no pattern");
        return (Text(path, pattern, "String"), Text(path, pattern, "Regex")) switch
        {
            ({ Length: > 0 } text, null) => within => DelimiterCut.Each(text, within),
            (null, { Length: > 0 } regex) => new OnigurumaPattern(path, regex).Matches,
            _ => throw Wrong(path, "the pattern of a Split is neither one String nor one Regex"),
        };
    }
}
