using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Merging;

/// <summary>A plan without open conflicts as it is recorded: how each edit stands on the target from then on, and with which factors.</summary>
public static class Takeover
{
    /// <summary>Mode <c>factors</c>: u, r and status as at the source; the gate is not asked.</summary>
    public static ImmutableArray<TakenEdit> Factors(MergePlan plan) => [.. plan.Edits.Select(AsThere)];

    /// <summary>
    /// Mode <c>values</c>: what takes effect is computed anew on the target, from its keys and v_e, one edit after the other. The gate judges each before the next is
    /// computed, and decides; rules that need a pass through the model are not evaluated. What it stops never touches the state.
    /// </summary>
    /// <param name="target">At its head.</param>
    /// <param name="source">At the revision that is merged.</param>
    public static ImmutableArray<TakenEdit> Values(MergePlan plan, TimelineHistory target, TimelineHistory source, GatePolicy policy, CancellationToken token) =>
        new Anew(plan, target, source, policy).Decide(token);

    private static TakenEdit AsThere(PlannedEdit planned)
    {
        var there = planned.Item.There;
        return new TakenEdit(planned.Edit, planned.Resolution!.Value, planned.Over, there.Delta, there.Status, there.Variant, there.Delta, there.AbsDelta, []);
    }

    /// <summary>The target's state as it becomes with each edit, for the next.</summary>
    private sealed class Anew(MergePlan plan, TimelineHistory target, TimelineHistory source, GatePolicy policy)
    {
        private readonly ValueReplay outputs = new([.. plan.Edits.Select(e => e.Item.Record.Keys)]);
        private readonly Dictionary<EditId, RankOneDelta> deltas = target.EditsInEffect().ToDictionary(e => e.Edit, e => e.Delta);
        private Timeline now = target.Timeline;

        public ImmutableArray<TakenEdit> Decide(CancellationToken token)
        {
            var all = ImmutableArray.CreateBuilder<TakenEdit>(plan.Edits.Length);
            for (var i = 0; i < plan.Edits.Length; i++)
            {
                var taken = AsThere(plan.Edits[i]);
                if (taken.IsTaken && plan.Edits[i].Item.Enters) taken = Compute(i, taken, token);
                all.Add(taken);
                now = now.Evolve(new TimelineMerged(source.Timeline.Id, source.Timeline.Revision, ReplayMode.Values, [taken], "", default, null));
            }
            return all.MoveToImmutable();
        }

        private TakenEdit Compute(int i, TakenEdit taken, CancellationToken token)
        {
            var (item, over, vE) = (plan.Edits[i].Item, taken.GivingWay, source.Present(taken.Edit).Solution.VE);
            var (m0, outKBar) = outputs.At(i, [.. now.InEffect.Where(e => e != taken.Edit && !over.Contains(e)).Select(e => deltas[e])], token);
            var made = Rederive.Making(item.Record.Keys, vE, taken.Variant, m0, outKBar);
            var signals = item.Record.Signals.OnState(taken.Variant, item.Record.Keys, vE, m0, outKBar);
            var verdict = EditGate.Judge(policy, signals, made.Delta, now.AcceptedAbsDeltas(taken.Variant));
            taken = Standing(taken with { Delta = made.Digest, AbsDelta = signals.Own.AbsDelta, Caught = [.. verdict.Caught] }, item.Here, verdict.Outcome);
            if (taken.IsTaken) deltas[taken.Edit] = made.Delta;
            return taken;
        }
    }

    /// <summary>Where the edit stands by the gate's word. One that is here already stays as it is rather than being lost to factors that were stopped.</summary>
    private static TakenEdit Standing(TakenEdit taken, EditEntry? here, Outcome outcome) => (outcome, here) switch
    {
        (Outcome.Applied, { Status: EditStatus.InEffect } h) when h.Delta == taken.Delta => taken with { Resolution = Resolution.Ours },
        (Outcome.Applied, _) => taken,
        (Outcome.Quarantined, not { Status: EditStatus.InEffect }) => taken with { Status = EditStatus.Quarantined },
        (Outcome.Rejected, null) => taken with { Status = EditStatus.Rejected },
        _ => taken with { Resolution = Resolution.Ours },
    };
}
