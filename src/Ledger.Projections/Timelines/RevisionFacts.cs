using Ledger.Domain;
using Ledger.Domain.Events;

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
        _ => throw new NoRuleException(EventJson.NameOf(e), 0),
    };

    /// <summary>The edit it is about.</summary>
    public static EditId Edit(TimelineEvent e) => e switch
    {
        EditJudged x => x.Record.Edit,
        EditReleased x => x.Edit,
        EditDismissed x => x.Edit,
        EditWithheld x => x.Edit,
        EditReverted x => x.Edit,
        EditReinstated x => x.Edit,
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
        _ => throw new NoRuleException(EventJson.NameOf(e), 0),
    };
}
