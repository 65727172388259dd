using System.Text.RegularExpressions;

namespace Ledger.TestKit;

/// <summary>A table of the reference runs: CSV whose subjects may be quoted and hold commas.</summary>
public static partial class ReferenceTable
{
    /// <summary>The rows behind the first, each cell by its column's name.</summary>
    public static IReadOnlyList<Dictionary<string, string>> Read(string path)
    {
        var lines = File.ReadLines(path).Select(l => Comma().Split(l).Select(c => c.Replace("\"", "", StringComparison.Ordinal)).ToArray()).ToList();
        return [.. lines.Skip(1).Select(cells => lines[0].Zip(cells).ToDictionary(p => p.First, p => p.Second))];
    }

    /// <summary>One with an even number of quotes behind it.</summary>
    [GeneratedRegex("""
        ,(?=(?:[^"]*"[^"]*")*[^"]*$)
        """)]
    private static partial Regex Comma();
}
