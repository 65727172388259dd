using System.Collections.Immutable;
using System.Text.Json;
using Ledger.Engine.Checkpoints;
using static Ledger.Engine.Tokenizing.TokenizerJson;

namespace Ledger.Engine.Tokenizing;

/// <summary>The tokenizer's older files: vocab.json and merges.txt, as GPT-2 was published, and tokenizer_config.json beside them.</summary>
internal static class TokenizerFiles
{
    /// <summary>What the classes that read vocab.json and merges.txt add when no file says otherwise.</summary>
    private const string Gpt2EndOfText = "<|endoftext|>";

    public static ByteLevelDefinition Read(string vocabulary, string merges, TokenizerSettings settings)
    {
        using var document = CheckpointIo.ReadObject(vocabulary);
        var ids = CheckpointIo.Json(vocabulary, () => ReadVocabulary(vocabulary, document.RootElement));
        var definition = new ByteLevelDefinition
        {
            Vocabulary = ids,
            Merges = ReadMerges(merges),
            AddedTokens = AddedTokens(ids, settings),
            Cuts = [new ByteLevelCut(settings.AddPrefixSpace, usePattern: true)],
        };
        return settings is { AddsBos: true, BosToken: { } bos } ? definition with { FirstToken = definition.Id(bos) } : definition;
    }

    public static IReadOnlyDictionary<string, int> ReadVocabulary(string path, JsonElement vocabulary)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var taken = new HashSet<int>();
        foreach (var entry in vocabulary.EnumerateObject())
        {
            if (Id(entry.Value) is not { } id) throw Wrong(path, $"token {entry.Name} has no id");
            if (!taken.Add(id)) throw Wrong(path, $"the id {id} is given to {entry.Name} and to another token");
            ids.Add(entry.Name, id);
        }
        if (!ids.ContainsKey(ByteLevelAlphabet.Space.ToString())) throw Wrong(path, $"it is not a byte-level vocabulary: it has no {ByteLevelAlphabet.Space}, the space");
        return ids;
    }

    /// <param name="token">An object with content and flags.</param>
    /// <param name="id">Where the file has it: inside the object, or as its key.</param>
    public static AddedToken ReadAddedToken(string path, JsonElement token, JsonElement? id) =>
        ReadAddedToken(path, token, Id(id) ?? throw Wrong(path, "an added token has no id"));

    public static AddedToken ReadAddedToken(string path, JsonElement token, int id)
    {
        if (Text(path, token, "content") is not { Length: > 0 } content) throw Wrong(path, "an added token has no content");
        foreach (var flag in (ReadOnlySpan<string>)["lstrip", "rstrip", "single_word"])
            if (Flag(path, token, flag, false)) throw Wrong(path, $"the added token {content} has {flag}, which is not supported");
        var special = Flag(path, token, "special", false);
        return new AddedToken(id, content, special, Flag(path, token, "normalized", !special));
    }

    /// <summary>Each id once, and each content.</summary>
    public static ImmutableArray<AddedToken> Distinct(string path, IEnumerable<AddedToken> tokens)
    {
        ImmutableArray<AddedToken> all = [.. tokens];
        var (ids, contents) = (new HashSet<int>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var t in all)
            if (!ids.Add(t.Id) || !contents.Add(t.Content)) throw Wrong(path, $"the added token {t.Content}, {t.Id}, has its id or its content in common with another");
        return all;
    }

    /// <summary>An added token that the vocabulary has too has the same id there, and one that it has not takes nobody's.</summary>
    public static void RequireAgreement(string path, ByteLevelDefinition definition)
    {
        var ids = definition.Vocabulary.Values.ToHashSet();
        foreach (var t in definition.AddedTokens)
            if (definition.Vocabulary.TryGetValue(t.Content, out var id) ? id != t.Id : ids.Contains(t.Id))
                throw Wrong(path, $"the added token {t.Content} has the id {t.Id}, the vocabulary says otherwise");
    }

    private static IReadOnlyList<string> ReadMerges(string path)
    {
        var lines = System.Text.Encoding.UTF8.GetString(CheckpointIo.ReadAllBytes(path)).Split('\n');
        // Only the first line can be the version: '#' is a token like any other.
        return [.. lines.Where((line, i) => line.Trim().Length > 0 && !(i == 0 && line.StartsWith("#version", StringComparison.Ordinal))).Select(line => line.TrimEnd('\r', ' '))];
    }

    private static ImmutableArray<AddedToken> AddedTokens(IReadOnlyDictionary<string, int> ids, TokenizerSettings settings)
    {
        var tokens = settings.AddedTokens.ToDictionary(t => t.Content, StringComparer.Ordinal);
        IEnumerable<string> named = settings.SpecialTokens.IsEmpty && tokens.Count == 0 ? [Gpt2EndOfText] : settings.SpecialTokens;
        foreach (var content in named)
            if (ids.TryGetValue(content, out var id)) tokens.TryAdd(content, new AddedToken(id, content, Special: true, Normalized: false));
        return [.. tokens.Values.OrderBy(t => t.Id)];
    }

    public static int? Id(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Number } v && v.TryGetInt32(out var id) && id is >= 0 and < int.MaxValue ? id : null;
}
