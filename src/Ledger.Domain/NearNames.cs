namespace Ledger.Domain;

/// <summary>What somebody may have meant who wrote a name that is not there.</summary>
public static class NearNames
{
    private const int Most = 12, Slips = 2;

    /// <summary>The names near to the one written or, where none is, all.</summary>
    /// <param name="all">What to say before all of them: "the timelines are".</param>
    public static string Suggest(string written, IEnumerable<string> known, string all)
    {
        var names = known.Order(StringComparer.Ordinal).ToList();
        var near = names.Where(n => AreNear(written, n)).ToList();
        return near.Count > 0 ? $"did you mean {List(near)}?" : $"{all} {List(names)}";
    }

    /// <summary>Whether one begins with the other, or two letters more, less or other make them the same; capitals do not count.</summary>
    public static bool AreNear(string written, string name)
    {
        var (a, b) = (written.ToLowerInvariant(), name.ToLowerInvariant());
        if (a.Length == 0) return false;
        // Of a name of two letters, two others leave nothing.
        return b.StartsWith(a, StringComparison.Ordinal) || a.StartsWith(b, StringComparison.Ordinal) || Distance(a, b) <= Math.Min(Slips, Math.Min(a.Length, b.Length) - 1);
    }

    private static string List(List<string> names) => string.Join(", ", names.Take(Most)) + (names.Count > Most ? $" and {names.Count - Most} more" : "");

    /// <summary>Levenshtein's.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var (diagonal, _) = (row[0], row[0] = i);
            for (var j = 1; j <= b.Length; j++) (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[b.Length];
    }
}
