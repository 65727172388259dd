using System.Collections.Immutable;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Cli;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Reports;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Features.Paper;

/// <summary>The results as files in a folder: tables as text and CSV, a line for every record and point, figures as SVG and PNG, and one page with everything that needs nothing else.</summary>
internal static class PaperReport
{
    public const string Page = "report.html";

    /// <summary>Before the work: a folder that cannot be written to is known at once. One that holds an earlier report of this command is written anew; nothing else is ever written over.</summary>
    /// <exception cref="SetupException">A file of that name is there, or a folder with something else in it.</exception>
    public static string RequireFolder(string folder)
    {
        if (string.IsNullOrWhiteSpace(folder)) throw new SetupException("--out names no folder.", "name a new one, or an earlier report's");
        if (File.Exists(folder)) throw new SetupException($"{folder} is a file.", "name a folder for the report");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any() && !File.Exists(Path.Combine(folder, Page)))
            throw new SetupException($"{folder} holds something else than a report.", "name a new folder, or an earlier report's");
        return folder;
    }

    /// <exception cref="SetupException">It cannot be written.</exception>
    public static async Task WriteAsync(string folder, PaperResults r, CancellationToken token)
    {
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "figures"));
            var tables = Tables(r).ToList();
            await TextAsync("tables.txt", string.Join("\n\n", tables.Select(t => string.Join('\n', t.Lines()))) + "\n");
            await CsvAsync("tables.csv", [.. tables.SelectMany(TableLine.Of)]);
            if (r.Independent.Length > 0) await CsvAsync("independent.csv", [.. r.Independent]);
            if (r.Sequential.Length > 0)
            {
                await CsvAsync("sequential.csv", [.. r.Sequential.SelectMany(s => s.Edits)]);
                await CsvAsync("points.csv", [.. r.Sequential.SelectMany(s => s.Points)]);
                await CsvAsync("stops.csv", [.. r.Sequential.SelectMany(s => s.Stops)]);
            }
            foreach (var figure in PaperFigures.Independent(r).Concat(r.Sequential.SelectMany(s => PaperFigures.Sequential(r, s))).Concat(PaperFigures.Together(r)))
            {
                await TextAsync($"figures/{figure.File}.svg", figure.Chart.Svg());
                await File.WriteAllBytesAsync(Path.Combine(folder, "figures", figure.File + ".png"), figure.Chart.Png(), token);
            }
            // Last: a folder with a page is a whole report.
            await TextAsync(Page, Html(r, tables));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{folder} cannot be written: {e.Message}", "name a folder that can be written to; what was measured is recorded, and the same command writes it");
        }

        Task TextAsync(string file, string text) => File.WriteAllTextAsync(Path.Combine(folder, file), text, token);

        Task CsvAsync<T>(string file, IReadOnlyList<T> records)
        {
            using var writer = new StringWriter();
            new Printer(writer, json: false, terminal: null).Csv(records);
            return TextAsync(file, writer.ToString());
        }
    }

    /// <summary>Of this ledger's model, each with the paper's own behind it.</summary>
    public static IEnumerable<PaperTable> Tables(PaperResults r)
    {
        if (r.Base is { } atBase)
        {
            yield return new PaperTable(
                Title($"{r.Model}: {r.Independent.Length / VariantNames.All.Count} records, each edited alone (as Tables 1 and 4)"),
                [
                    PaperRow.Of(r.Records, "(base)", atBase, r.Independent.Length / VariantNames.All.Count),
                    .. r.Independent.GroupBy(e => e.Variant).Select(g => PaperRow.Of(r.Records, PaperTable.Implementation(g.Key), [.. g.Select(e => e.Scores)])),
                ]);
            foreach (var table in PublishedFigures.Independent) yield return table;
        }
        if (r.Sequential.IsEmpty) yield break;
        yield return new PaperTable(
            Title($"{r.Model}: {r.Sequential.Max(s => s.Edits.Length)} records edited in a row, each scored after its own edit (as Table 2)"),
            [.. r.Sequential.Select(s => PaperRow.Of(r.Records, PaperTable.Implementation(s.Variant), [.. s.Edits.Select(e => e.Scores)]))]);
        yield return PublishedFigures.Sequential;
        if (r.Sequential.Any(s => s.Retention is not null))
            yield return new PaperTable(
                Title($"{r.Model}: the edits in effect, scored again at the end (retention)"),
                [.. r.Sequential.Where(s => s.Retention is not null).Select(s => PaperRow.Of(r.Records, PaperTable.Implementation(s.Variant), s.Retention!.Scores, s.InEffect))]);
    }

    /// <summary>What happened to the whole model, a line a timeline.</summary>
    public static (ImmutableArray<string> Heads, ImmutableArray<string[]> Rows) Ends(PaperResults r) =>
        (["timeline", "edits", "in effect", "distance", "largest |Δ|", "perplexity", "× base", "drift, median", "ρ at k_v", "ρ at k̄"],
        [.. r.Sequential.Select(s =>
        {
            var perplexity = s.Series(EvaluationTotals.Perplexity, EvaluationTotals.Perplexity).Select(p => (double?)p.Value).LastOrDefault();
            return new[]
            {
                Title($"{s.Timeline}@{s.Head}"), Say.Count(s.Edits.Length), Say.Count(s.InEffect), s.Edits.IsEmpty ? "–" : Say.Small(s.Edits[^1].Distance), s.Edits.IsEmpty ? "–" : Say.Small(s.Edits.Max(e => e.AbsDelta)),
                perplexity is { } p ? Say.Number(p) : "–", perplexity / r.BasePerplexity is { } ratio ? Say.Number(ratio) : "–", s.Retention is { } d ? Say.Number(d.MedianDrift) : "–", Rho(s.Retention?.AtKV), Rho(s.Retention?.AtKBar),
            };
        })]);

    /// <summary>What the correlations of <see cref="Ends"/> are, in words.</summary>
    public const string Correlations = "ρ: Spearman's rank correlation, over the edits in effect, of drift with n(true) − n(new) on the rewrite prompt: how much of an edit is left against how far the weights have left what it wrote.";

    private static string Html(PaperResults r, List<PaperTable> tables)
    {
        var page = new HtmlPage($"The experiments of \"Rebuilding ROME\" on {r.Model}");
        page.Paragraph($"Ledger {r.Ledger}. Figures that are the paper's are marked as the paper's ({PublishedFigures.Source}): other models, 5,000 records of CounterFact. They show what to compare, not what these should be.");
        page.Table("What was run", [new(""), new("")], r.Facts.Select(f => (IReadOnlyList<string>)[f.Name, f.Value]));
        page.Heading("Scores");
        foreach (var table in tables)
            page.Table(
                table.Title, [.. PaperTable.Columns.Select((c, i) => new HtmlColumn(c, IsNumber: i > 1)), new("records", IsNumber: true)], table.Rows.Select(row => (IReadOnlyList<string>)[.. row.Cells, Say.Count(row.Records)]));
        page.Paragraph("All × 100. ES, PS, NS: how often the new target (NS: the true one) is the more likely one on the rewrite prompt, paraphrases, neighbours; EM, PM, NM: by how much; S: the harmonic mean of ES, PS and NS.");
        if (r.Independent.Length > 0)
        {
            page.Heading("Each record alone: |Δ| against normalised entropy");
            foreach (var figure in PaperFigures.Independent(r)) page.Figure(figure.Chart, figure.Caption);
            page.Table(
                "Medians and extremes",
                [new("variant"), .. new[] { "|Δ|, median", "|Δ|, largest", "k·u ratio, least", "entropy, least", "perplexity × base, median", "perplexity × base, largest", "over 2 ×" }.Select(h => new HtmlColumn(h, IsNumber: true))],
                r.Independent.GroupBy(e => e.Variant).Select(Spread));
        }
        if (r.Sequential.Length > 0)
        {
            page.Heading("In a row");
            var (heads, rows) = Ends(r);
            page.Table("At the end", [.. heads.Select((h, i) => new HtmlColumn(h, IsNumber: i > 0))], rows);
            foreach (var end in r.Sequential.Select(s => s.Collapsed).OfType<string>()) page.Paragraph($"{end}.");
            page.Paragraph(Correlations);
            foreach (var figure in PaperFigures.Together(r)) page.Figure(figure.Chart, figure.Caption);
            foreach (var run in r.Sequential)
            {
                page.Heading(Title($"{PaperFigures.Name(run.Variant)}: {run.Timeline}"));
                foreach (var figure in PaperFigures.Sequential(r, run)) page.Figure(figure.Chart, figure.Caption);
                var tasks = DownstreamTask.All.Where(t => run.Series(t.Name, "F1").Any()).ToList();
                if (tasks.Count > 0) page.Table("Downstream: accuracy, weighted F1, MCC, answers that are none", [new("edits", true), .. tasks.Select(t => new HtmlColumn(t.Name))], Downstream(run, tasks));
                if (run.Stops.Length > 0) page.Table("What the gate caught", [new("edit", true), new("subject"), new(""), new("why")], run.Stops.Select(s => (IReadOnlyList<string>)[Say.Count(s.Edit), s.Subject, s.What, s.Because]));
                page.Paragraph($"State at {run.Timeline}@{run.Head}: {run.State}.");
            }
        }
        return page.ToString();
    }

    private static IReadOnlyList<string> Spread(IGrouping<Variant, IndependentEdit> g)
    {
        double[] ratios = [.. g.Select(e => e.PerplexityRatio).Where(x => !double.IsNaN(x)).Order()];
        return
        [
            g.Key.Name(), Say.Small(Middle([.. g.Select(e => e.AbsDelta).Order()])), Say.Small(g.Max(e => e.AbsDelta)), Say.Number(g.Min(e => e.KeyRatio)), Say.Number(g.Min(e => e.Entropy)),
            ratios.Length == 0 ? "–" : Say.Number(Middle(ratios)), ratios.Length == 0 ? "–" : Say.Number(ratios[^1]), ratios.Length == 0 ? "–" : Say.Count(ratios.Count(x => x > 2)),
        ];
    }

    private static double Middle(double[] sorted) => Ledger.Domain.Gate.EditGate.Median(sorted);

    private static IEnumerable<IReadOnlyList<string>> Downstream(SequentialRun run, List<DownstreamTask> tasks) => run.Series(tasks[0].Name, "F1").Select(at => (IReadOnlyList<string>)
        [Say.Count(at.Edit), .. tasks.Select(t => string.Join("  ", new[] { "accuracy", "F1", "MCC", "invalid" }.Select(m => run.Series(t.Name, m).First(p => p.Edit == at.Edit).Value.ToString(m == "invalid" ? "0" : "0.00", CultureInfo.InvariantCulture))))]);

    private static string Rho(double? rho) => rho is { } x && !double.IsNaN(x) ? Title($"{x:0.00}") : "–";

    private static string Title(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A line of <c>tables.csv</c>; the stable fields of <c>paper --json</c>.</summary>
    internal sealed record TableLine(string Table, string Dataset, string Implementation, double ES, double EM, double PS, double PM, double NS, double NM, double S, long Records)
    {
        public static IEnumerable<TableLine> Of(PaperTable table) => table.Rows.Select(row => new TableLine(
            table.Title, row.Dataset, row.Implementation, row.Scores.ES, row.Scores.EM, row.Scores.PS, row.Scores.PM, row.Scores.NS, row.Scores.NM, row.S, row.Records));
    }
}
