using System.Collections.Immutable;
using Ledger.Domain.Editing;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Features.Paper;

/// <summary>What the paper reports ("Rebuilding ROME", arXiv:2403.07175v3): 5,000 records of CounterFact.</summary>
internal static class PublishedFigures
{
    public const string Source = "arXiv:2403.07175v3";

    private const string Data = "CF";
    private const int Edits = 5000;

    public static ImmutableArray<PaperTable> Independent { get; } =
    [
        Table("the paper's Table 1: GPT-J (6B), each record edited alone", (99.92, 99.68, 96.29, 71.58, 75.8, 10.25, 89.32), (99.74, 97.79, 99.09, 70.86, 80.62, 26.0, 92.22), (99.9, 99.36, 97.04, 63.01, 80.0, 5.74, 91.42)),
        // p-ROME's PS is printed as "(88.67".
        Table("the paper's Table 4: GPT2-XL (1.5B), each record edited alone", (99.94, 97.92, 96.38, 62.2, 75.8, 4.33, 89.35), (98.98, 93.35, 95.75, 59.65, 76.39, 4.63, 89.18), (99.68, 97.68, 88.67, 46.6, 76.28, 4.59, 87.15)),
    ];

    public static PaperTable Sequential { get; } =
        Table("the paper's Table 2: GPT-J (6B), edited in a row, each record scored after its own edit", (62.43, 11.23, 59.12, 7.49, 52.05, -0.05, 57.53), (97.92, 72.14, 96.23, 54.97, 59.52, 0.16, 80.20), (99.94, 95.31, 94.05, 55.22, 52.57, -1.54, 75.64));

    private static PaperTable Table(string title, params (double ES, double EM, double PS, double PM, double NS, double NM, double S)[] rows) => new(
        title, [.. rows.Zip(VariantNames.All, (r, v) => new PaperRow(Data, PaperTable.Implementation(v), new CounterFactScores(r.ES, r.EM, r.PS, r.PM, r.NS, r.NM), r.S, Edits))]);
}
