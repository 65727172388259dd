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
        var edit = new Option<string?>("--edit") { Description = "Only this edit, by its id, a beginning of it, or a revision such as main@4.", HelpName = "EDIT" };
        var tried = new Option<bool>("--try") { Description = "Run the model with each release on trial: what it then says, and the perplexity of the gate's probe. Nothing is recorded." };
        var command = new Command("review", "What the gate, a stream rule or a person stopped and what waits for a decision, with what is needed to make it.") { edit, tried, Release(face), DecisionCommands.Dismiss(face) };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var review = await face.Mediator.Send(
                new ReviewEdits.Request(CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed), parsed.GetValue(edit), parsed.GetValue(tried), parsed.GetValue(CommonOptions.Model)), token);
            if (printer.IsJson)
                foreach (var waiting in review.Waiting) printer.Json(waiting);
            else if (review.Waiting.Count == 0)
                printer.Line($"Nothing waits for review on {review.Timeline}.");
            else
                Print(printer, review, face.Time.GetUtcNow(), parsed.GetValue(tried));
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, ReviewEdits.Result review, DateTimeOffset now, bool tried)
    {
        foreach (var w in review.Waiting)
        {
            printer.Line($"{w.Edit.Short()}  {review.Timeline}@{w.Revision}  {Say.Fact(w.Request.Prompt, w.Request.Subject, w.Request.Target)}  {w.Variant.Name()}  by {Say.OneLine(w.Author)}{(w.Wanted is { } wanted ? $": {Say.OneLine(wanted)}" : "")}");
            foreach (var why in w.Why) printer.Field("why", why.InWords());
            printer.Field("stopped", $"by {Say.OneLine(w.StoppedBy)}, {Say.Ago(w.Time, now)}{(w.Reason is { } reason ? $": {Say.OneLine(reason)}" : "")}");
            printer.Field("then", $"{Say.AbsDelta(w.Signals.Own.AbsDelta, w.Median)}   k·u ratio {Say.Number(w.Signals.Own.KvU / w.Signals.Own.KuU)}{(w.Signals.Target is { After: { } after } t ? $"   p {Say.Probability(t.Before)} before, {Say.Probability(after)} with it" : "")}");
            if (w.Now is { } present) printer.Field("now", Seen(present));
            foreach (var r in w.Releases)
            {
                printer.Field(r.Variant.Name(), $"{Say.AbsDelta(r.AbsDelta, w.Median)}   k·u ratio {Say.Number(r.KeyRatio)}   {(r.Caught.Count == 0 ? "no rule would catch it" : $"caught by {string.Join(", ", r.Caught.Select(c => c.Rule))}")}");
                if (r.With is { } with) printer.Field("", Seen(with));
                if (r.Moves is [var most, ..] && most.Interference >= LeastTold)
                    printer.Field("", $"moves {string.Join(", ", r.Moves.Where(m => m.Interference >= LeastTold).Select(m => $"{m.Edit.Id.Short()} ({Say.OneLine(m.Edit.Subject)}) by {Say.Number(m.Interference)}"))} of what it wrote");
            }
        }
        printer.Line();
        var on = Say.On(review.Timeline);
        printer.Line($"Next: {(tried ? "ledger show EDIT" : "ledger review --try")}{on}      ledger review release EDIT [--variant r-rome] --reason \"…\"{on}      ledger review dismiss EDIT --reason \"…\"{on}");
    }

    /// <summary>Less than that is no reason to decide one way or the other.</summary>
    private const double LeastTold = 0.1;

    private static string Seen(ReviewEdits.Sight s) =>
        $"p {Say.Probability(s.N)}   \"{Say.OneLine(s.Answer.Trim())}\"{(s.Perplexity is { } p ? $"   perplexity {Say.Number(p.Edited)} (base {Say.Number(p.Base)})" : "")}";

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
