using System.Buffers;
using System.Collections.Immutable;

namespace Ledger.Engine.Tokenizing;

/// <summary>A token that is found in the text as it stands, before words are cut.</summary>
/// <param name="Special">Left out when ids are decoded.</param>
/// <param name="Normalized">Looked for only in what the others leave, once that is normalised; itself normalised too.</param>
internal sealed record AddedToken(int Id, string Content, bool Special, bool Normalized);

/// <summary>Cuts a text at the added tokens in it: leftmost first, of two that begin together the longer.</summary>
internal sealed class AddedTokens
{
    private readonly Matcher asGiven, normalized;
    private readonly Func<string, string> normalize;

    /// <param name="tokens">None twice.</param>
    /// <param name="normalize">Never makes an empty text of one that is not.</param>
    public AddedTokens(ImmutableArray<AddedToken> tokens, Func<string, string> normalize)
    {
        asGiven = new Matcher(tokens.Where(t => !t.Normalized));
        normalized = new Matcher(tokens.Where(t => t.Normalized).Select(t => t with { Content = normalize(t.Content) }));
        this.normalize = normalize;
    }

    /// <summary>The pieces in order: a token's id, or normalised text (never empty) with no added token in it.</summary>
    public IEnumerable<(int? Id, string Text)> Split(string text) =>
        asGiven.Split(text).SelectMany(p => p.Id is null ? normalized.Split(normalize(p.Text)) : [p]);

    private sealed class Matcher
    {
        private readonly SearchValues<string> any;
        private readonly ImmutableArray<AddedToken> longestFirst;

        public Matcher(IEnumerable<AddedToken> tokens)
        {
            longestFirst = [.. tokens.OrderByDescending(t => t.Content.Length)];
            any = SearchValues.Create([.. longestFirst.Select(t => t.Content)], StringComparison.Ordinal);
        }

        public IEnumerable<(int? Id, string Text)> Split(string text)
        {
            var begin = 0;
            while (text.AsSpan(begin).IndexOfAny(any) is >= 0 and var distance)
            {
                var at = begin + distance;
                var token = longestFirst.First(t => string.CompareOrdinal(text, at, t.Content, 0, t.Content.Length) == 0);
                if (distance > 0) yield return (null, text[begin..at]);
                yield return (token.Id, token.Content);
                begin = at + token.Content.Length;
            }
            if (begin < text.Length) yield return (null, text[begin..]);
        }
    }
}
