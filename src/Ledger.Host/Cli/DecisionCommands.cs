using System.CommandLine;
using Ledger.Domain;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

/// <summary>Commands that make one decision about one edit.</summary>
internal static class DecisionCommands
{
    public static Argument<string> Edit() => new("EDIT") { Description = "An edit's id, an unambiguous beginning of one, or a revision such as main@4." };

    public static Option<string> Reason() => new("--reason") { Description = "Why; recorded.", Required = true, HelpName = "TEXT" };

    public static Option<bool> DryRun() => new("--dry-run") { Description = "Compute everything and say what would be recorded; append nothing." };

    public static Command Dismiss(Face face) =>
        Create(face, "dismiss", "Decide that a quarantined edit never goes in.", Decide.Kind.Dismiss, _ => "this is final; the same fact can be edited anew");

    public static Command Withhold(Face face) =>
        Create(face, "withhold", "Quarantine an edit that is in effect: it leaves the weights and waits for review.", Decide.Kind.Withhold, e => $"take that back: ledger review release {e} --mode verbatim --reason \"…\"");

    public static Command Revert(Face face) =>
        Create(face, "revert", "Take an edit out: the weights are rebuilt without it, bit for bit; later edits stay as they are.", Decide.Kind.Revert, e => $"take that back: ledger reinstate {e} --reason \"…\"");

    public static Command Reinstate(Face face) =>
        Create(face, "reinstate", "Let a reverted edit take effect again, as the last one.", Decide.Kind.Reinstate, e => $"take that back: ledger revert {e} --reason \"…\"");

    public static void Print(Printer printer, DecisionResult r, string back)
    {
        if (printer.IsJson)
        {
            printer.Json(r);
            return;
        }
        printer.Line($"{(r.Recorded ? r.What : $"would be {r.What}")}  {Say.Fact(r.Prompt, r.Subject, r.Target)}   {r.Timeline}@{r.Revision}{(r.Recorded ? "" : "   a dry run: nothing recorded")}");
        foreach (var caught in r.Caught) printer.Field("gate", caught);
        printer.Field("state", $"{r.State.Value.Short()}, {Say.Count(r.InEffect, "edit")} in effect");
        printer.Line();
        printer.Line(r.Recorded ? $"Next: ledger log{Say.On(r.Timeline)}      {back}" : "Next: the same without --dry-run");
    }

    private static Command Create(Face face, string name, string description, Decide.Kind kind, Func<string, string> back)
    {
        var (edit, reason, dryRun) = (Edit(), Reason(), DryRun());
        var command = new Command(name, description) { edit, reason, dryRun };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var decision = new DecideOnEdit(parsed.GetRequiredValue(edit), CommonOptions.AuthorOf(parsed), parsed.GetRequiredValue(reason));
            var result = await face.Mediator.Send(new Decide.Request(kind, decision, CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed), parsed.GetValue(CommonOptions.Model), parsed.GetValue(dryRun)), token);
            Print(printer, result, back(result.Edit.Short()) + (kind == Decide.Kind.Dismiss ? "" : Say.On(result.Timeline)));
            return Errors.Done;
        });
        return command;
    }
}
