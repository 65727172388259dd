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

    /// <summary>The ids' bytes as UTF-8; bytes that are not UTF-8 become U+FFFD. Special tokens are left out, and ids that are none: a model may have more embeddings than there are tokens, and choose one.</summary>
    string Decode(IEnumerable<int> ids);

    /// <summary>One token for people: a special token's content, what its bytes spell, or <c>&lt;unused 50300&gt;</c> for an id that is none.</summary>
    string TokenText(int id);
}
