using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Ledger.Engine.Tokenizing;

/// <summary>
/// Byte-level BPE: added tokens are cut out, the rest is normalised and cut into words, and Microsoft.ML.Tokenizers merges each word's bytes.
/// Decoding is our own: the bytes of several tokens may make one character.
/// </summary>
internal sealed class ByteLevelTokenizer : ITextTokenizer
{
    private readonly BpeTokenizer bpe;
    private readonly AddedTokens added;
    private readonly ImmutableArray<ITextCut> cuts;
    private readonly int? first;
    private readonly IReadOnlyDictionary<string, int>? wholeWords;
    private readonly FrozenDictionary<int, string> tokens;
    private readonly FrozenDictionary<int, AddedToken> addedById;

    public ByteLevelTokenizer(ByteLevelDefinition definition, int? bosTokenId, int? eosTokenId)
    {
        bpe = BpeTokenizer.Create(new BpeOptions(definition.Vocabulary)
        {
            Merges = definition.Merges,
            ByteLevel = true,
            UnknownToken = definition.UnknownToken,
            FuseUnknownTokens = definition.FuseUnknown,
        });
        added = new AddedTokens(definition.AddedTokens, definition.Nfc ? Nfc.Of : text => text);
        cuts = definition.Cuts;
        first = definition.FirstToken;
        wholeWords = definition.IgnoreMerges ? definition.Vocabulary : null;
        tokens = definition.Vocabulary.ToFrozenDictionary(p => p.Value, p => p.Key);
        addedById = definition.AddedTokens.ToFrozenDictionary(t => t.Id);
        VocabularySize = Math.Max(definition.Vocabulary.Values.Max(), definition.AddedTokens.Select(t => t.Id).DefaultIfEmpty().Max()) + 1;
        BosTokenId = bosTokenId;
        EosTokenId = eosTokenId;
    }

    public int VocabularySize { get; }

    public int? BosTokenId { get; }

    public int? EosTokenId { get; }

    public bool AddsBos => first is not null;

    public IReadOnlyList<int> Encode(string text)
    {
        List<int> ids = first is { } token ? [token] : [];
        foreach (var (id, piece) in added.Split(WellFormed(text)))
            if (id is { } known) ids.Add(known);
            else foreach (var word in Words(piece)) AddWord(word, ids);
        return ids;
    }

    public string Decode(IEnumerable<int> ids)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
            if (addedById.TryGetValue(id, out var token)) bytes.AddRange(Encoding.UTF8.GetBytes(token.Special ? "" : token.Content));
            else if (tokens.TryGetValue(id, out var written)) AddBytes(written, bytes);
        return Encoding.UTF8.GetString([.. bytes]);
    }

    public string TokenText(int id) => addedById.TryGetValue(id, out var token) ? token.Content : tokens.ContainsKey(id) ? Decode([id]) : $"<unused {id}>";

    private IEnumerable<string> Words(string piece)
    {
        IEnumerable<string> pieces = [piece];
        foreach (var cut in cuts) pieces = pieces.SelectMany(cut.Cut);
        return pieces;
    }

    private void AddWord(string word, List<int> ids)
    {
        if (wholeWords is not null && wholeWords.TryGetValue(ByteLevelAlphabet.Write(word), out var whole)) ids.Add(whole);
        else ids.AddRange(bpe.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
    }

    /// <summary>A token written in anything but the byte alphabet means itself.</summary>
    private static void AddBytes(string token, List<byte> bytes)
    {
        var begin = bytes.Count;
        foreach (var c in token)
        {
            if (ByteLevelAlphabet.ByteOf(c) is { } b)
            {
                bytes.Add(b);
                continue;
            }
            bytes.RemoveRange(begin, bytes.Count - begin);
            bytes.AddRange(Encoding.UTF8.GetBytes(token));
            return;
        }
    }

    private static string WellFormed(string text) =>
        text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? string.Concat(text.EnumerateRunes()) : text;
}
