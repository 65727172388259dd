using System.CommandLine;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class LogCommand
{
    public static Command Create(Face face)
    {
        var command = new Command("log", "The history, newest first: what was done to which fact, by whom, with which signals.");
        face.Bind(command, async (parsed, printer, token) =>
        {
            var log = await face.Mediator.Send(new ShowLog.Request(CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed)), token);
            if (printer.IsJson)
                foreach (var line in log.Lines) printer.Json(line);
            else if (log.Lines.Count == 0)
                printer.Line($"{log.Timeline} has no edits yet.   Next: ledger edit \"The mother tongue of {{}} is\" --subject \"Danielle Darrieux\" --to English");
            else
                Print(printer, log, face.Time.GetUtcNow());
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, ShowLog.Result log, DateTimeOffset now) => printer.Table(
        ["rev", "edit", "variant", "outcome", "|Δ|", "k·u", "distance", "p(target)", "fact", "who", "when"],
        [.. log.Lines.Reverse().Select(l => new[]
        {
            $"{l.Revision}", l.Edit?.Short() ?? "", l.Variant?.Name() ?? "", Outcome(l),
            l.AbsDelta is { } d ? Say.Small(d) + (l.Caught is null ? "" : " ▲") : "",
            l.KvU is { } ku ? Say.Number(ku) : "",
            Say.Small(l.Distance),
            l.TargetScore?.After is { } n ? Say.Probability(n) : "",
            Fact(l), Say.OneLine(l.Actor), Say.Ago(l.Time, now),
        })],
        flexible: 8);

    private static string Fact(ShowLog.Line l) =>
        l.Edit is null ? $"{Say.Count(l.Edits.Count, "edit")}: {string.Join(" ", l.Edits.Take(4).Select(e => e.Short()))}{(l.Edits.Count > 4 ? " …" : "")}" : Say.Fact(l.Prompt!, l.Subject!, l.Target!);

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
