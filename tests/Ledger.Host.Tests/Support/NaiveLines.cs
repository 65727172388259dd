using Ledger.Domain.Editing;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Projections.Tests.Rows;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Tests.Support;

/// <summary>An audit's lines from every event read and folded, without rows: what those from rows are compared with.</summary>
internal static class NaiveLines
{
    /// <param name="timeline">One timeline, with what it inherited; null for all of them, each revision once, where it lies.</param>
    public static async Task<IReadOnlyList<ShowAudit.Line>> OfAsync(LedgerSession session, string? timeline, AuditFilter filter, CancellationToken token)
    {
        if (timeline is not null) return [.. Lines(session, await session.HistoryAsync(timeline, token), filter, 1).Select(l => l.Line)];

        var all = new List<(long Position, ShowAudit.Line Line)>();
        foreach (var one in session.Setup.Timelines.Values) all.AddRange(Lines(session, await session.HistoryAsync(one, long.MaxValue, token), filter, one.FirstRevision));
        return [.. all.OrderBy(l => l.Position).Select(l => l.Line)];       // keeps the order of the edits of one revision
    }

    private static IEnumerable<(long Position, ShowAudit.Line Line)> Lines(LedgerSession session, TimelineHistory history, AuditFilter filter, long first)
    {
        var states = NaiveAudit.States(history);
        foreach (var x in NaiveAudit.Of(history, filter))
        {
            if (x.Revision < first) continue;
            var row = history.Rows[(int)x.Revision - 1];
            var signals = RevisionFacts.Judgement(row.Event).Signals;
            yield return (row.Envelope.Position.Value, new ShowAudit.Line(
                session.Setup.Base.Ledger, x.Timeline, x.Revision, x.Time, x.Actor, x.Reason, x.What, x.Edit, x.Author, x.Source, x.Prompt, x.Subject, x.Target, x.TrueTarget, x.Relation,
                x.Variant, x.AbsDelta, x.KuU, x.KvU, signals?.CosKeys, signals?.DeltaOverM0,
                signals?.Target is { } t ? TargetScore.Probability(t.Before) : null, signals?.Target?.After is { } after ? TargetScore.Probability(after) : null,
                x.Outcome, x.Caught, x.Status, states[(int)x.Revision - 1], RevisionFacts.After(row.Event).Fingerprint, row.Envelope.Hash));
        }
    }
}
