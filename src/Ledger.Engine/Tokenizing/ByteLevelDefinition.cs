using System.Collections.Immutable;

namespace Ledger.Engine.Tokenizing;

/// <summary>What a byte-level BPE tokenizer is made of, whatever files it came from.</summary>
internal sealed record ByteLevelDefinition
{
    /// <summary>Token → id, tokens in the byte alphabet. Ids are not doubled.</summary>
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    /// <summary><c>a b</c>, most urgent first. Not doubled.</summary>
    public required IReadOnlyList<string> Merges { get; init; }

    public required ImmutableArray<AddedToken> AddedTokens { get; init; }

    /// <summary>Stands for a byte that is not in the vocabulary; null drops it.</summary>
    public string? UnknownToken { get; init; }

    public bool FuseUnknown { get; init; }

    /// <summary>A word that is a token is taken whole, whatever the merges make of it.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Whether text is brought to Unicode's form C first.</summary>
    public bool Nfc { get; init; }

    /// <summary>Text → words, step by step; the last is a <see cref="ByteLevelCut"/>.</summary>
    public required ImmutableArray<ITextCut> Cuts { get; init; }

    /// <summary>The token put before every text; null for none.</summary>
    public int? FirstToken { get; init; }

    public int? Id(string token) => AddedTokens.FirstOrDefault(t => t.Content == token)?.Id ?? (Vocabulary.TryGetValue(token, out var id) ? id : null);

    public string? Content(int id) => AddedTokens.FirstOrDefault(t => t.Id == id)?.Content ?? Vocabulary.FirstOrDefault(t => t.Value == id).Key;
}
