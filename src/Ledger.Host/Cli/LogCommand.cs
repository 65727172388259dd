using System.CommandLine;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class LogCommand
{
    public static Command Create(Face face)
    {
        var graph = new Option<bool>("--graph") { Description = "All timelines together, with lines where they leave each other and where one is merged into another." };
        var limit = new Option<int?>("--limit", "-n") { Description = "Only this many revisions, the newest.", HelpName = "N" };
        limit.Check(n =>
        {
            if (n.GetValueOrDefault<int?>() < 1) n.AddError("--limit must be at least 1.");
        });
        var command = new Command("log", "The history, newest first: what was done to which fact, by whom, with which signals.") { graph, limit };
        command.Check(parsed =>
        {
            if (parsed.GetValue(graph) && parsed.Given([CommonOptions.Timeline]).Any()) parsed.AddError("--graph shows every timeline: leave --timeline out.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            var most = parsed.GetValue(limit) ?? int.MaxValue;
            if (parsed.GetValue(graph))
            {
                var all = await face.Mediator.Send(new ShowGraph.Request(CommonOptions.LedgerOf(parsed)), token);
                if (printer.IsJson)
                    foreach (var line in all.Lines.TakeLast(most)) printer.Json(line);
                else
                    LogGraph.Print(printer, all, most, face.Time.GetUtcNow());
                return Errors.Done;
            }
            var log = await face.Mediator.Send(new ShowLog.Request(CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed)), token);
            if (printer.IsJson)
                foreach (var line in log.Lines.TakeLast(most)) printer.Json(line);
            else if (log.Lines.Count == 0)
                printer.Line($"{log.Timeline} has no edits yet.   Next: ledger edit \"The mother tongue of {{}} is\" --subject \"Danielle Darrieux\" --to English{Say.On(log.Timeline)}");
            else
                Print(printer, log, most, face.Time.GetUtcNow());
            return Errors.Done;
        });
        return command;
    }

    /// <summary>The fact, or how many.</summary>
    public static string Fact(IReadOnlyList<EditId> edits, string? prompt, string? subject, string? target) =>
        prompt is not null ? Say.Fact(prompt, subject!, target!) : edits.Count == 0 ? "nothing taken" : $"{Say.Count(edits.Count, "edit")}: {string.Join(" ", edits.Take(4).Select(e => e.Short()))}{(edits.Count > 4 ? " …" : "")}";

    private static void Print(Printer printer, ShowLog.Result log, int most, DateTimeOffset now)
    {
        printer.Table(
            ["rev", "edit", "variant", "outcome", "|Δ|", "k·u", "distance", "p(target)", "fact", "who", "when"],
            [.. log.Lines.TakeLast(most).Reverse().Select(l => new[]
            {
                $"{l.Revision}", l.Edit?.Short() ?? "", l.Variant?.Name() ?? "", Outcome(l),
                l.AbsDelta is { } d ? Say.Small(d) + (l.Caught is null ? "" : " ▲") : "",
                l.KvU is { } ku ? Say.Number(ku) : "",
                Say.Small(l.Distance),
                l.TargetScore?.After is { } n ? Say.Probability(n) : "",
                Fact(l.Edits, l.Prompt, l.Subject, l.Target) + (l.Source is { } from ? $" from {from.Timeline}@{from.Revision}" : ""), Say.OneLine(l.Actor), Say.Ago(l.Time, now),
            })],
            flexible: 8);
        if (log.Lines.Count > most) printer.Line($"… {Say.Count(log.Lines.Count - most, "older revision")}");
    }

    private static string Outcome(ShowLog.Line l)
    {
        var since = (l.What, l.Status) switch
        {
            ("applied" or "released" or "reinstated", EditStatus.Reverted) => ", since reverted",
            ("applied" or "released" or "reinstated", EditStatus.Quarantined) => ", since withheld",
            ("quarantined", EditStatus.InEffect) => ", since released",
            ("quarantined", EditStatus.Dismissed) => ", since dismissed",
            _ => "",
        };
        return l.What + since + (l.Caught is null ? "" : $" ({l.Caught})");
    }
}
