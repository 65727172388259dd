using System.Text;

namespace Ledger.Engine.Tokenizing;

/// <summary>What becomes of the delimiters found in a text. The names are tokenizer.json's.</summary>
internal enum DelimiterBehavior
{
    /// <summary>Each is a piece.</summary>
    Isolated,

    Removed,

    /// <summary>Joined to the text before it; of several side by side only the first.</summary>
    MergedWithPrevious,

    /// <summary>Joined to the text after it; of several side by side only the last.</summary>
    MergedWithNext,

    /// <summary>Those side by side are one piece.</summary>
    Contiguous,
}

/// <summary>Cuts a text at delimiters: a Split, or the digits of Digits.</summary>
/// <param name="find">Where delimiters begin and end, in order; they may be empty.</param>
/// <param name="invert">What is found is the text, and what stands between is the delimiters.</param>
internal sealed class DelimiterCut(Func<string, IEnumerable<(int Begin, int End)>> find, DelimiterBehavior behavior, bool invert) : ITextCut
{
    /// <summary>Each digit or number sign by itself, or each run of them.</summary>
    public static DelimiterCut Digits(bool individual) => new(EachNumber, individual ? DelimiterBehavior.Isolated : DelimiterBehavior.Contiguous, invert: false);

    public IEnumerable<string> Cut(string text)
    {
        var begin = 0;
        var stretches = Stretches(text);
        for (var i = 0; i < stretches.Count; i++)
        {
            var (_, end, delimiter) = stretches[i];
            if (i + 1 < stretches.Count && Joined(delimiter, stretches[i + 1].Delimiter)) continue;
            if (end > begin && !(delimiter && behavior == DelimiterBehavior.Removed)) yield return text[begin..end];
            begin = end;
        }
    }

    /// <summary>Occurrences of a text, from the left, none in another.</summary>
    public static IEnumerable<(int Begin, int End)> Each(string delimiter, string text)
    {
        for (var at = 0; (at = text.IndexOf(delimiter, at, StringComparison.Ordinal)) >= 0; at += delimiter.Length) yield return (at, at + delimiter.Length);
    }

    private bool Joined(bool delimiter, bool next) => behavior switch
    {
        DelimiterBehavior.MergedWithPrevious => next && !delimiter,
        DelimiterBehavior.MergedWithNext => delimiter && !next,
        DelimiterBehavior.Contiguous => delimiter == next,
        _ => false,
    };

    /// <summary>The whole text as delimiters and what stands between them.</summary>
    private List<(int Begin, int End, bool Delimiter)> Stretches(string text)
    {
        var stretches = new List<(int, int, bool)>();
        var at = 0;
        foreach (var (begin, end) in find(text))
        {
            if (begin > at) stretches.Add((at, begin, invert));
            stretches.Add((begin, end, !invert));
            at = end;
        }
        if (at < text.Length) stretches.Add((at, text.Length, invert));
        return stretches;
    }

    private static IEnumerable<(int Begin, int End)> EachNumber(string text)
    {
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsNumber(rune)) yield return (at, at + rune.Utf16SequenceLength);
            at += rune.Utf16SequenceLength;
        }
    }
}
