using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;

namespace Ledger.Domain.Events;

/// <summary>The name an event is stored under; it outlives the class.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class EventNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>
/// A fact about a ledger, past tense, never changed once stored. The set is closed to this assembly; docs/event-format.md lists every
/// name and field, and a golden file holds each stored form.
/// </summary>
public abstract record LedgerEvent
{
    private protected LedgerEvent()
    {
    }
}

/// <summary>A fact in the ledger's own stream: what it stands on and which timelines it has.</summary>
public abstract record SetupEvent : LedgerEvent
{
    private protected SetupEvent()
    {
    }
}

/// <summary>A ledger was opened over a base checkpoint, to edit one matrix of it.</summary>
/// <param name="FoundAt">Where the checkpoint lay; a hint for people and the default for later commands, not part of any identity.</param>
/// <param name="BaseMatrix">Weight fingerprint of W₀.</param>
[EventName("ledger-opened.v1")]
public sealed record LedgerOpened(
    LedgerId Ledger, string Name, BaseCheckpoint Base, string FoundAt, MatrixAddress Matrix, Digest BaseMatrix, Hyperparameters Hyperparameters) : SetupEvent;

/// <summary>The context templates were drawn (or given) once and for all.</summary>
[EventName("context-templates-drawn.v1")]
public sealed record ContextTemplatesDrawn(ContextTemplates Templates, Digest Digest) : SetupEvent;

/// <summary>C was measured or imported; the matrix lies beside the ledger by its digest.</summary>
[EventName("key-statistics-recorded.v2")]
public sealed record KeyStatisticsRecorded(KeyStatistics Statistics) : SetupEvent;

/// <summary>From here on edits are judged by this policy.</summary>
[EventName("gate-policy-set.v2")]
public sealed record GatePolicySet(GatePolicy Policy) : SetupEvent;

/// <summary>How a timeline came to be.</summary>
public enum TimelineOrigin
{
    [JsonStringEnumMemberName("opened")] Opened,
    [JsonStringEnumMemberName("branched")] Branched,
    [JsonStringEnumMemberName("replayed")] Replayed,
}

/// <summary>Where a timeline left its parent.</summary>
/// <param name="Revision">The parent's last revision that is shared.</param>
/// <param name="EventHash">The hash of the parent's event at that revision: the chain goes on from it.</param>
public sealed record Fork(TimelineId Parent, long Revision, Digest EventHash);

/// <summary>A timeline began: <c>main</c> with the ledger, others from a fork.</summary>
[EventName("timeline-started.v1")]
public sealed record TimelineStarted(TimelineId Timeline, string Name, Fork? Fork, string Purpose, TimelineOrigin Origin) : SetupEvent;

/// <summary>What a replay keeps and what it computes.</summary>
public enum ReplayMode
{
    [JsonStringEnumMemberName("factors")] Factors,
    [JsonStringEnumMemberName("values")] Values,
    [JsonStringEnumMemberName("optimise")] Optimise,
    [JsonStringEnumMemberName("auto")] Auto,
}

/// <summary>A replay of revisions <paramref name="From"/> to <paramref name="To"/> of another timeline into this one began.</summary>
/// <param name="Variant">The variant replayed under; null for each edit's own.</param>
/// <param name="Without">Edits left out.</param>
/// <param name="Order">The edits in their new order; empty for the recorded one.</param>
/// <param name="Gate">The policy that judges, or null when the gate is not asked.</param>
/// <param name="OutcomesAsRecorded">Whether recorded outcomes stand instead of new verdicts.</param>
[EventName("replay-started.v1")]
public sealed record ReplayStarted(
    TimelineId Timeline, TimelineId Source, long From, long To, ReplayMode Mode, Variant? Variant,
    ImmutableArray<EditId> Without, ImmutableArray<EditId> Order, string? Gate, bool OutcomesAsRecorded) : SetupEvent
{
    public bool Equals(ReplayStarted? other) =>
        other is not null && Timeline == other.Timeline && Source == other.Source && From == other.From && To == other.To && Mode == other.Mode
        && Variant == other.Variant && Without.SequenceEqual(other.Without) && Order.SequenceEqual(other.Order) && Gate == other.Gate
        && OutcomesAsRecorded == other.OutcomesAsRecorded;

    public override int GetHashCode() => HashCode.Combine(Timeline, Source, From, To, Mode);
}

/// <summary>The replay reached its end.</summary>
/// <param name="Fingerprint">Null where the base was not at hand: a replay in <c>factors</c> or <c>values</c> needs events alone.</param>
/// <param name="Applied">Edits that were let in, by the gate or by a release.</param>
/// <param name="Stopped">Edits that were stopped and that no release let in.</param>
[EventName("replay-completed.v1")]
public sealed record ReplayCompleted(TimelineId Timeline, long Revision, StateId State, Digest? Fingerprint, int Applied, int Stopped) : SetupEvent;

/// <summary>Nothing more will be added to the timeline.</summary>
[EventName("timeline-closed.v1")]
public sealed record TimelineClosed(TimelineId Timeline, string Reason) : SetupEvent;

/// <summary>A revision got a name.</summary>
[EventName("revision-tagged.v1")]
public sealed record RevisionTagged(string Tag, TimelineId Timeline, long Revision) : SetupEvent;
