using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Ledger.Engine.Tokenizing;

/// <summary>
/// A pattern of tokenizer.json as matches in a text. Oniguruma sees characters, .NET's regex the halves of those beyond U+FFFF: for the match each of
/// these is replaced by a character of the same category that the pattern does not name. Every published pattern looks ahead, which .NET's linear-time
/// engine cannot, so time is limited instead.
/// </summary>
internal sealed class OnigurumaPattern
{
    /// <summary>For every 100,000 characters that a text has begun; a sane pattern takes a few hundredths of it.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>These have no characters beyond U+FFFF.</summary>
    private static readonly UnicodeCategory[] Low =
    [
        UnicodeCategory.Control, UnicodeCategory.Surrogate, UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator,
    ];

    private static readonly ILookup<UnicodeCategory, char> ByCategory =
        Enumerable.Range('\u0080', 0x10000 - '\u0080').Select(c => (char)c).ToLookup(char.GetUnicodeCategory);

    private readonly string path;
    private readonly string pattern;
    private readonly Regex regex;

    /// <summary>For each category a character of it that the pattern does not name.</summary>
    private readonly Dictionary<UnicodeCategory, char> standIns;

    /// <exception cref="CheckpointException">A construct that is not supported.</exception>
    public OnigurumaPattern(string path, string pattern)
    {
        (this.path, this.pattern) = (path, pattern);
        var (net, named) = OnigurumaSyntax.Translate(path, pattern);
        standIns = ByCategory.ToDictionary(c => c.Key, c => c.FirstOrDefault(s => !named.Any(n => s >= n.From && s <= n.To)));
        if (standIns.Any(s => s.Value == 0 && !Low.Contains(s.Key)))
            throw TokenizerJson.Unsupported(path, "pre_tokenizer", $"Split, whose pattern {Shown(pattern)} names every character of a category,");
        try
        {
            regex = new Regex(net, RegexOptions.CultureInvariant, Limit);
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(path, $"{path}: the pattern {Shown(pattern)} of its Split cannot be read: {e.Message}", inner: e);
        }
    }

    /// <exception cref="CheckpointException">It takes too long.</exception>
    public IEnumerable<(int Begin, int End)> Matches(string text)
    {
        var (flat, place) = Flatten(text);
        var found = new List<(int, int)>();
        var (started, most) = (Stopwatch.GetTimestamp(), Limit * (1 + text.Length / 100_000));
        try
        {
            var end = -1;
            for (var match = regex.Match(flat); match.Success; match = match.NextMatch())
            {
                // Oniguruma's iterator leaves out an empty match at the end of the one before.
                if (match.Length == 0 && match.Index == end) continue;
                end = match.Index + match.Length;
                found.Add((place(match.Index), place(end)));
                if (Stopwatch.GetElapsedTime(started) > most) throw TooSlow(text, null);
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw TooSlow(text, e);
        }
        return found;
    }

    /// <summary>A pattern in a message.</summary>
    public static string Shown(string pattern) => Beginning(pattern, 80);

    private CheckpointException TooSlow(string text, Exception? inner) => new(path,
        $"{path}: the pattern {Shown(pattern)} of its Split takes more than {Limit.TotalSeconds} s on \"{Beginning(text, 40)}\".", "use a tokenizer whose pattern needs no long search", inner);

    private static string Beginning(string text, int most) => text.Length <= most ? text : text[..most] + "…";

    /// <summary>The text with one char a character, and where its chars stand in the text.</summary>
    private (string Flat, Func<int, int> Place) Flatten(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return (text, i => i);
        var flat = new StringBuilder(text.Length);
        var places = new List<int>(text.Length + 1);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            flat.Append(rune.IsBmp ? (char)rune.Value : standIns[Rune.GetUnicodeCategory(rune)]);
            places.Add(at);
            at += rune.Utf16SequenceLength;
        }
        places.Add(at);
        return (flat.ToString(), i => places[i]);
    }
}
