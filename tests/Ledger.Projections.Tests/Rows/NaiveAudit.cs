using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Rows;

/// <summary>An audit as a fold over a whole history, which knows no rows: what those are compared with. Shared with the Host's tests and bench.</summary>
internal static class NaiveAudit
{
    /// <param name="history">The timeline at its head: what stands where "now" is.</param>
    /// <param name="filter">What is asked for; an empty one asks for everything.</param>
    /// <returns>In order of revision.</returns>
    public static ImmutableArray<AuditEntry> Of(TimelineHistory history, AuditFilter filter)
    {
        var variants = new Dictionary<EditId, Variant>();
        return [.. history.Rows.SelectMany(row => row.Edits.Select(edit => Entry(history, row, history.Record(edit), variants))).Where(filter.Fits)];
    }

    /// <summary>The state after each revision, as recorded; a dismissal changes none and records none.</summary>
    public static ImmutableArray<StateId> States(TimelineHistory history)
    {
        var state = StateId.Of(history.Timeline.BaseMatrix, []);
        return [.. history.Rows.Select(row => state = RevisionFacts.After(row.Event).State ?? state)];
    }

    private static AuditEntry Entry(TimelineHistory history, RevisionRow row, EditRecord record, Dictionary<EditId, Variant> variants)
    {
        var (signals, verdict) = RevisionFacts.Judgement(row.Event);
        var taken = (row.Event as EditsTaken)?.Edits.LastOrDefault(t => t.IsTaken && t.Edit == record.Edit);
        var variant = variants[record.Edit] = taken?.Variant ?? signals?.Chosen ?? variants.GetValueOrDefault(record.Edit, record.Variant);
        var (metadata, request) = (row.Envelope.Metadata, record.Request);
        return new AuditEntry(
            history.Name, row.Revision, metadata.Time, metadata.Actor, row.Event is EditsTaken && taken is null ? "reverted" : RevisionFacts.What(row.Event), record.Edit, record.Provenance.Author,
            request.Prompt, request.Subject, request.Target, request.TrueTarget, request.Relation,
            variant, taken?.AbsDelta ?? signals?.Own.AbsDelta, signals?.Own.KuU, signals?.Own.KvU, verdict?.Outcome, (verdict?.Caught ?? taken?.Caught)?.FirstOrDefault()?.Rule,
            RevisionFacts.Reason(row.Event), record.Provenance.Source, history.Timeline.Known(record.Edit).Status);
    }
}
