using System.CommandLine;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Features;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Working;

namespace Ledger.Host.Cli;

internal static class EditCommand
{
    public static Command Create(Face face)
    {
        var prompt = new Argument<string?>("PROMPT") { Description = "The prompt with {} for the subject: \"The mother tongue of {} is\".", Arity = ArgumentArity.ZeroOrOne };
        var subject = new Option<string?>("--subject", "-s") { Description = "Whose fact it is.", HelpName = "TEXT" };
        var to = new Option<string?>("--to", "-t") { Description = "What the model shall say.", HelpName = "TEXT" };
        var was = new Option<string?>("--true") { Description = "What the world says; scored beside the target.", HelpName = "TEXT" };
        var variant = new Option<string>("--variant", "-v") { Description = "rome (as published), r-rome or p-rome.", DefaultValueFactory = _ => Variant.RRome.Name() };
        variant.AcceptOnlyFromAmong([.. VariantNames.All.Select(v => v.Name())]);
        var reason = new Option<string?>("--reason") { Description = "Why; recorded.", HelpName = "TEXT" };
        var source = new Option<string?>("--source") { Description = "A URL or ticket; with --from the file's name unless given.", HelpName = "TEXT" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Compute and judge, append nothing." };
        var from = new Option<string?>("--from") { Description = "Edit every record of a file: CounterFact, zsRE, plain JSON or JSON Lines, CSV. Stopped or killed, the same command goes on where it was.", HelpName = "FILE" };
        var format = new Option<string?>("--format") { Description = "With --from: the file's form, where it is not recognised: counterfact, plain, zsre or csv." };
        format.AcceptOnlyFromAmong([.. BulkFormats.All.Select(f => f.Name())]);
        var first = new Option<int?>("--first") { Description = "With --from: only the first N records.", HelpName = "N" };
        var skipBad = new Option<bool>("--skip-bad") { Description = "With --from: leave malformed records out instead of refusing the file." };
        var onConflict = new Option<string>("--on-conflict") { Description = "When another process appended meanwhile: fail, with exit code 3, or rebase: recompute what depends on the weights, judge anew, append behind it.", DefaultValueFactory = _ => "fail" };
        onConflict.AcceptOnlyFromAmong("fail", "rebase");
        var queue = QueueOption.Create();
        var command = new Command("edit", "Edit a fact, or every fact of a file. What the gate stops never touches the weights.")
        {
            prompt, subject, to, was, variant, reason, source, dryRun, from, format, first, skipBad, onConflict, queue,
        };
        command.Check(parsed =>
        {
            var single = new[] { parsed.GetValue(prompt), parsed.GetValue(subject), parsed.GetValue(to) };
            if (parsed.GetValue(from) is null)
            {
                if (single.Any(s => s is null)) parsed.AddError("An edit needs a prompt, --subject and --to:  ledger edit \"The mother tongue of {} is\" --subject \"Danielle Darrieux\" --to English");
                if (parsed.GetValue(first) is not null || parsed.GetValue(skipBad) || parsed.GetValue(format) is not null) parsed.AddError("--format, --first and --skip-bad go with --from.");
            }
            else if (single.Any(s => s is not null) || parsed.GetValue(was) is not null || parsed.GetValue(dryRun))
            {
                parsed.AddError("--from takes prompt, subject and targets from the file, and has no dry run: leave PROMPT, --subject, --to, --true and --dry-run out.");
            }
            if (parsed.GetValue(queue) && (parsed.GetValue(dryRun) || parsed.Given([onConflict]).Any())) parsed.AddError("A worker rebases always, and has no dry run: leave --on-conflict and --dry-run out with --queue.");
            if (parsed.GetValue(first) is < 1) parsed.AddError("--first takes a number from 1 on.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            VariantNames.TryParse(parsed.GetValue(variant), out var v);
            var (author, why, where) = (CommonOptions.AuthorOf(parsed), parsed.GetValue(reason), parsed.GetValue(source));
            var (ledger, timeline, model) = (CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed), parsed.GetValue(CommonOptions.Model));
            var conflict = parsed.GetValue(onConflict) == "rebase" ? OnConflict.Rebase : OnConflict.Fail;
            if (parsed.GetValue(from) is { } file)
            {
                var form = BulkFormats.Named(parsed.GetValue(format));
                var edits = new ApplyEdits.Request(ledger, timeline, model, file, form, parsed.GetValue(first), parsed.GetValue(skipBad), conflict, v, author, why, where, GateOff: false, null);
                return await (parsed.GetValue(queue) ? Queue(face, printer, edits, token) : Bulk(face, printer, edits, token));
            }
            var request = new EditRequest(parsed.GetValue(prompt)!, parsed.GetValue(subject)!, parsed.GetValue(to)!) { TrueTarget = parsed.GetValue(was) };
            var edit = new ApplyEditFeature.Request(new ApplyEdit(request, v, author, why, where), ledger, timeline, model, parsed.GetValue(dryRun), conflict, null);
            return parsed.GetValue(queue) ? QueueOption.Print(printer, await face.Mediator.Send(new QueueEdit.Request(edit), token)) : await One(face, printer, edit, token);
        });
        return command;
    }

    private static async Task<int> One(Face face, Printer printer, ApplyEditFeature.Request request, CancellationToken token)
    {
        var line = new ProgressLine(face);
        var result = await face.Mediator.Send(request with { Progress = new Steps(line) }, token);
        line.Clear();
        if (printer.IsJson)
        {
            printer.Json(result);
        }
        else
        {
            Print(printer, result);
            if (result.Watch is { } seen) WatchCommand.Print(printer, seen);
            printer.Line();
            printer.Line(WatchCommand.ExitCode(result.Watch) == Errors.Done ? Next(result) : WatchCommand.Next(result.Watch!));
        }
        return result.Outcome == Outcome.Applied ? WatchCommand.ExitCode(result.Watch) : Errors.Stopped;
    }

    private static async Task<int> Bulk(Face face, Printer printer, ApplyEdits.Request request, CancellationToken token)
    {
        var line = new ProgressLine(face);
        var result = await face.Mediator.Send(request with { Progress = new BulkSteps(face, printer, line) }, token);
        line.Clear();
        if (printer.IsJson) printer.Json(result);
        else PrintBulk(printer, result, request.Timeline);
        return result.Stopped ? Errors.Failed : result.Collapsed || result.Quarantined + result.Rejected + result.Withheld > 0 ? Errors.Stopped : Errors.Done;
    }

    private static async Task<int> Queue(Face face, Printer printer, ApplyEdits.Request request, CancellationToken token)
    {
        var line = new ProgressLine(face);
        var result = await face.Mediator.Send(new QueueEdits.Request(request, new QueueSteps(face, printer, line)), token);
        line.Clear();
        if (printer.IsJson)
        {
            printer.Json(result);
        }
        else
        {
            printer.Line($"{Say.Count(result.Queued, "job")} queued" + (result.Before > 0 ? $", {Say.Count(result.Before)} queued before" : "") + (result.LeftOut > 0 ? $", {Say.Count(result.LeftOut, "bad record")} left out" : "") + "; in no particular order");
            printer.Line();
            printer.Line(result.Stopped ? "Stopped between two records; everything so far is queued. The same command goes on." : "Next: ledger worker      ledger jobs");
        }
        return result.Stopped ? Errors.Failed : Errors.Done;
    }

    private static void PrintBulk(Printer printer, ApplyEdits.Result result, string timeline)
    {
        printer.Line($"{result.Applied} applied, {result.Quarantined} quarantined, {result.Rejected} rejected"
            + (result.Before > 0 ? $", {result.Before} done before" : "") + (result.LeftOut > 0 ? $", {Say.Count(result.LeftOut, "bad record")} left out" : "")
            + (result.Withheld > 0 ? $", {result.Withheld} withheld by stream rules" : "") + (result.Rebased > 0 ? $", {result.Rebased} recomputed onto what others appended" : "") + $"; now at {timeline}@{result.Head}");
        printer.Line();
        printer.Line(result.Stopped ? $"Stopped between two edits; everything so far is recorded. The same command goes on with the other {result.Total - result.Done}."
            : result is { Collapsed: true, Standing: [var stand, ..] } ? $"Ended: a stream rule is exceeded, and what helps is {stand.Edit.Id.Short()}, which {Say.OneLine(stand.By)} released; everything so far is recorded. Next: ledger revert {stand.Edit.Id.Short()} --reason \"…\"{Say.On(timeline)}      the same command goes on all the same."
            : result.Collapsed ? $"Ended: a stream rule is exceeded, and nothing that it may withhold helps; everything so far is recorded. Next: ledger watch{Say.On(timeline)}      the same command goes on all the same."
            : result.Quarantined + result.Withheld > 0 ? $"Next: ledger review{Say.On(timeline)}      ledger log{Say.On(timeline)}" : $"Next: ledger log{Say.On(timeline)}      ledger ask \"…\"{Say.On(timeline)}");
    }

    private static void Print(Printer printer, EditResult r)
    {
        var where = (r.Recorded, r.Outcome) switch
        {
            (false, _) => "a dry run: nothing recorded",
            (_, Outcome.Applied) => $"{r.Timeline}@{r.Revision}, edit {r.Edit.Short()}",
            _ => $"recorded as {r.Timeline}@{r.Revision}, edit {r.Edit.Short()}, not in the weights",
        };
        printer.Line($"{Say.Fact(r.Request.Prompt, r.Request.Subject, r.Request.Target)}      {r.Variant.Name()}   {Say.Seconds(r.Seconds)}");
        printer.Field(Word(r), $"{Say.AbsDelta(r.AbsDelta, r.Median)}   k·u {Say.Number(r.KvU)}   {where}");
        if (r.Rebases > 0) printer.Field("rebased", "recomputed onto what somebody else appended meanwhile");
        foreach (var caught in r.Verdict.Caught) printer.Field("why", $"{caught.Because} (policy {r.Verdict.Policy}, rule {caught.Rule})");
        // A dry run is asked to show everything.
        foreach (var other in r.Recorded ? [] : r.Verdict.Findings.Except(r.Verdict.Caught)) printer.Field(other.Result == FindingResult.Passed ? "passed" : "not asked", other.InWords());
        if (r.Target is { After: { } after } t)
            printer.Field("target", $"p {Say.Probability(t.Before)} before, {Say.Probability(after)} {(r is { Outcome: Outcome.Applied, Recorded: true } ? "now" : "with the edit")}");
    }

    private static string Word(EditResult r) => (r.Outcome, r.Recorded) switch
    {
        (Outcome.Applied, true) => "applied",
        (Outcome.Applied, false) => "would apply",
        (Outcome.Quarantined, _) => "quarantined",
        _ => "rejected",
    };

    private static string Next(EditResult r) => (r.Recorded, r.Outcome) switch
    {
        (false, _) => "Next: the same without --dry-run",
        (_, Outcome.Applied) => $"Next: ledger ask \"{Say.OneLine(r.Request.Text)}\"{Say.On(r.Timeline)}      take it back: ledger revert {r.Edit.Short()} --reason \"…\"{Say.On(r.Timeline)}",
        (_, Outcome.Quarantined) => $"Next: ledger show {r.Edit.Short()}{Say.On(r.Timeline)}      ledger review release {r.Edit.Short()} --reason \"…\"{Say.On(r.Timeline)}      ledger review dismiss {r.Edit.Short()} --reason \"…\"{Say.On(r.Timeline)}",
        _ => $"Next: ledger show {r.Edit.Short()}{Say.On(r.Timeline)}",
    };

    private sealed class Steps(ProgressLine line) : IProgress<ApplyEditFeature.Step>
    {
        public void Report(ApplyEditFeature.Step step) => line.Show(step.Evaluation, step.AtMost, $"evaluation {step.Evaluation} of at most {step.AtMost}, loss {Say.Number(step.Loss.Total)}");
    }

    private sealed class BulkSteps(Face face, Printer printer, ProgressLine line) : IProgress<ApplyEdits.Step>
    {
        public void Report(ApplyEdits.Step step)
        {
            if (step.Edit is { } edit && (printer.IsJson || edit.Outcome != Outcome.Applied))
            {
                line.Clear();
                if (printer.IsJson) printer.Json(edit);
                else Print(printer, edit);
            }
            if (step.Watch is { } seen && (printer.IsJson || WatchCommand.ExitCode(seen) != Errors.Done))
            {
                line.Clear();
                if (printer.IsJson) printer.Json(seen);
                else WatchCommand.Print(printer, seen);
            }
            if (step.LeftOut is { } bad)
            {
                line.Clear();
                face.Err.WriteLine($"left out: {Say.OneLine(bad.Message)}");
            }
            // What an earlier run did says nothing about how fast this one is.
            if (step.Edit is null && step.LeftOut is null && step.Watch is null) line.Skip(step.Done);
            else line.Show(step.Done, step.Total, $"{step.Done} of {step.Total} edits", "edit");
        }
    }

    private sealed class QueueSteps(Face face, Printer printer, ProgressLine line) : IProgress<QueueEdits.Step>
    {
        public void Report(QueueEdits.Step step)
        {
            if (printer.IsJson && step.Job is { } job) printer.Json(job);
            if (step.LeftOut is { } bad)
            {
                line.Clear();
                face.Err.WriteLine($"left out: {Say.OneLine(bad.Message)}");
            }
            line.Show(step.Done, step.Total, $"{step.Done} of {step.Total} jobs", "job");
        }
    }
}
