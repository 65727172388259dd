using System.CommandLine;
using Ledger.Host.Features;
using Ledger.Host.Features.Watching;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Cli;

internal static class StabilityCommand
{
    public static Command Create(Face face)
    {
        var at = PastOptions.Revision();
        var every = new Option<int>("--every") { Description = "Compute drift after every N revisions, and list those.", DefaultValueFactory = _ => 10, HelpName = "N" };
        every.Check(given =>
        {
            if (given.GetValueOrDefault<int>() < 1) given.AddError("--every takes 1 or more.");
        });
        var csv = new Option<bool>("--csv") { Description = "Every revision with every field, for spreadsheets." };
        var html = new Option<string?>("--html") { Description = "Write it as one page with plots, which needs nothing else.", HelpName = "FILE" };
        var command = new Command("stability", "How a timeline stood after its revisions: sizes of edits, key ratio, distance from the base, drift, and perplexity and entropy where they were observed. From events alone.") { at, every, csv, html };
        command.Check(parsed =>
        {
            if (parsed.GetValue(csv) && parsed.GetValue(CommonOptions.Json)) parsed.AddError("--csv and --json are two forms: leave one out.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            var page = parsed.GetValue(html) is { } path ? OutputFile.RequireNew(path) : null;
            var r = await face.Mediator.Send(new ShowStability.Request(CommonOptions.LedgerOf(parsed), PastOptions.Of(parsed, parsed.GetValue(at)), parsed.GetValue(every)), token);
            if (page is not null) await OutputFile.WriteAsync(page, StabilityPage.Of(r), token);
            if (printer.IsJson) printer.Json(r);
            else if (parsed.GetValue(csv)) printer.Csv(r.Points);
            else Print(printer, r, parsed.GetValue(every), page);
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, ShowStability.Result r, int every, string? page)
    {
        // What was stopped or withheld is what one looks for: it is listed whatever its number.
        var shown = r.Points.Where(p => p.Revision % every == 0 || p.Revision == r.Revision || p.What is "quarantined" or "rejected" or "withheld").ToList();
        printer.Table(
            ["rev", "what", "edit", "|Δ|", "k·u", "ratio", "in effect", "distance", "drift, median / largest", "perplexity", "× base", "entropy"],
            [.. shown.Select(Row)],
            flexible: 1);
        printer.Line();
        printer.Line($"{r.Timeline}@{r.Revision}   {(shown.Count < r.Points.Length ? $"every {every}th revision and what was stopped, of {Say.Count(r.Points.Length)}; --csv has all" : Say.Count(r.Points.Length, "revision"))}");
        if (r.Texts is [var text, .. var others])
            printer.Field("perplexity", $"on {Say.OneLine(text.Name)}" + (others.Length == 0 ? "" : $"; --json and --html have those on {string.Join(", ", others.Select(t => Say.OneLine(t.Name)))}, too"));
        foreach (var c in r.Collapses) printer.Field("collapse", $"{r.Timeline}@{c.Revision}: {c.Rule} {Say.Number(c.Value)}, over {Say.Number(c.Threshold)} ({c.Policy}); suspects {(c.Suspects.IsEmpty ? "none" : string.Join(", ", c.Suspects.Take(5).Select(s => s.Short())))}");
        printer.Line();
        printer.Line(page is not null ? $"written to {page}" : $"Next: the same with --html FILE      ledger drift {r.Timeline}");
    }

    private static string[] Row(StabilityPoint p) =>
    [
        $"{p.Revision}", p.What, p.Edit?.Short() ?? "", p.AbsDelta is { } d ? Say.Small(d) : "", Number(p.KvU), Number(p.KeyRatio), $"{p.InEffect}", Say.Small(p.Distance),
        p.DriftMedian is { } m ? $"{Say.Number(m)} / {Say.Number(p.DriftMax!.Value)}" : "", Number(p.Perplexity), Number(p.PerplexityRatio), Number(p.Entropy),
    ];

    private static string Number(double? x) => x is { } value ? Say.Number(value) : "";
}
