using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.Domain;

/// <summary>Where an edit stands on a timeline.</summary>
public enum EditStatus
{
    [JsonStringEnumMemberName("in-effect")] InEffect,
    [JsonStringEnumMemberName("quarantined")] Quarantined,
    [JsonStringEnumMemberName("rejected")] Rejected,
    [JsonStringEnumMemberName("dismissed")] Dismissed,
    [JsonStringEnumMemberName("reverted")] Reverted,
}

public static class EditStatusNames
{
    /// <summary>As people say it: "in effect", "quarantined".</summary>
    public static string Words(this EditStatus status) => status == EditStatus.InEffect ? "in effect" : status.ToString().ToLowerInvariant();
}

/// <summary>What the aggregate remembers of an edit: enough to decide, no vectors.</summary>
/// <param name="Revision">The revision at which it was computed.</param>
/// <param name="Status">Where it stands now.</param>
/// <param name="Variant">The variant of the delta that counts now; a release may change it.</param>
/// <param name="Delta">Digest of the delta that counts now.</param>
/// <param name="AbsDelta">|Δ| of the delta that counts now.</param>
/// <param name="Accepted">Whether it was ever let into the weights: the gate's outlier rule looks at these.</param>
public sealed record EditEntry(EditId Edit, long Revision, EditStatus Status, Variant Variant, Digest Delta, double AbsDelta, bool Accepted);

/// <summary>
/// A timeline as data: which edits it has, which are in effect and in what order. <see cref="Evolve"/> never judges; each decision returns
/// the event that records it or throws the reason why not. Ids, factors and fingerprints come in as arguments.
/// </summary>
public sealed record Timeline
{
    private Timeline()
    {
    }

    public required TimelineId Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Weight fingerprint of W₀.</summary>
    public required Digest BaseMatrix { get; init; }

    /// <summary>0 is the base; each event makes the next.</summary>
    public long Revision { get; private init; }

    public ImmutableDictionary<EditId, EditEntry> Edits { get; private init; } = ImmutableDictionary<EditId, EditEntry>.Empty;

    /// <summary>In order of taking effect: the order of the fold.</summary>
    public ImmutableList<EditId> InEffect { get; private init; } = [];

    /// <summary>The state now.</summary>
    public StateId State => StateOf(InEffect);

    public static Timeline Start(TimelineId id, string name, Digest baseMatrix) => new() { Id = id, Name = name, BaseMatrix = baseMatrix };

    /// <summary>A timeline that goes on from here: it has everything this one has, and its decisions are its own.</summary>
    public Timeline Branch(TimelineId id, string name) => this with { Id = id, Name = name };

    /// <summary>|Δ| of every accepted edit under a variant: what the gate's outlier rule compares with.</summary>
    public IReadOnlyCollection<double> AcceptedAbsDeltas(Variant variant) =>
        [.. Edits.Values.Where(e => e.Accepted && e.Variant == variant).Select(e => e.AbsDelta)];

    /// <exception cref="NoRuleException">This program cannot fold the event.</exception>
    public Timeline Evolve(TimelineEvent e) => (this with { Revision = Revision + 1 }).Fold(e);

    private Timeline Fold(TimelineEvent e) => e switch
    {
        EditApplied x => Enter(Judged(x.Record, EditStatus.InEffect)),
        EditQuarantined x => Put(Judged(x.Record, EditStatus.Quarantined)),
        EditRejected x => Put(Judged(x.Record, EditStatus.Rejected)),
        EditReleased x => Enter(Known(x.Edit) with { Status = EditStatus.InEffect, Variant = x.Variant, Delta = x.Delta, AbsDelta = x.Signals.Own.AbsDelta, Accepted = true }),
        EditDismissed x => Put(Known(x.Edit) with { Status = EditStatus.Dismissed }),
        EditWithheld x => Leave(Known(x.Edit) with { Status = EditStatus.Quarantined }),
        EditReverted x => Leave(Known(x.Edit) with { Status = EditStatus.Reverted }),
        EditReinstated x => Enter(Known(x.Edit) with { Status = EditStatus.InEffect }),
        EditsTaken x => x.Edits.Aggregate(this, (t, taken) => t.Take(taken)),
        _ => throw new NoRuleException(EventJson.NameOf(e), Revision),
    };

    /// <summary>Records a computed edit with the outcome of its verdict.</summary>
    /// <param name="record">Its <see cref="EditRecord.After"/> and <see cref="EditRecord.Fingerprint"/> are filled in here.</param>
    /// <param name="fingerprintWith">Weight fingerprint with the edit folded in.</param>
    /// <param name="fingerprintNow">Weight fingerprint without it.</param>
    /// <exception cref="EditStatusException">The timeline has an edit of this id already.</exception>
    /// <exception cref="NotFiniteException">The verdict would let in factors that are not finite.</exception>
    public EditJudged Record(EditRecord record, Digest? fingerprintWith, Digest? fingerprintNow)
    {
        if (Edits.TryGetValue(record.Edit, out var known)) throw new EditStatusException(record.Edit, known.Status, "recorded again");
        if (record.Verdict.Outcome == Outcome.Applied && !record.Delta.IsFinite()) throw new NotFiniteException(record.Edit);
        return record.Verdict.Outcome switch
        {
            Outcome.Applied => new EditApplied(record with { After = StateWith(record.Delta.Digest), Fingerprint = fingerprintWith }),
            Outcome.Quarantined => new EditQuarantined(record with { After = State, Fingerprint = fingerprintNow }),
            _ => new EditRejected(record with { After = State, Fingerprint = fingerprintNow }),
        };
    }

    /// <summary>Lets a quarantined edit in with the factors given.</summary>
    /// <exception cref="EditUnknownException"/> <exception cref="EditStatusException">It is not quarantined.</exception>
    public EditReleased Release(
        EditId edit, Variant variant, ReleaseMode mode, EditSolution solution, RankOneDelta delta, Signals signals, Verdict verdict, string reason, Digest? fingerprint)
    {
        Require(edit, "released", EditStatus.Quarantined);
        if (!delta.IsFinite()) throw new NotFiniteException(edit);
        return new EditReleased(edit, variant, mode, solution, delta.Digest, signals, verdict, reason, StateWith(delta.Digest), fingerprint);
    }

    /// <summary>Decides that a quarantined edit never goes in.</summary>
    /// <exception cref="EditUnknownException"/> <exception cref="EditStatusException">It is not quarantined.</exception>
    public EditDismissed Dismiss(EditId edit, string reason)
    {
        Require(edit, "dismissed", EditStatus.Quarantined);
        return new EditDismissed(edit, reason);
    }

    /// <summary>Quarantines an edit that is in effect.</summary>
    /// <exception cref="EditUnknownException"/> <exception cref="EditStatusException">It is not in effect.</exception>
    public EditWithheld Withhold(EditId edit, string reason, ImmutableArray<Finding> findings, Digest? fingerprint)
    {
        Require(edit, "withheld", EditStatus.InEffect);
        return new EditWithheld(edit, reason, findings, StateWithout(edit), fingerprint);
    }

    /// <summary>Takes an edit out of effect: the fold leaves it out from here on.</summary>
    /// <exception cref="EditUnknownException"/> <exception cref="EditStatusException">It is not in effect.</exception>
    public EditReverted Revert(EditId edit, string reason, Digest? fingerprint)
    {
        Require(edit, "reverted", EditStatus.InEffect);
        return new EditReverted(edit, reason, StateWithout(edit), fingerprint);
    }

    /// <summary>Lets a reverted edit take effect again, as the last one.</summary>
    /// <exception cref="EditUnknownException"/> <exception cref="EditStatusException">It is not reverted.</exception>
    public EditReinstated Reinstate(EditId edit, string reason, Digest? fingerprint)
    {
        var entry = Require(edit, "reinstated", EditStatus.Reverted);
        return new EditReinstated(edit, reason, StateWith(entry.Delta), fingerprint);
    }

    /// <summary>Takes over what another timeline has and this one lacks, in the order given.</summary>
    /// <exception cref="TakeException">It is this very timeline, or there is nothing to take.</exception>
    /// <exception cref="EditStatusException">An edit is in effect as it is, or was dismissed or rejected here for good, or one that should give way is not in effect.</exception>
    public TimelineMerged Merge(TimelineId source, string sourceName, long sourceRevision, ReplayMode mode, ImmutableArray<TakenEdit> edits, string reason, Digest? fingerprint)
    {
        RequireTakable(source, sourceName, edits, "merged");
        var e = new TimelineMerged(source, sourceRevision, mode, edits, reason, default, fingerprint);
        return e with { After = Evolve(e).State };
    }

    /// <summary>Takes over single edits of another timeline, in the order given.</summary>
    /// <exception cref="TakeException">It is this very timeline, or there is nothing to take.</exception>
    /// <exception cref="EditStatusException">An edit is in effect as it is, or was dismissed or rejected here for good, or one that should give way is not in effect.</exception>
    public EditsCherryPicked CherryPick(TimelineId source, string sourceName, long sourceRevision, ReplayMode mode, ImmutableArray<TakenEdit> edits, string reason, Digest? fingerprint)
    {
        RequireTakable(source, sourceName, edits, "cherry-picked");
        var e = new EditsCherryPicked(source, sourceRevision, mode, edits, reason, default, fingerprint);
        return e with { After = Evolve(e).State };
    }

    /// <summary>The edit's entry.</summary>
    /// <exception cref="EditUnknownException">The timeline has no such edit.</exception>
    public EditEntry Known(EditId edit) => Edits.TryGetValue(edit, out var entry) ? entry : throw new EditUnknownException(edit.ToString(), Name);

    private EditEntry Require(EditId edit, string what, EditStatus wanted) =>
        Known(edit) is var entry && entry.Status == wanted ? entry : throw new EditStatusException(edit, entry.Status, what, wanted);

    private void RequireTakable(TimelineId source, string sourceName, ImmutableArray<TakenEdit> edits, string what)
    {
        if (source == Id) throw new TakeException($"{Name} cannot be {what} into itself.", "name another timeline as the source");
        if (edits.IsEmpty) throw new TakeException($"{sourceName} has nothing that {Name} lacks.", null);
        foreach (var taken in edits.Where(t => t.IsTaken))
        {
            if (taken.Status == EditStatus.InEffect && Edits.GetValueOrDefault(taken.Edit) is { Status: EditStatus.InEffect } now && now.Delta == taken.Delta)
                throw new EditStatusException(taken.Edit, EditStatus.InEffect, $"{what} again");
            if (Edits.GetValueOrDefault(taken.Edit) is { Status: EditStatus.Dismissed or EditStatus.Rejected } final) throw new EditStatusException(taken.Edit, final.Status, what);
            foreach (var over in taken.Over) Require(over, "replaced", EditStatus.InEffect);
        }
    }

    private Timeline Take(TakenEdit taken)
    {
        if (!taken.IsTaken) return this;
        var before = Edits.GetValueOrDefault(taken.Edit);
        var entry = new EditEntry(
            taken.Edit, before?.Revision ?? Revision, taken.Status, taken.Variant, taken.Delta, taken.AbsDelta, Accepted: taken.Status == EditStatus.InEffect || before is { Accepted: true });
        var without = this with { InEffect = InEffect.Remove(taken.Edit) };
        without = taken.GivingWay.Where(o => without.Known(o).Status == EditStatus.InEffect).Aggregate(without, (t, o) => t.Leave(t.Known(o) with { Status = EditStatus.Reverted }));
        return taken.Status == EditStatus.InEffect ? without.Enter(entry) : without.Put(entry);
    }

    private EditEntry Judged(EditRecord record, EditStatus status) =>
        new(record.Edit, Revision, status, record.Variant, record.Delta.Digest, record.Signals.Own.AbsDelta, Accepted: status == EditStatus.InEffect);

    private Timeline Put(EditEntry entry) => this with { Edits = Edits.SetItem(entry.Edit, entry) };

    private Timeline Enter(EditEntry entry) => Put(entry) with { InEffect = InEffect.Add(entry.Edit) };

    private Timeline Leave(EditEntry entry) => Put(entry) with { InEffect = InEffect.Remove(entry.Edit) };

    private StateId StateOf(IEnumerable<EditId> edits) => StateId.Of(BaseMatrix, edits.Select(e => Edits[e].Delta));

    private StateId StateWith(Digest delta) => StateId.Of(BaseMatrix, InEffect.Select(e => Edits[e].Delta).Append(delta));

    private StateId StateWithout(EditId edit) => StateOf(InEffect.Where(e => e != edit));
}
