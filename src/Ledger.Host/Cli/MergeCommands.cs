using System.CommandLine;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Merging;

namespace Ledger.Host.Cli;

/// <summary>Commands that take over edits and decisions of another timeline.</summary>
internal static class MergeCommands
{
    public static Command Merge(Face face)
    {
        var source = new Argument<string>("SOURCE") { Description = "The timeline to take from, at its head or at a revision: what-if, what-if@20, a tag." };
        return Create(face, new Command("merge", "Take over the edits and decisions of another timeline that this one lacks: one event. Conflicts are reported, never guessed.") { source },
            (parsed, timeline) => (RevisionName.Parse(parsed.GetRequiredValue(source), timeline), null));
    }

    public static Command CherryPick(Face face)
    {
        var edits = new Argument<string[]>("EDIT") { Description = "Edits of the other timeline, taken in this order: an id, an unambiguous beginning of one, or a revision such as what-if@7.", Arity = ArgumentArity.OneOrMore };
        var from = new Option<string>("--from") { Description = "The timeline to take from, at its head or at a revision.", Required = true, HelpName = "SOURCE" };
        return Create(face, new Command("cherry-pick", "Take over single edits of another timeline: one event.") { edits, from },
            (parsed, timeline) => (RevisionName.Parse(parsed.GetRequiredValue(from), timeline), parsed.GetRequiredValue(edits)));
    }

    private static Command Create(Face face, Command command, Func<ParseResult, string, (RevisionName From, string[]? Edits)> what)
    {
        var mode = new Option<string>("--mode") { Description = "factors: the very factors they have there; the gate is not asked. values: out and r anew on this timeline, each judged by the gate before the next.", DefaultValueFactory = _ => "factors" };
        mode.AcceptOnlyFromAmong("factors", "values");
        var resolve = new Option<string[]>("--resolve") { Description = "What to do with an edit: theirs takes it and reverts what it is in conflict with, both takes it beside that, ours settles that it is not taken, skip leaves it for the next merge; all=… for every conflict.", HelpName = "EDIT=HOW" };
        var bound = new Option<double>("--interference") { Description = "Above this an edit is in conflict with one that it interferes with; 1: it moves the other's answer as far as that itself did.", DefaultValueFactory = _ => MergePlan.InterferenceBound, HelpName = "X" };
        var (reason, dryRun) = (DecisionCommands.Reason(), DecisionCommands.DryRun());
        foreach (var option in new Option[] { mode, resolve, bound, reason, dryRun }) command.Options.Add(option);
        face.Bind(command, async (parsed, printer, token) =>
        {
            var timeline = CommonOptions.TimelineOf(parsed);
            var (from, edits) = what(parsed, timeline);
            var take = new TakeEdits(
                from, edits, parsed.GetValue(mode) == "values" ? ReplayMode.Values : ReplayMode.Factors, parsed.GetValue(bound), parsed.GetValue(resolve) ?? [],
                CommonOptions.AuthorOf(parsed), parsed.GetRequiredValue(reason));
            var result = await face.Mediator.Send(new Features.Merge.Request(take, CommonOptions.LedgerOf(parsed), timeline, parsed.GetValue(CommonOptions.Model), parsed.GetValue(dryRun)), token);
            if (printer.IsJson) printer.Json(result);
            else Print(printer, result, edits is null ? "merged" : "cherry-picked");
            return result.Unresolved > 0 ? Errors.Conflict : Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, Features.Merge.Result r, string what)
    {
        var source = $"{r.Source}@{r.SourceRevision}";
        if (r.Unresolved > 0)
        {
            PrintConflicts(printer, r, source);
            return;
        }
        if (!r.Changes)
        {
            printer.Line(r.Edits.Count == 0 ? $"{r.Timeline} has everything that {source} has: nothing to take, nothing recorded." : $"Everything was skipped: nothing recorded. {r.Timeline} is as it was.");
            return;
        }
        printer.Line($"{(r.Recorded ? "" : "would be ")}{what}  {source} into {r.Timeline}   {r.Timeline}@{r.Revision}, {r.Mode.ToString().ToLowerInvariant()}{(r.Recorded ? "" : "   a dry run: nothing recorded")}");
        foreach (var line in r.Edits)
        {
            printer.Line($"  {line.Edit.Short()}  {Say.Fact(line.Prompt, line.Subject, line.Target)}   {Became(line)}");
            foreach (var caught in line.Caught) printer.Field("gate", caught.InWords());
            if (line.GaveWay.Count > 0) printer.Field("reverted", $"{string.Join(", ", line.GaveWay.Select(e => e.Short()))} for it");
        }
        printer.Field("state", $"{r.State.Value.Short()}, {Say.Count(r.InEffect, "edit")} in effect");
        printer.Line();
        printer.Line(r.Recorded
            ? $"Next: ledger log{Say.On(r.Timeline)}      take one back: ledger revert EDIT --reason \"…\"{Say.On(r.Timeline)}      go on as if it had not been: ledger branch NAME --from {r.Timeline}@{r.Revision - 1}"
            : "Next: the same without --dry-run");
    }

    private static string Became(Features.Merge.Line line) => line.Resolution switch
    {
        Resolution.Skip => "skipped: the next merge brings it up again",
        Resolution.Ours => $"settled: {(line.Before is { } stays ? $"stays {stays.Words()}" : "not taken")}{(line.Caught.Count > 0 ? ", its factors were stopped" : "")}",
        _ => $"{line.Variant.Name()}   |Δ| {Say.Small(line.AbsDelta)}   {line.After!.Value.Words()}{(line.Before is { } was && was != line.After ? $", was {was.Words()}" : "")}",
    };

    private static void PrintConflicts(Printer printer, Features.Merge.Result r, string source)
    {
        printer.Line($"{source} has {Say.Count(r.Edits.Count, "edit")} to take, {r.Unresolved} in conflict: nothing recorded.");
        foreach (var line in r.Edits.Where(e => e.Resolution is null))
        {
            var id = line.Edit.Short();
            printer.Line();
            printer.Line($"{id}  {Say.Fact(line.Prompt, line.Subject, line.Target)}   {line.Variant.Name()}, {line.There.Words()} since {r.Source}@{line.Revision}");
            foreach (var c in line.Conflicts)
            {
                printer.Field(Kind(c.Kind), c.Kind switch
                {
                    ConflictKind.Decision => $"{c.Status.Words()} since {r.Timeline}@{c.Revision}: both timelines decided, neither knowing of the other",
                    ConflictKind.Fact => $"{c.With.Short()}  {Say.Fact(c.Prompt, c.Subject, c.Target)}, {r.Timeline}@{c.Revision}: the same fact with another target",
                    _ => $"{c.With.Short()}  {Say.Fact(c.Prompt, c.Subject, c.Target)}, {r.Timeline}@{c.Revision}: moved by {id} {Times(c.OnTarget)} as far as it moved itself, the other way {Times(c.OnSource)} (bound {Say.Number(r.Bound)})",
                });
            }
            var over = line.Conflicts.Where(c => c.Kind != ConflictKind.Decision).Select(c => c.With.Short()).Distinct().ToList();
            printer.Field("theirs", $"--resolve {id}=theirs   {(over.Count > 0 ? $"takes it and reverts {Some(over)}" : $"{line.There.Words()}, as at {r.Source}")}");
            if (over.Count > 0) printer.Field("both", $"--resolve {id}=both     takes it beside {Some(over)}");
            printer.Field("ours", $"--resolve {id}=ours     leaves it {(line.Before is { } before ? before.Words() : "out")}; settled");
            printer.Field("skip", $"--resolve {id}=skip     not now; the next merge brings it up again");
        }
        printer.Line();
        printer.Line("Next: the same command with a --resolve for each, or --resolve all=theirs|ours|both|skip");
    }

    private static string Kind(ConflictKind kind) => kind switch { ConflictKind.Decision => "decided", ConflictKind.Fact => "fact", _ => "interferes" };

    private static string Times(double? x) => x is { } value ? $"{Say.Number(value)} ×" : "not measurable";

    private static string Some(List<string> ids) => ids.Count <= 4 ? string.Join(", ", ids) : $"{string.Join(", ", ids.Take(4))} and {ids.Count - 4} more";
}
