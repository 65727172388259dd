using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.Projections.Timelines;

/// <summary>What every kind of revision has in common.</summary>
public static class RevisionFacts
{
    /// <summary>One word for what happened.</summary>
    public static string What(TimelineEvent e) => e switch
    {
        EditApplied => "applied",
        EditQuarantined => "quarantined",
        EditRejected => "rejected",
        EditReleased => "released",
        EditDismissed => "dismissed",
        EditWithheld => "withheld",
        EditReverted => "reverted",
        EditReinstated => "reinstated",
        TimelineMerged => "merged",
        EditsCherryPicked => "cherry-picked",
        _ => throw new NoRuleException(EventJson.NameOf(e), 0),
    };

    /// <summary>The edits it is about: one, or those of a merge or cherry-pick that were taken, with the ones that gave way to them.</summary>
    public static ImmutableArray<EditId> Edits(TimelineEvent e) => e switch
    {
        EditJudged x => [x.Record.Edit],
        EditReleased x => [x.Edit],
        EditDismissed x => [x.Edit],
        EditWithheld x => [x.Edit],
        EditReverted x => [x.Edit],
        EditReinstated x => [x.Edit],
        EditsTaken x => [.. x.Edits.Where(t => t.IsTaken).SelectMany(t => t.GivingWay.Append(t.Edit)).Distinct()],
        _ => throw new NoRuleException(EventJson.NameOf(e), 0),
    };

    /// <summary>Why, in the words of who did it; null where nobody said.</summary>
    public static string? Reason(TimelineEvent e) => e switch
    {
        EditJudged x => x.Record.Provenance.Reason,
        EditReleased x => x.Reason,
        EditDismissed x => x.Reason,
        EditWithheld x => x.Reason,
        EditReverted x => x.Reason,
        EditReinstated x => x.Reason,
        EditsTaken x => x.Reason,
        _ => throw new NoRuleException(EventJson.NameOf(e), 0),
    };

    /// <summary>The state and weight fingerprint the event recorded; null where it recorded none.</summary>
    public static (StateId? State, Digest? Fingerprint) After(TimelineEvent e) => e switch
    {
        EditJudged x => (x.Record.After, x.Record.Fingerprint),
        EditReleased x => (x.After, x.Fingerprint),
        EditDismissed => (null, null),
        EditWithheld x => (x.After, x.Fingerprint),
        EditReverted x => (x.After, x.Fingerprint),
        EditReinstated x => (x.After, x.Fingerprint),
        EditsTaken x => (x.After, x.Fingerprint),
        _ => throw new NoRuleException(EventJson.NameOf(e), 0),
    };

    /// <summary>The event with the weight fingerprint after it; a dismissal, which changes no weights and has no place for one, as it is.</summary>
    public static TimelineEvent WithFingerprint(TimelineEvent e, Digest fingerprint) => e switch
    {
        EditJudged x => x with { Record = x.Record with { Fingerprint = fingerprint } },
        EditReleased x => x with { Fingerprint = fingerprint },
        EditDismissed => e,
        EditWithheld x => x with { Fingerprint = fingerprint },
        EditReverted x => x with { Fingerprint = fingerprint },
        EditReinstated x => x with { Fingerprint = fingerprint },
        EditsTaken x => x with { Fingerprint = fingerprint },
        _ => throw new NoRuleException(EventJson.NameOf(e), 0),
    };

    /// <summary>Sizes and verdict of the factors the event carries; null for events without factors.</summary>
    public static (Signals? Signals, Verdict? Verdict) Judgement(TimelineEvent e) => e switch
    {
        EditJudged x => (x.Record.Signals, x.Record.Verdict),
        EditReleased x => (x.Signals, x.Verdict),
        _ => (null, null),
    };
}
