using System.CommandLine;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class ReviewCommand
{
    public static Command Create(Face face)
    {
        var command = new Command("review", "What the gate stopped and waits for a decision.") { Release(face), DecisionCommands.Dismiss(face) };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var review = await face.Mediator.Send(new ReviewEdits.Request(CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed)), token);
            if (printer.IsJson)
                foreach (var waiting in review.Waiting) printer.Json(waiting);
            else if (review.Waiting.Count == 0)
                printer.Line($"Nothing waits for review on {review.Timeline}.");
            else
                Print(printer, review);
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, ReviewEdits.Result review)
    {
        foreach (var w in review.Waiting)
        {
            printer.Line($"{w.Edit.Short()}  {review.Timeline}@{w.Revision}  {Say.Fact(w.Request.Prompt, w.Request.Subject, w.Request.Target)}  {w.Variant.Name()}  by {Say.OneLine(w.Author)}");
            foreach (var why in w.Why) printer.Field("why", why.InWords());
            if (w.Reason is { } reason) printer.Field("said", Say.OneLine(reason));
            printer.Field("instead", string.Join("   ", w.Signals.Variants.Where(v => v.Variant != w.Variant).Select(v => $"{v.Variant.Name()} |Δ| {Say.Small(v.AbsDelta)}")));
        }
        printer.Line();
        printer.Line("Next: ledger show EDIT      ledger review release EDIT [--variant r-rome] --reason \"…\"      ledger review dismiss EDIT --reason \"…\"");
    }

    private static Command Release(Face face)
    {
        var edit = DecisionCommands.Edit();
        var reason = DecisionCommands.Reason();
        var variant = new Option<string?>("--variant", "-v") { Description = "The variant to let it in under; default the one it has." };
        variant.AcceptOnlyFromAmong([.. VariantNames.All.Select(v => v.Name())]);
        var mode = new Option<string>("--mode") { Description = "values: factors anew from the recorded keys and v_e; optimise: v_e anew on the present model; verbatim: the recorded factors.", DefaultValueFactory = _ => "values" };
        mode.AcceptOnlyFromAmong("values", "optimise", "verbatim");
        var dryRun = DecisionCommands.DryRun();
        var command = new Command("release", "Let a quarantined edit in. The gate is asked and its verdict recorded, but you decide.") { edit, variant, mode, reason, dryRun };
        face.Bind(command, async (parsed, printer, token) =>
        {
            Variant? under = VariantNames.TryParse(parsed.GetValue(variant), out var v) ? v : null;
            var how = parsed.GetValue(mode) switch { "optimise" => ReleaseMode.Optimise, "verbatim" => ReleaseMode.Verbatim, _ => ReleaseMode.Values };
            var result = await face.Mediator.Send(new ReleaseEditFeature.Request(
                new DecideOnEdit(parsed.GetRequiredValue(edit), CommonOptions.AuthorOf(parsed), parsed.GetRequiredValue(reason)),
                CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed), parsed.GetValue(CommonOptions.Model), under, how, parsed.GetValue(dryRun)), token);
            DecisionCommands.Print(printer, result, $"take it back: ledger revert {result.Edit.Short()} --reason \"…\"{Say.On(result.Timeline)}");
            return Errors.Done;
        });
        return command;
    }
}
