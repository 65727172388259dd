using System.Globalization;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Reports;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Features.Paper;

/// <param name="File">Its name without an ending.</param>
/// <param name="Caption">What it shows, and which of the paper's figures it is.</param>
public sealed record PaperFigure(string File, Chart Chart, string Caption);

/// <summary>The paper's figures, and perplexity and retention besides. Panels that belong together have the same scales.</summary>
internal static class PaperFigures
{
    private static readonly ChartAxis Size = new("|Δ| = ‖ΔW‖_F / numel(W)", Log: true);

    private static readonly ChartAxis Edits = new("edits") { Covers = [0] };

    public static IEnumerable<PaperFigure> Independent(PaperResults r)
    {
        var (size, entropy) = (Size with { Covers = [.. r.Independent.Select(e => e.AbsDelta)] }, new ChartAxis("normalised entropy of ten texts") { Covers = [0.5, 1, .. r.Independent.Select(e => e.Entropy)] });
        foreach (var edits in r.Independent.GroupBy(e => e.Variant))
            yield return new PaperFigure(
                $"independent-{edits.Key.Name()}",
                Charts.Scatter(string.Create(CultureInfo.InvariantCulture, $"{Name(edits.Key)}: {edits.Count()} edits, each alone"), size, entropy, [new ChartSeries(Name(edits.Key), [.. edits.Select(e => new ChartPoint(e.AbsDelta, e.Entropy))])]),
                "One point a record, edited alone on the base; as the paper's Figures 2 (GPT-J) and 5 (GPT2-XL). All panels have the same scales. A disabling edit lies far to the right.");
    }

    /// <summary>Of one timeline.</summary>
    public static IEnumerable<PaperFigure> Sequential(PaperResults r, SequentialRun run)
    {
        var tasks = DownstreamTask.All.Select(t => new ChartSeries(t.Name, [.. run.Series(t.Name, "F1").Select(p => new ChartPoint(p.Edit, p.Value))])).Where(s => s.Points.Count > 0).ToList();
        if (tasks.Count > 0)
            yield return new PaperFigure(
                $"downstream-{FileOf(run)}", Charts.Lines($"{Name(run.Variant)}: downstream tasks", Edits, new ChartAxis("weighted F1") { Covers = [0, 1] }, tasks),
                "As the paper's Figures 3, 4, 6 to 9 (a). Edit 0 is the base. Accuracy, MCC and the number of answers that are none stand in points.csv.");
        var applied = run.Edits.ToLookup(e => e.Outcome == Outcome.Applied);
        yield return new PaperFigure(
            $"delta-{FileOf(run)}",
            Charts.Lines(
                $"{Name(run.Variant)}: size of the change", Edits, Size with { Covers = [.. r.Sequential.SelectMany(s => s.Edits).SelectMany(e => new[] { e.AbsDelta, e.Distance })] },
                [
                    new ChartSeries("so far, ‖W − W₀‖", [.. run.Edits.Select(e => new ChartPoint(e.Edit, e.Distance))]),
                    new ChartSeries("of the edit itself", [.. applied[true].Select(e => new ChartPoint(e.Edit, e.AbsDelta))]) { Stopped = [.. applied[false].Select(e => new ChartPoint(e.Edit, e.AbsDelta))] },
                ]),
            "As the paper's Figures 3, 4, 6 to 9 (b); its code reports ‖W − W₀‖_F / numel(W) after each edit, the upper line. Hollow triangles were stopped by the gate. All of these charts have the same scale.");
    }

    /// <summary>All timelines beside each other.</summary>
    public static IEnumerable<PaperFigure> Together(PaperResults r)
    {
        var perplexities = Lines(EvaluationTotals.Perplexity, EvaluationTotals.Perplexity);
        if (perplexities.Count > 0)
            yield return new PaperFigure(
                "perplexity", Charts.Lines("perplexity after edits in a row", Edits, new ChartAxis("perplexity", Log: true), perplexities, r.BasePerplexity is { } b ? new ChartLevel("base", b) : null), $"On {r.Text}.");
        var retentions = Lines(EvaluationTotals.Retention, "ES");
        if (retentions.Count > 0)
            yield return new PaperFigure(
                "retention", Charts.Lines("edits in a row that are still there", Edits, new ChartAxis("ES of all edits in effect, %") { Covers = [0, 100] }, retentions),
                "How many of the edits in effect are still the model's answer: the new target is more likely than the true one on the rewrite prompt.");

        List<ChartSeries> Lines(string suite, string measure) =>
            [.. r.Sequential.Select(run => new ChartSeries(Name(run.Variant), [.. run.Series(suite, measure).Select(p => new ChartPoint(p.Edit, p.Value))])).Where(s => s.Points.Count > 0)];
    }

    /// <summary>A timeline's name may hold slashes.</summary>
    private static string FileOf(SequentialRun run) => run.Timeline.Replace('/', '-');

    /// <summary>In words: "ROME" for the original.</summary>
    public static string Name(Variant variant) => variant == Variant.Rome ? "ROME" : PaperTable.Implementation(variant);
}
