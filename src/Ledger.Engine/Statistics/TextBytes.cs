namespace Ledger.Engine.Statistics;

internal static class TextBytes
{
    /// <summary>The beginning of a text that has at most so many bytes in UTF-8, in whole characters: what a line of plain text is cut to.</summary>
    public static string Cut(string text, int longest)
    {
        if (text.Length <= longest / 3) return text;        // no char takes more than three bytes
        var (at, bytes) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > longest) return text[..at];
            at += rune.Utf16SequenceLength;
        }
        return text;
    }
}
