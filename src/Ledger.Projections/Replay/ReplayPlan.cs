using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Replay;

/// <summary>
/// What a replay does again, in order. Merges and cherry-picks are taken apart into the edits and decisions they brought, so that each can be left out,
/// moved and judged by itself.
/// </summary>
public static class ReplayPlan
{
    /// <param name="source">Up to the last revision that is replayed.</param>
    /// <param name="from">The last revision that stays as it is; what comes after it is replayed.</param>
    /// <param name="without">Edits of the source that are left out, with every decision about them.</param>
    /// <param name="order">Every other edit in a new order, the decisions behind them in the recorded one; empty for the recorded order of all.</param>
    /// <param name="withoutDismissed">Leave out what was dismissed in the end: nobody wants it judged anew.</param>
    /// <exception cref="ReplayPlanException">An edit to leave out is not among those that are replayed, or the order leaves one out, names one twice or another one.</exception>
    public static ImmutableArray<ReplayStep> Of(TimelineHistory source, long from, IReadOnlyCollection<EditId> without, IReadOnlyList<EditId> order, bool withoutDismissed)
    {
        var steps = Steps(source, from).ToList();
        var known = steps.OfType<ReplayStep.Make>().Select(s => s.Edit).ToHashSet();
        foreach (var edit in without.Concat(order))
            if (!known.Contains(edit)) throw ReplayPlanException.NotReplayed(edit, source.Name, from);

        var left = steps.Where(s => !without.Contains(s.Edit) && !(withoutDismissed && known.Contains(s.Edit) && source.Timeline.Known(s.Edit).Status == EditStatus.Dismissed)).ToList();
        if (order.Count == 0) return [.. left];
        if (order.GroupBy(e => e).FirstOrDefault(g => g.Count() > 1) is { } twice) throw ReplayPlanException.Twice(twice.Key);
        foreach (var edit in order.Where(without.Contains)) throw ReplayPlanException.LeftOut(edit);
        var made = left.OfType<ReplayStep.Make>().ToDictionary(m => m.Edit);
        var missing = made.Keys.Except(order).ToList();
        if (missing.Count > 0) throw ReplayPlanException.Missing(missing);
        return [.. order.Where(made.ContainsKey).Select(e => made[e]), .. left.Where(s => s is not ReplayStep.Make)];
    }

    private static IEnumerable<ReplayStep> Steps(TimelineHistory source, long from)
    {
        var timeline = source.At(from).Timeline;
        foreach (var row in source.Rows.Skip((int)from))
        {
            var before = timeline;
            timeline = timeline.Evolve(row.Event);
            switch (row.Event)
            {
                case EditJudged x:
                    yield return new ReplayStep.Make(row.Revision, x.Record, source.Made(x.Record.Edit, x.Record.Delta.Digest)!, x.Record.Verdict.Outcome);
                    break;
                case EditReleased x:
                    yield return new ReplayStep.Release(row.Revision, x.Edit, source.Made(x.Edit, x.Delta)!, x.Mode, x.Signals, x.Verdict, x.Reason);
                    break;
                case EditDismissed x:
                    yield return new ReplayStep.Dismiss(row.Revision, x.Edit, x.Reason);
                    break;
                case EditWithheld x:
                    yield return new ReplayStep.Withhold(row.Revision, x.Edit, x.Reason, x.Findings);
                    break;
                case EditReverted x:
                    yield return new ReplayStep.Revert(row.Revision, x.Edit, x.Reason);
                    break;
                case EditReinstated x:
                    yield return new ReplayStep.Reinstate(row.Revision, x.Edit, x.Reason);
                    break;
                case EditsTaken x:
                    foreach (var taken in x.Edits.Where(t => t.IsTaken))
                    {
                        foreach (var step in Apart(source, row.Revision, x, taken, before)) yield return step;
                        before = before.Evolve(x with { Edits = [taken] });
                    }
                    break;
                default:
                    throw new NoRuleException(EventJson.NameOf(row.Event), row.Revision);
            }
        }
    }

    /// <summary>The single steps that bring an edit from where it stood to where a merge put it.</summary>
    private static IEnumerable<ReplayStep> Apart(TimelineHistory source, long revision, EditsTaken e, TakenEdit taken, Timeline before)
    {
        foreach (var over in taken.GivingWay.Where(o => before.Known(o).Status == EditStatus.InEffect)) yield return new ReplayStep.Revert(revision, over, e.Reason);

        var (record, making) = (source.Record(taken.Edit), source.Made(taken.Edit, taken.Delta)!);
        var revert = new ReplayStep.Revert(revision, taken.Edit, e.Reason);
        var reinstate = new ReplayStep.Reinstate(revision, taken.Edit, e.Reason);
        var withhold = new ReplayStep.Withhold(revision, taken.Edit, e.Reason, taken.Caught);
        var dismiss = new ReplayStep.Dismiss(revision, taken.Edit, e.Reason);
        if (before.Edits.GetValueOrDefault(taken.Edit) is not { } was)
        {
            // What stands stopped here was stopped, whatever its first verdict was elsewhere.
            var outcome = taken.Status switch
            {
                EditStatus.InEffect or EditStatus.Reverted => Outcome.Applied,
                EditStatus.Rejected => Outcome.Rejected,
                _ => Outcome.Quarantined,
            };
            yield return new ReplayStep.Make(revision, record, making, outcome);
            if (taken.Status == EditStatus.Reverted) yield return revert;
            if (taken.Status == EditStatus.Dismissed) yield return dismiss;
            yield break;
        }

        var status = was.Status;
        if (was.Delta == taken.Delta && taken.Status is EditStatus.InEffect or EditStatus.Reverted && status is EditStatus.InEffect or EditStatus.Reverted)
        {
            if (status == EditStatus.InEffect) yield return revert;             // also where it takes effect again, as the last one
            if (taken.Status == EditStatus.InEffect) yield return reinstate;
            yield break;
        }
        // By way of the quarantine, where factors can change.
        if (status == EditStatus.Reverted) yield return reinstate;
        if (status != EditStatus.Quarantined) yield return withhold;
        if (was.Delta != taken.Delta || taken.Status is EditStatus.InEffect or EditStatus.Reverted)
        {
            yield return new ReplayStep.Release(revision, taken.Edit, making, ReleaseMode.Verbatim, record.Signals.Sized(making.Variant, making.Delta), record.Verdict, e.Reason);
            if (taken.Status == EditStatus.Reverted) yield return revert;
            if (taken.Status is EditStatus.Quarantined or EditStatus.Dismissed) yield return withhold;
        }
        if (taken.Status == EditStatus.Dismissed) yield return dismiss;
    }
}

/// <summary>The edits to leave out, or their order, do not fit what is replayed.</summary>
public sealed class ReplayPlanException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;

    public static ReplayPlanException NotReplayed(EditId edit, string source, long from) =>
        new($"Edit {edit.Short()} is not among those that are replayed.", from == 0 ? $"name edits of {source}" : $"name edits of {source} that came after revision {from}, or begin earlier with --from");

    internal static ReplayPlanException Twice(EditId edit) => new($"The order names edit {edit.Short()} twice.", "name each edit once");

    internal static ReplayPlanException LeftOut(EditId edit) => new($"The order names edit {edit.Short()}, which is left out.", "take it out of the order, or of --without");

    internal static ReplayPlanException Missing(IReadOnlyList<EditId> edits) => new(
        $"The order leaves out {edits.Count} edit{(edits.Count == 1 ? "" : "s")}: {string.Join(", ", edits.Take(8).Select(e => e.Short()))}{(edits.Count > 8 ? " …" : "")}.",
        "name every edit, or say with --without which shall be left out");
}
