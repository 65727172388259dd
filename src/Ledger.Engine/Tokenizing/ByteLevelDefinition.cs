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

    /// <summary>A text (or what stands behind an added token) that does not begin with white space gets a space.</summary>
    public bool AddPrefixSpace { get; init; }

    public bool UsePattern { get; init; } = true;

    public DigitSplit Digits { get; init; }
}
