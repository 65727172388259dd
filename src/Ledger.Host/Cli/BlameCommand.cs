using System.CommandLine;
using Ledger.Host.Features.Past;

namespace Ledger.Host.Cli;

internal static class BlameCommand
{
    public static Command Create(Face face)
    {
        var prompt = new Argument<string?>("PROMPT") { Description = "What was asked, in words, or with {} for the subject.", Arity = ArgumentArity.ZeroOrOne };
        var subject = new Option<string?>("--subject", "-s") { Description = "Look at the subject's last token alone; without it at every token of the prompt.", HelpName = "NAME" };
        var edit = new Option<string?>("--edit") { Description = "Ask about the fact of this edit instead of a prompt; its keys are recorded, so that ranking needs no model.", HelpName = "EDIT" };
        var at = new Option<string?>("--at") { Description = "The revision asked about; default the head of --timeline.", HelpName = "REVISION" };
        var top = PastOptions.Top("suspects", 10);
        var confirm = new Option<int>("--confirm") { Description = "Leave so many of them out, one by one, and run the model without each; 0: rank only.", DefaultValueFactory = _ => 5, HelpName = "N" };
        confirm.Check(parsed =>
        {
            if (parsed.GetValueOrDefault<int>() < 0) parsed.AddError("--confirm takes 0 or more.");
        });
        var command = new Command("blame", "Which edits make the model answer a prompt as it does: ranked by how far each moves the output there, the first ones confirmed by leaving each out.") { prompt, subject, edit, at, top, confirm };
        command.Check(parsed =>
        {
            if (parsed.GetValue(prompt) is null == parsed.GetValue(edit) is null) parsed.AddError("blame takes a PROMPT, or --edit EDIT for the fact of an edit.");
            if (parsed.GetValue(edit) is not null && parsed.GetValue(subject) is not null) parsed.AddError("--edit brings its subject: leave --subject out.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            var waiting = new ProgressLine(face);
            var request = new BlameEdits.Request(
                CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), PastOptions.Of(parsed, parsed.GetValue(at)), parsed.GetValue(prompt), parsed.GetValue(subject), parsed.GetValue(edit),
                parsed.GetValue(top), parsed.GetValue(confirm), new Steps(waiting));
            var result = await face.Mediator.Send(request, token);
            waiting.Clear();
            if (printer.IsJson) printer.Json(result);
            else Print(printer, result);
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, BlameEdits.Result r)
    {
        printer.Line(Say.OneLine(r.Prompt));
        if (r is { Base: { } atBase, Now: { } now })
            printer.Table(
                ["", "p(answer)", "greedy continuation"],
                [[$"  {r.Timeline}@{r.Revision}", Probability(now), Say.OneLine(now.Text)], ["  base", Probability(atBase), Say.OneLine(atBase.Text)]],
                flexible: 2);
        printer.Line();
        printer.Table(
            ["", "edit", "rev", "variant", "|Δ|", "moves", "at", "p(answer)", "without it", "fact"],
            [.. r.Suspects.Select((s, i) => (string[])
            [
                $"{i + 1}", .. PastOptions.Cells(s.Edit), Say.Number(s.Moves), s.Token is { } token ? Say.OneLine(token.Trim()) : "subject",
                s.Without is { } p ? Probability(p) : "", s.Without is { } w ? (s.Changes == true ? "" : "(the same) ") + Say.OneLine(w.Text) : "", PastOptions.Fact(s.Edit),
            ])],
            flexible: 9);
        printer.Line();
        printer.Line(Verdict(r));
    }

    /// <summary>Where nothing is said there is nothing to be likely.</summary>
    private static string Probability(BlameEdits.Reply reply) => double.IsNaN(reply.N) ? "" : Say.Probability(reply.N);

    private static string Verdict(BlameEdits.Result r)
    {
        var confirmed = r.Suspects.Count(s => s.Without is not null);
        if (confirmed == 0) return $"Ranked by how far each of the {Say.Count(r.InEffect, "edit")} in effect moves the output there; --confirm 5 runs the model without the first ones.";
        if (r.Suspects.FirstOrDefault(s => s.Changes == true)?.Edit.Id.Short() is { } id) return $"Without {id} the answer is another one.   Next: ledger show {id}{Say.On(r.Timeline)}      take it out: ledger revert {id} --reason \"…\"{Say.On(r.Timeline)}";
        return $"None of the {confirmed} that were left out changes the answer alone.   Next: more of them with --confirm {Math.Min(4 * confirmed, r.InEffect)}"
            + (r.Now!.Text == r.Base!.Text ? "; the base says the same" : "");
    }

    private sealed class Steps(ProgressLine waiting) : IProgress<BlameEdits.Step>
    {
        public void Report(BlameEdits.Step value) => waiting.Show(value.Done, value.Total, $"{value.Done} of {value.Total} states asked", "state");
    }
}
