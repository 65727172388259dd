using System.Collections.Immutable;
using Ledger.Domain.Events;
using Ledger.Projections.Rows;
using Ledger.Projections.Tests.Rows;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Timelines;

/// <summary>A history's audit, out of the rows that its events make one after the other as those of a timeline without a parent.</summary>
internal static class Audit
{
    public static ImmutableArray<AuditEntry> Of(TimelineHistory history, AuditFilter filter)
    {
        var (rows, stream) = (new RowsInMemory(), StreamName.Of(history.Timeline.Id));
        rows.Add(Some.Envelope(0, history.Started with { Fork = null }) with { Stream = StreamName.Parse("ledger-1") });
        foreach (var (row, n) in history.Rows.Select((row, n) => (row, n))) rows.Add(row.Envelope with { Stream = stream, Number = n });
        return [.. rows.Audit(history.Timeline.Id, edit => EditRow.Of(history.Record(edit))).Where(filter.Fits)];
    }
}
