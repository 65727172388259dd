using System.Collections.Immutable;
using System.Globalization;
using Ledger.Domain.Editing;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Features.Paper;

/// <summary>Scores in the form of the paper's Tables 1, 2 and 4.</summary>
/// <param name="Title">What the scores are of.</param>
public sealed record PaperTable(string Title, ImmutableArray<PaperRow> Rows)
{
    /// <summary>The heads of the columns, without those that stand over several.</summary>
    public static ImmutableArray<string> Columns { get; } = ["DATASET", "IMPLEMENTATION", "ES", "EM", "PS", "PM", "NS", "NM", "S"];

    /// <summary>As the paper calls a variant.</summary>
    public static string Implementation(Variant variant) => variant switch
    {
        Variant.Rome => "ORIGINAL",
        Variant.RRome => "r-ROME",
        _ => "p-ROME",
    };

    /// <summary>Lines of text, the columns under the paper's heads.</summary>
    public IEnumerable<string> Lines()
    {
        var first = Rows.Select(r => r.Dataset.Length).Append(Columns[0].Length).Max() + Gap;
        yield return Title;
        yield return new string(' ', first + Second) + string.Concat(Groups.Select(g => g.PadRight(2 * Score))).TrimEnd();
        yield return Line([.. Columns.Take(2), .. Columns.Skip(2).Select(c => c + "↑")]);
        foreach (var row in Rows) yield return Line(row.Cells);

        string Line(IEnumerable<string> cells) => string.Concat(cells.Select((cell, i) => cell.PadRight(i == 0 ? first : i == 1 ? Second : Score))).TrimEnd();
    }

    private const int Gap = 2, Second = 16, Score = 9;

    private static readonly string[] Groups = ["Efficacy", "Generalization", "Locality", "Score"];
}

/// <param name="Dataset">CF, or a file's name.</param>
/// <param name="Implementation">As the paper calls it, or the base.</param>
/// <param name="S">As it is printed: of rows of our own the harmonic mean of ES, PS and NS.</param>
/// <param name="Records">How many there are behind it.</param>
public sealed record PaperRow(string Dataset, string Implementation, CounterFactScores Scores, double S, long Records)
{
    public static PaperRow Of(string dataset, string implementation, IReadOnlyCollection<CounterFactScores> records) => Of(dataset, implementation, CounterFactScores.Mean(records), records.Count);

    public static PaperRow Of(string dataset, string implementation, CounterFactScores mean, long records) => new(dataset, implementation, mean, mean.S, records);

    /// <summary>One for each of <see cref="PaperTable.Columns"/>; a dash for what there is nothing to score with.</summary>
    public IEnumerable<string> Cells => [Dataset, Implementation, .. new[] { Scores.ES, Scores.EM, Scores.PS, Scores.PM, Scores.NS, Scores.NM, S }.Select(x => double.IsNaN(x) ? "–" : x.ToString("0.00", CultureInfo.InvariantCulture))];
}
