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

    /// <summary>The edit's entry.</summary>
    /// <exception cref="EditUnknownException">The timeline has no such edit.</exception>
    public EditEntry Known(EditId edit) => Edits.TryGetValue(edit, out var entry) ? entry : throw new EditUnknownException(edit.ToString(), Name);

    private EditEntry Require(EditId edit, string what, EditStatus wanted) =>
        Known(edit) is var entry && entry.Status == wanted ? entry : throw new EditStatusException(edit, entry.Status, what, wanted);

    private EditEntry Judged(EditRecord record, EditStatus status) =>
        new(record.Edit, Revision, status, record.Variant, record.Delta.Digest, record.Signals.Own.AbsDelta, Accepted: status == EditStatus.InEffect);

    private Timeline Put(EditEntry entry) => this with { Edits = Edits.SetItem(entry.Edit, entry) };

    private Timeline Enter(EditEntry entry) => Put(entry) with { InEffect = InEffect.Add(entry.Edit) };

    private Timeline Leave(EditEntry entry) => Put(entry) with { InEffect = InEffect.Remove(entry.Edit) };

    private StateId StateOf(IEnumerable<EditId> edits) => StateId.Of(BaseMatrix, edits.Select(e => Edits[e].Delta));

    private StateId StateWith(Digest delta) => StateId.Of(BaseMatrix, InEffect.Select(e => Edits[e].Delta).Append(delta));

    private StateId StateWithout(EditId edit) => StateOf(InEffect.Where(e => e != edit));
}
