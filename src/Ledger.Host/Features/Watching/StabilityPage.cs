using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Cli;
using Ledger.Host.Reports;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Watching;

/// <summary>A timeline's stability as one page that needs nothing else.</summary>
internal static class StabilityPage
{
    public static string Of(ShowStability.Result r)
    {
        var page = new HtmlPage($"Stability of {r.Timeline}@{r.Revision} of {r.Ledger}");
        page.Heading("Sizes of the edits");
        page.Figure(
            Charts.OverRevisions("|Δ| of each edit", new ChartAxis("|Δ| = ‖ΔW‖_F / numel(W)", Log: true), [.. r.Points.Where(p => p.AbsDelta is not null).GroupBy(p => p.Variant).Select(Sizes)]),
            "Each edit at its revision, by variant. Hollow triangles were stopped and are not in the weights.");
        page.Heading("What the residual is divided by");
        page.Figure(
            Charts.OverRevisions("key ratio", new ChartAxis("k_v·u / k_u·u"), [Series("key ratio", r, p => p.KeyRatio)], Bound(r, Rules.KeyAsymmetry)),
            "1 under r-ROME and p-ROME; where it is near 0, ROME divides by next to nothing.");
        page.Heading("How far the weights have gone");
        page.Figure(Charts.OverRevisions("cumulative distance", new ChartAxis("‖W_n − W₀‖_F / numel(W)"), [Series("distance from the base", r, p => p.Distance)]), "After each revision; what is withheld or reverted is gone.");
        page.Heading("Drift");
        page.Figure(
            Charts.OverRevisions("drift of the edits in effect", new ChartAxis("drift at k_v"), [Series("median", r, p => p.DriftMedian), Series("largest", r, p => p.DriftMax)], Bound(r, StreamRules.Drift)),
            "How far the weights have left what each edit in effect wrote: 0 as written, 1 as far off as the base.");
        var texts = r.Texts.Select(t => (t.IsProbe, Series: new ChartSeries(t.Name, [.. t.Readings.Where(x => x.Ratio is not null).Select(x => new ChartPoint(x.Revision, x.Ratio!.Value))]))).Where(t => t.Series.Points.Count > 0).ToArray();
        if (texts.Length > 0)
        {
            page.Heading("Perplexity");
            page.Figure(
                // A collapse multiplies it by a hundred; what is no collapse has no place on decades.
                Charts.OverRevisions(
                    "perplexity", new ChartAxis("perplexity over the base's", Log: texts.Max(t => t.Series.Points.Max(p => p.Y)) > 10), [.. texts.Select(t => t.Series)],
                    texts.Any(t => t.IsProbe) ? Bound(r, StreamRules.ProbePerplexity) ?? Bound(r, Rules.Perplexity) : null),
                "Where it was observed: by the gate's probe, the stream rules or an evaluation; each text over the base's on that text. A bound is for the present policy's probe.");
        }
        if (r.Texts.Where(t => t.Readings.All(x => x.Ratio is null)).Select(t => t.Name).ToArray() is { Length: > 0 } alone)
            page.Paragraph($"Not drawn, because the base's perplexity on it was not measured: {string.Join(", ", alone)}.");
        if (Series("entropy", r, p => p.Entropy) is { Points: [_, ..] } entropy)
        {
            page.Heading("Entropy");
            page.Figure(Charts.OverRevisions("entropy", new ChartAxis("normalised entropy of generated texts"), [entropy], Bound(r, Rules.Entropy)), "Where it was observed: 0 is one word over and over, 1 each word as often as any other.");
        }
        page.Heading("Collapses");
        if (r.Collapses.IsEmpty) page.Paragraph("No stream rule saw one.");
        else page.Table("", [new("revision", true), new("rule"), new("value", true), new("bound", true), new("policy"), new("suspects")],
            r.Collapses.Select(c => (IReadOnlyList<string>)[$"{c.Revision}", c.Rule, Say.Number(c.Value), Say.Number(c.Threshold), c.Policy, string.Join(", ", c.Suspects.Select(s => s.Short()))]));
        return page.ToString();
    }

    private static ChartSeries Sizes(IGrouping<Variant?, StabilityPoint> edits)
    {
        var stopped = edits.ToLookup(p => p.What is "quarantined" or "rejected");
        return new ChartSeries(edits.Key?.Name() ?? "", Points(stopped[false], p => p.AbsDelta)) { Stopped = Points(stopped[true], p => p.AbsDelta) };
    }

    private static ChartSeries Series(string name, ShowStability.Result r, Func<StabilityPoint, double?> of) => new(name, Points(r.Points, of));

    private static IReadOnlyList<ChartPoint> Points(IEnumerable<StabilityPoint> points, Func<StabilityPoint, double?> of) =>
        [.. points.Where(p => of(p) is not null).Select(p => new ChartPoint(p.Revision, of(p)!.Value))];

    private static ChartLevel? Bound(ShowStability.Result r, string rule)
    {
        var bound = r.Policy.Rules.FirstOrDefault(x => x.Rule == rule)?.Threshold ?? r.Policy.Stream.FirstOrDefault(x => x.Rule == rule)?.Threshold;
        return bound is { } b ? new ChartLevel("the policy's bound", b) : null;
    }
}
