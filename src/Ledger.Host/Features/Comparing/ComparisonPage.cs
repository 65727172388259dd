using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Cli;
using Ledger.Host.Reports;

namespace Ledger.Host.Features.Comparing;

/// <summary>A comparison as one page that needs nothing else.</summary>
internal static class ComparisonPage
{
    public static string Of(Comparison c)
    {
        var (a, b) = (c.A.Revision, c.B.Revision);
        var page = new HtmlPage($"{a} and {b} of {c.Ledger}");
        page.Table("", [new(""), new(a, true), new(b, true)], Summary(c).Select(r => (IReadOnlyList<string>)[r.What, r.A, r.B]));
        page.Heading("Sizes of the edits");
        page.Figure(
            Charts.OverRevisions("|Δ| of each edit", new ChartAxis("|Δ| = ‖ΔW‖_F / numel(W)", Log: true), [Sizes(a, c, e => e.A), Sizes(b, c, e => e.B)]),
            "Each edit at the revision at which it came to its timeline. Hollow triangles were stopped and are not in the weights.");
        page.Heading("How far the weights have gone");
        page.Figure(
            Charts.OverRevisions("distance", new ChartAxis("‖W − W₀‖_F / numel(W)"),
            [
                new ChartSeries($"{a} from the base", [.. c.Revisions.Where(r => r.A is not null).Select(r => new ChartPoint(r.Revision, r.A!.Value))]),
                new ChartSeries($"{b} from the base", [.. c.Revisions.Where(r => r.B is not null).Select(r => new ChartPoint(r.Revision, r.B!.Value))]),
                new ChartSeries("between the two", [.. c.Revisions.Select(r => new ChartPoint(r.Revision, r.Between))]),
            ]),
            "After each revision.");
        page.Heading("Drift");
        page.Figure(
            Charts.OverRevisions("drift at k_v", new ChartAxis("drift (0 as written, 1 as the base)"), [Drifts(a, c, e => e.A), Drifts(b, c, e => e.B)]),
            "How far the weights at the end have left what each edit in effect wrote.");
        page.Heading("Answers that differ");
        page.Paragraph(c.Asked is { } asked ? $"{c.Answers.Count} of {asked} prompts are answered in another way (greedy, 12 tokens)." : c.WithoutModel is { } why ? $"Not asked: {why}" : "Not asked.");
        if (c.Answers.Count > 0)
            page.Table("", [new("prompt"), new("base"), new(a), new(b)], c.Answers.Select(x => (IReadOnlyList<string>)[x.Prompt, x.Base, x.A, x.B]));
        page.Heading("Edits");
        page.Table("", [new("fact"), new("in"), new("variant"), new("stands"), new("|Δ|", true), new("k·u ratio", true), new("residual", true), new("drift", true), new("at k̄", true), new("gate")], c.Edits.SelectMany(e => Rows(e, a, b)));
        page.Paragraph($"State of {a}: {c.A.State}, head {c.A.Head}. State of {b}: {c.B.State}, head {c.B.Head}.");
        return page.ToString();
    }

    /// <summary>The lines of the summary, for a terminal and for the page.</summary>
    public static IEnumerable<(string What, string A, string B)> Summary(Comparison c)
    {
        yield return Line("edits in effect", s => Whole(s.InEffect));
        yield return Line("stopped", s => Whole(s.Stopped));
        yield return Line("in effect though a rule caught them", s => Whole(s.WouldStop));
        if (c.A.WithoutPass + c.B.WithoutPass > 0) yield return Line("in effect, unreached not evaluated", s => Whole(s.WithoutPass));
        yield return Line("distance from base", s => Say.Small(s.Distance));
        yield return ("distance between", Say.Small(c.Between), "");
        yield return Line("median |Δ|", s => s.MedianAbsDelta is { } m ? Say.Small(m) : "");
        yield return Line("drift, median / largest", s => s.MedianDrift is { } m ? $"{Say.Number(m)} / {Say.Number(s.LargestDrift!.Value)}" : "");
        if (c.Asked is null) yield break;
        yield return Line("efficacy / paraphrases", s => s.Efficacy is { } e ? $"{Say.Number(e)} / {(s.Generalisation is { } g ? Say.Number(g) : "none")}" : "no true targets");
        if (c.BasePerplexity is { } perplexity) yield return Line($"perplexity (base {Say.Number(perplexity)})", s => Say.Number(s.Perplexity!.Value));
        yield return ($"answers that differ, of {c.Asked}", Whole(c.Answers.Count), "");

        (string, string, string) Line(string what, Func<Side, string> say) => (what, say(c.A), say(c.B));
        static string Whole(int n) => n.ToString(CultureInfo.InvariantCulture);
    }

    private static ChartSeries Sizes(string name, Comparison c, Func<EditPair, EditSide?> side)
    {
        var edits = c.Edits.Select(side).OfType<EditSide>().OrderBy(e => e.Revision).ToLookup(e => e.Status is EditStatus.InEffect or EditStatus.Reverted);
        return new ChartSeries(name, Points(edits[true], e => e.AbsDelta)) { Stopped = Points(edits[false], e => e.AbsDelta) };
    }

    private static ChartSeries Drifts(string name, Comparison c, Func<EditPair, EditSide?> side) =>
        new(name, Points(c.Edits.Select(side).OfType<EditSide>().Where(e => e.Drift is not null).OrderBy(e => e.Revision), e => e.Drift!.Value));

    private static IReadOnlyList<ChartPoint> Points(IEnumerable<EditSide> edits, Func<EditSide, double> y) => [.. edits.Select(e => new ChartPoint(e.Revision, y(e)))];

    private static IEnumerable<IReadOnlyList<string>> Rows(EditPair e, string a, string b)
    {
        foreach (var (name, side) in new[] { (a, e.A), (b, e.B) })
            if (side is not null)
                yield return
                [
                    Say.Fact(e.Prompt, e.Subject, e.Target), $"{name.Split('@')[0]}@{side.Revision}", side.Variant.Name(), Status(side), Say.Small(side.AbsDelta), Say.Number(side.KvU / side.KuU),
                    side.Residual is { } r ? Say.Number(r) : "", side.Drift is { } d ? Say.Number(d) : "", side.DriftAtKBar is { } k ? Say.Number(k) : "", side.Caught ?? "",
                ];
    }

    public static string Status(EditSide side) => side.Status == EditStatus.InEffect ? "in effect" : side.Status.ToString().ToLowerInvariant();
}
