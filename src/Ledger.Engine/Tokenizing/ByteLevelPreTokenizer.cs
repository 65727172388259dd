using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Ledger.Engine.Tokenizing;

/// <summary>How digits are cut off before anything else.</summary>
internal enum DigitSplit
{
    None,

    /// <summary>Each digit by itself.</summary>
    Individual,

    /// <summary>Each run of digits by itself.</summary>
    Runs,
}

/// <summary>
/// Cuts a text into the words that are merged by themselves, by GPT-2's pattern
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// Over runes, because .NET's regex sees the halves of a surrogate pair, which are neither letters nor digits.
/// </summary>
/// <param name="digits">Applied first; the pattern then sees each piece alone, as if the text began and ended with it.</param>
/// <param name="usePattern">When false, pieces are left whole.</param>
internal sealed class ByteLevelPreTokenizer(DigitSplit digits, bool usePattern) : PreTokenizer
{
    private enum Class
    {
        Letter,
        Number,
        Space,
        Other,
    }

    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
    {
        var words = new List<(int, int)>();
        for (var begin = 0; begin < text.Length;)
        {
            var end = digits == DigitSplit.None ? text.Length : EndOfPiece(text, begin);
            if (usePattern) AddWords(text, begin, end, words);
            else words.Add((begin, end - begin));
            begin = end;
        }
        return words;
    }

    private int EndOfPiece(ReadOnlySpan<char> text, int begin)
    {
        var first = ClassAt(text, begin, out var length) == Class.Number;
        if (first && digits == DigitSplit.Individual) return begin + length;
        var end = begin + length;
        while (end < text.Length && ClassAt(text, end, out length) == Class.Number == first) end += length;
        return end;
    }

    private static void AddWords(ReadOnlySpan<char> text, int begin, int end, List<(int, int)> words)
    {
        var piece = text[..end];
        while (begin < end)
        {
            var next = EndOfWord(piece, begin);
            words.Add((begin, next - begin));
            begin = next;
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
