namespace Ledger.Engine.Tokenizing;

/// <summary>Text ↔ token ids, as the model was trained on them. Safe for several threads.</summary>
public interface ITextTokenizer
{
    /// <summary>One more than the highest id.</summary>
    int VocabularySize { get; }

    int? BosTokenId { get; }

    int? EosTokenId { get; }

    /// <summary>Whether <see cref="Encode"/> itself puts the beginning-of-text token first.</summary>
    bool AddsBos { get; }

    /// <summary>The text's ids; an added token's content in the text becomes its id. Half a surrogate pair counts as U+FFFD.</summary>
    IReadOnlyList<int> Encode(string text);

    /// <summary>The ids' bytes as UTF-8, special tokens left out; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <exception cref="UnknownTokenException">No such id.</exception>
    string Decode(IEnumerable<int> ids);

    /// <summary>One token for people: a special token's content, or what its bytes spell.</summary>
    /// <exception cref="UnknownTokenException">No such id.</exception>
    string TokenText(int id);
}
