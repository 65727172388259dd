using System.Globalization;
using System.Text;

namespace Ledger.Engine.Tokenizing;

/// <summary>
/// The last step of every pre-tokenizer: the words that are merged by themselves, by GPT-2's pattern
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// Over runes, because .NET's regex sees the halves of a surrogate pair, which are neither letters nor digits.
/// </summary>
/// <param name="addPrefixSpace">A piece that does not begin with a space gets one.</param>
/// <param name="usePattern">When false, pieces are left whole.</param>
internal sealed class ByteLevelCut(bool addPrefixSpace, bool usePattern) : ITextCut
{
    private enum Class
    {
        Letter,
        Number,
        Space,
        Other,
    }

    public IEnumerable<string> Cut(string text)
    {
        if (addPrefixSpace && text[0] != ' ') text = " " + text;
        for (var begin = 0; begin < text.Length;)
        {
            var end = usePattern ? EndOfWord(text, begin) : text.Length;
            yield return text[begin..end];
            begin = end;
        }
    }

    private static int EndOfWord(ReadOnlySpan<char> text, int begin)
    {
        if (text[begin] == '\'' && Contraction(text[(begin + 1)..]) is > 0 and var length) return begin + 1 + length;

        var word = text[begin] == ' ' && begin + 1 < text.Length ? begin + 1 : begin;
        var kind = ClassAt(text, word, out _);
        if (kind != Class.Space) return EndOfRun(text, word, kind);

        // White space keeps its last character back for the word that follows, unless it is all there is.
        var end = EndOfRun(text, begin, Class.Space);
        return end < text.Length && end - begin > 1 ? end - 1 : end;
    }

    private static int Contraction(ReadOnlySpan<char> text) => text switch
    {
        ['s' or 't' or 'm' or 'd', ..] => 1,
        ['r', 'e', ..] or ['v', 'e', ..] or ['l', 'l', ..] => 2,
        _ => 0,
    };

    private static int EndOfRun(ReadOnlySpan<char> text, int at, Class kind)
    {
        while (at < text.Length && ClassAt(text, at, out var length) == kind) at += length;
        return at;
    }

    private static Class ClassAt(ReadOnlySpan<char> text, int at, out int length)
    {
        _ = Rune.DecodeFromUtf16(text[at..], out var rune, out length);
        if (Rune.IsWhiteSpace(rune)) return Class.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Class.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Class.Number,
            _ => Class.Other,
        };
    }
}
