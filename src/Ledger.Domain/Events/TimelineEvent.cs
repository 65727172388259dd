using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;

namespace Ledger.Domain.Events;

/// <summary>A fact in a timeline's stream; each makes the next revision.</summary>
public abstract record TimelineEvent : LedgerEvent
{
    private protected TimelineEvent()
    {
    }
}

/// <summary>An edit was computed and judged; the three outcomes share one payload.</summary>
public abstract record EditJudged(EditRecord Record) : TimelineEvent;

/// <summary>The edit went into the weights.</summary>
[EventName("edit-applied.v1")]
public sealed record EditApplied(EditRecord Record) : EditJudged(Record);

/// <summary>The edit was stopped and waits for a decision; the weights are as they were.</summary>
[EventName("edit-quarantined.v1")]
public sealed record EditQuarantined(EditRecord Record) : EditJudged(Record);

/// <summary>The edit was stopped for good; the weights are as they were.</summary>
[EventName("edit-rejected.v1")]
public sealed record EditRejected(EditRecord Record) : EditJudged(Record);

/// <summary>How a released edit's factors were found.</summary>
public enum ReleaseMode
{
    /// <summary>out and r anew on the present state, from the recorded keys and v_e.</summary>
    [JsonStringEnumMemberName("values")] Values,

    /// <summary>v_e anew on the present model.</summary>
    [JsonStringEnumMemberName("optimise")] Optimise,

    /// <summary>The recorded factors as they are.</summary>
    [JsonStringEnumMemberName("verbatim")] Verbatim,
}

/// <summary>Somebody let a quarantined edit in. The gate's verdict on the new factors is recorded but did not decide.</summary>
/// <param name="Delta">Digest of the new (u, r): u is the edit's own ū or u_o, so it is not repeated here.</param>
[EventName("edit-released.v1")]
public sealed record EditReleased(
    EditId Edit, Variant Variant, ReleaseMode Mode, EditSolution Solution, Digest Delta, Signals Signals, Verdict Verdict, string Reason,
    StateId After, Digest? Fingerprint) : TimelineEvent;

/// <summary>Somebody decided that a quarantined edit never goes in.</summary>
[EventName("edit-dismissed.v1")]
public sealed record EditDismissed(EditId Edit, string Reason) : TimelineEvent;

/// <summary>An edit that was in effect was quarantined after all, by a stream rule or a reviewer.</summary>
/// <param name="Findings">What the rule saw; empty when a person decided.</param>
[EventName("edit-withheld.v1")]
public sealed record EditWithheld(EditId Edit, string Reason, ImmutableArray<Finding> Findings, StateId After, Digest? Fingerprint) : TimelineEvent
{
    public bool Equals(EditWithheld? other) =>
        other is not null && Edit == other.Edit && Reason == other.Reason && Findings.SequenceEqual(other.Findings) && After == other.After && Fingerprint == other.Fingerprint;

    public override int GetHashCode() => HashCode.Combine(Edit, Reason, After);
}

/// <summary>An edit that was in effect was taken out: from here on the fold leaves it out.</summary>
[EventName("edit-reverted.v1")]
public sealed record EditReverted(EditId Edit, string Reason, StateId After, Digest? Fingerprint) : TimelineEvent;

/// <summary>A reverted edit took effect again, as the last one.</summary>
[EventName("edit-reinstated.v1")]
public sealed record EditReinstated(EditId Edit, string Reason, StateId After, Digest? Fingerprint) : TimelineEvent;

/// <summary>What was done with one edit of a merge or cherry-pick.</summary>
public enum Resolution
{
    /// <summary>The source's edit is taken as it stands there; edits of this timeline that it was in conflict with are reverted if it takes effect.</summary>
    [JsonStringEnumMemberName("theirs")] Theirs,

    /// <summary>This timeline stays as it is, and the matter is settled: the next merge does not bring it up again.</summary>
    [JsonStringEnumMemberName("ours")] Ours,

    /// <summary>The source's edit is taken, and edits it was in conflict with stay too.</summary>
    [JsonStringEnumMemberName("both")] Both,

    /// <summary>This timeline stays as it is for now; the next merge brings it up again.</summary>
    [JsonStringEnumMemberName("skip")] Skip,
}

/// <summary>One edit of a merge or cherry-pick: enough to fold the aggregate; the vectors are the source's.</summary>
/// <param name="Edit">An edit of the source timeline.</param>
/// <param name="Resolution">What was done with it.</param>
/// <param name="Over">Edits of this timeline that it was in conflict with.</param>
/// <param name="From">Digest of the delta it had at the source.</param>
/// <param name="Status">Where it stands here from now on, if it was taken.</param>
/// <param name="Variant">The variant of its delta.</param>
/// <param name="Delta">Digest of the delta that counts here: <paramref name="From"/> in mode <c>factors</c>.</param>
/// <param name="AbsDelta">|Δ| of that delta.</param>
/// <param name="Caught">What the gate found against it, where it was asked (mode <c>values</c>).</param>
public sealed record TakenEdit(
    EditId Edit, Resolution Resolution, ImmutableArray<EditId> Over, Digest From, EditStatus Status, Variant Variant, Digest Delta, double AbsDelta, ImmutableArray<Finding> Caught)
{
    /// <summary>Whether it changed anything here.</summary>
    [JsonIgnore]
    public bool IsTaken => Resolution is Resolution.Theirs or Resolution.Both;

    /// <summary>The edits of this timeline that were reverted for it: none where it was stopped, since a stopped edit never touches the state.</summary>
    [JsonIgnore]
    public ImmutableArray<EditId> GivingWay => Resolution == Resolution.Theirs && Status == EditStatus.InEffect ? Over : [];

    public bool Equals(TakenEdit? other) =>
        other is not null && Edit == other.Edit && Resolution == other.Resolution && Over.SequenceEqual(other.Over) && From == other.From && Status == other.Status
        && Variant == other.Variant && Delta == other.Delta && AbsDelta.Equals(other.AbsDelta) && Caught.SequenceEqual(other.Caught);

    public override int GetHashCode() => HashCode.Combine(Edit, Resolution, Delta);
}

/// <summary>Edits of another timeline were taken over, in this order; one event, because there is no transaction over several.</summary>
/// <param name="Source">The other timeline.</param>
/// <param name="SourceRevision">Its revision then.</param>
/// <param name="Mode"><c>factors</c>: u and r as at the source; <c>values</c>: out and r anew on this timeline, from the recorded keys and v_e, one after the other.</param>
public abstract record EditsTaken(
    TimelineId Source, long SourceRevision, ReplayMode Mode, ImmutableArray<TakenEdit> Edits, string Reason, StateId After, Digest? Fingerprint) : TimelineEvent
{
    public virtual bool Equals(EditsTaken? other) =>
        other is not null && EqualityContract == other.EqualityContract && Source == other.Source && SourceRevision == other.SourceRevision && Mode == other.Mode
        && Edits.SequenceEqual(other.Edits) && Reason == other.Reason && After == other.After && Fingerprint == other.Fingerprint;

    public override int GetHashCode() => HashCode.Combine(Source, SourceRevision, After);
}

/// <summary>Edits and decisions of another timeline that this one lacked were taken over.</summary>
[EventName("timeline-merged.v1")]
public sealed record TimelineMerged(
    TimelineId Source, long SourceRevision, ReplayMode Mode, ImmutableArray<TakenEdit> Edits, string Reason, StateId After, Digest? Fingerprint)
    : EditsTaken(Source, SourceRevision, Mode, Edits, Reason, After, Fingerprint);

/// <summary>Single edits of another timeline were taken over.</summary>
[EventName("edits-cherry-picked.v1")]
public sealed record EditsCherryPicked(
    TimelineId Source, long SourceRevision, ReplayMode Mode, ImmutableArray<TakenEdit> Edits, string Reason, StateId After, Digest? Fingerprint)
    : EditsTaken(Source, SourceRevision, Mode, Edits, Reason, After, Fingerprint);
