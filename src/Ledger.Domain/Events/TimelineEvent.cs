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
    [JsonStringEnumMemberName("theirs")] Theirs,
    [JsonStringEnumMemberName("ours")] Ours,
    [JsonStringEnumMemberName("both")] Both,
    [JsonStringEnumMemberName("skip")] Skip,
}

/// <param name="Edit">An edit of the source timeline.</param>
/// <param name="Resolution">What was done with it.</param>
public sealed record TakenEdit(EditId Edit, Resolution Resolution);

/// <summary>Edits and decisions of another timeline since the fork were taken over; their factors are read from the source.</summary>
[EventName("timeline-merged.v1")]
public sealed record TimelineMerged(
    TimelineId Source, long SourceRevision, ReplayMode Mode, ImmutableArray<TakenEdit> Edits, string Reason, StateId After, Digest? Fingerprint) : TimelineEvent
{
    public bool Equals(TimelineMerged? other) =>
        other is not null && Source == other.Source && SourceRevision == other.SourceRevision && Mode == other.Mode
        && Edits.SequenceEqual(other.Edits) && Reason == other.Reason && After == other.After && Fingerprint == other.Fingerprint;

    public override int GetHashCode() => HashCode.Combine(Source, SourceRevision, After);
}

/// <summary>Single edits of another timeline were taken over; their factors are read from the source.</summary>
[EventName("edits-cherry-picked.v1")]
public sealed record EditsCherryPicked(
    TimelineId Source, long SourceRevision, ReplayMode Mode, ImmutableArray<TakenEdit> Edits, string Reason, StateId After, Digest? Fingerprint) : TimelineEvent
{
    public bool Equals(EditsCherryPicked? other) =>
        other is not null && Source == other.Source && SourceRevision == other.SourceRevision && Mode == other.Mode
        && Edits.SequenceEqual(other.Edits) && Reason == other.Reason && After == other.After && Fingerprint == other.Fingerprint;

    public override int GetHashCode() => HashCode.Combine(Source, SourceRevision, After);
}
