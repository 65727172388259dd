using Ledger.Domain;
using Ledger.Domain.Events;

namespace Ledger.Projections.Replay;

/// <summary>What became of the edits of a replay.</summary>
/// <param name="LetIn">Edits that were let in, by the gate or by a release.</param>
/// <param name="Released">Those of them that only a release let in.</param>
/// <param name="Quarantined">Edits that were quarantined and that no release let in.</param>
/// <param name="Rejected">Edits that were rejected.</param>
public readonly record struct ReplayCounts(int LetIn, int Released, int Quarantined, int Rejected)
{
    /// <summary>Edits that were stopped and stayed so.</summary>
    public int Stopped => Quarantined + Rejected;

    /// <param name="own">The events that the replay made.</param>
    public static ReplayCounts Of(IEnumerable<TimelineEvent> own)
    {
        HashSet<EditId> applied = [], released = [], quarantined = [];
        var rejected = 0;
        foreach (var e in own)
        {
            if (e is EditApplied x) applied.Add(x.Record.Edit);
            if (e is EditQuarantined y) quarantined.Add(y.Record.Edit);
            if (e is EditRejected) rejected++;
            if (e is EditReleased z) released.Add(z.Edit);
        }
        released.ExceptWith(applied);               // withheld, and let in again
        quarantined.ExceptWith(released);
        return new ReplayCounts(applied.Count + released.Count, released.Count, quarantined.Count, rejected);
    }
}
