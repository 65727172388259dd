using System.CommandLine;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Features;
using Ledger.Host.Features.Watching;

namespace Ledger.Host.Cli;

internal static class WatchCommand
{
    public static Command Create(Face face)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Measure and search, and say what would be withheld; record nothing." };
        var onConflict = new Option<string>("--on-conflict") { Description = "When another process appended meanwhile: fail, with exit code 3, or rebase: look again behind it.", DefaultValueFactory = _ => "fail" };
        onConflict.AcceptOnlyFromAmong("fail", "rebase");
        var command = new Command("watch", "Have the policy's stream rules look at the timeline now: whether its edits together break the model, which of them are to blame, and withhold those. edit does it by itself every so many revisions.")
        {
            dryRun, onConflict,
        };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var line = new ProgressLine(face);
            var report = await face.Mediator.Send(
                new WatchTimeline.Request(
                    CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed), parsed.GetValue(CommonOptions.Model), parsed.GetValue(dryRun),
                    parsed.GetValue(onConflict) == "rebase" ? OnConflict.Rebase : OnConflict.Fail, new Steps(line)),
                token);
            line.Clear();
            if (printer.IsJson)
            {
                printer.Json(report);
            }
            else
            {
                Print(printer, report);
                printer.Line();
                printer.Line(Next(report));
            }
            return ExitCode(report);
        });
        return command;
    }

    /// <summary>What was withheld ends a command like what was stopped.</summary>
    public static int ExitCode(WatchReport? report) => report is null or { Content: true, Withheld: [] } ? Errors.Done : Errors.Stopped;

    public static void Print(Printer printer, WatchReport report)
    {
        printer.Line($"{report.Timeline}@{report.Revision}   {report.Policy} looked at the whole timeline{(report.Before ? ", here, before" : report.Recorded ? "" : "   a dry run: nothing recorded")}");
        foreach (var stop in report.Withheld)
        {
            printer.Field(report.Recorded ? "withheld" : "would go", $"{stop.Edit.Id.Short()}  {PastOptions.Fact(stop.Edit)}   {stop.Edit.Variant.Name()}  |Δ| {Say.Small(stop.Edit.AbsDelta)}");
            printer.Field("why", $"{stop.Rule} was {Say.Number(stop.Value)}, over {Say.Number(stop.Threshold)}; without it {Say.Number(stop.Without)}{(report.Recorded ? $"   {report.Timeline}@{stop.Revision}" : "")}");
        }
        foreach (var stand in report.Standing)
            printer.Field("stays", $"{stand.Edit.Id.Short()}  {PastOptions.Fact(stand.Edit)}   {Say.OneLine(stand.By)} released it, and that stands{(stand.Without is { } without ? $"; without it {stand.Rule} would be {Say.Number(without)}" : $"; {stand.Rule} would fall without it")}");
        foreach (var finding in report.Findings)
            printer.Field(finding.Result is FindingResult.Quarantine or FindingResult.Observed ? "too much" : finding.Result == FindingResult.Passed ? "content" : "not asked", finding.InWords());
        if (!report.Content) printer.Line($"  {Helps(report)}");
    }

    /// <summary>Why the rules leave it at that, and who can do more.</summary>
    private static string Helps(WatchReport report)
    {
        if (report.Standing is not [var stand, ..]) return "Nothing that the stream rules may withhold helps: no edit since the last look that was content takes much of it away by itself.";
        var (id, other) = (stand.Edit.Id.Short(), stand.Edit.Variant == Variant.PRome ? Variant.RRome : Variant.PRome);
        return $"What helps is an edit that a person released, and only a person takes it out: ledger revert {id}, or ledger withhold {id} and then, as another variant, ledger review release {id} --variant {other.Name()}; each with --reason{Say.On(report.Timeline)}.";
    }

    public static string Next(WatchReport report) => report switch
    {
        { Recorded: false } => "Next: the same without --dry-run",
        { Content: false, Standing: [var stand, ..] } => $"Next: ledger revert {stand.Edit.Id.Short()} --reason \"…\"{Say.On(report.Timeline)}      ledger stability{Say.On(report.Timeline)}",
        { Content: false } => $"Next: ledger stability{Say.On(report.Timeline)}      ledger bisect --perplexity FILE --over 1.5x{Say.On(report.Timeline)}",
        { Withheld: [_, ..] } => $"Next: ledger review{Say.On(report.Timeline)}",
        _ => $"Next: ledger stability{Say.On(report.Timeline)}",
    };

    private sealed class Steps(ProgressLine line) : IProgress<WatchStep>
    {
        public void Report(WatchStep value) => line.Show(value.Measured, value.AtMost, $"{value.Rule} is too large: {value.Measured} of at most {value.AtMost} states measured", "state");
    }
}
