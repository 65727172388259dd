namespace Ledger.Projections.Evaluation;

/// <summary>How varied generated texts are, in bits: a model that repeats itself has little of it (docs/editing.md §6).</summary>
public static class TextEntropy
{
    /// <summary>Of the words of all texts together, divided by log₂ of how many distinct ones there are: 0 (one word only) to 1.</summary>
    /// <remarks>Texts are joined with a space, lower-cased, without full stops, and split on white space. 0 without a word.</remarks>
    public static double Normalised(IEnumerable<string> texts)
    {
        var words = string.Join(' ', texts).ToLowerInvariant().Replace(".", "", StringComparison.Ordinal).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var distinct = words.Distinct(StringComparer.Ordinal).Count();
        return distinct < 2 ? 0 : Entropy(words) / Math.Log2(distinct);
    }

    /// <summary>ROME's GE: (⅔ H₂ + 4⁄3 H₃)/2 of a text's 2-grams and 3-grams of <see cref="TreebankWords"/>, the mean over texts. NaN without a text.</summary>
    public static double NGrams(IEnumerable<string> texts) => texts.Select(OfText).DefaultIfEmpty(double.NaN).Average();

    private static double OfText(string text)
    {
        var words = TreebankWords.Of(text);
        return (2.0 / 3 * Entropy(NGrams(words, 2)) + 4.0 / 3 * Entropy(NGrams(words, 3))) / 2;
    }

    /// <summary>A word holds no white space, so a line feed keeps n-grams apart.</summary>
    private static IEnumerable<string> NGrams(IReadOnlyList<string> words, int n) =>
        Enumerable.Range(0, Math.Max(0, words.Count - n + 1)).Select(i => string.Join('\n', words.Skip(i).Take(n)));

    /// <summary>−Σ p log₂ p.</summary>
    private static double Entropy(IEnumerable<string> items)
    {
        var counts = items.GroupBy(i => i, StringComparer.Ordinal).Select(g => (double)g.Count()).ToArray();
        var total = counts.Sum();
        return counts.Sum(c => -(c / total) * Math.Log2(c / total));
    }
}
