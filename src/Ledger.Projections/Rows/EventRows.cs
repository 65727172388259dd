using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Rows;

/// <summary>Which rows an event makes of the rows that are there. The same events in the same order make the same rows.</summary>
public static class EventRows
{
    private const string Timelines = "timeline-", Ledgers = "ledger-";

    /// <summary>Whether events of a stream make rows: observations and jobs lie beside the timelines and change no edit.</summary>
    public static bool Concern(StreamName stream) => IsTimeline(stream) || stream.ToString().StartsWith(Ledgers, StringComparison.Ordinal);

    /// <param name="e">The next event of its stream; of all streams, the next one in the store's order.</param>
    /// <exception cref="NoRuleException">This program cannot fold it.</exception>
    /// <exception cref="EventOutOfPlaceException">It does not follow from what is there.</exception>
    public static MadeRows Of(EventEnvelope e, IRowLookup rows) => e.Event switch
    {
        var x when x is TimelineEvent != IsTimeline(e.Stream) => throw new NoRuleException(EventJson.NameOf(x), e.Number),
        TimelineStarted x => new MadeRows(Started(e, x, rows), null, []),
        TimelineClosed x => new MadeRows((rows.Timeline(x.Timeline) ?? throw NeverStarted(e)) with { Closed = x.Reason }, null, []),
        LedgerOpened or ContextTemplatesDrawn or KeyStatisticsRecorded or GatePolicySet or ReplayStarted or ReplayCompleted or RevisionTagged => MadeRows.None,
        TimelineEvent x => Made(e, x, rows),
        var other => throw new NoRuleException(EventJson.NameOf(other), e.Number),
    };

    private static bool IsTimeline(StreamName stream) => stream.ToString().StartsWith(Timelines, StringComparison.Ordinal);

    private static TimelineRow Started(EventEnvelope e, TimelineStarted x, IRowLookup rows)
    {
        if (rows.Timeline(x.Timeline) is not null) throw new EventOutOfPlaceException(e, "starts a timeline that was started before");
        var fork = x.Fork?.Revision ?? 0;
        if (x.Fork is { } from && (rows.Timeline(from.Parent) ?? throw NeverStarted(e)).Head < fork) throw new EventOutOfPlaceException(e, "leaves a timeline at a revision that it has not got");
        return new TimelineRow(x.Timeline, x.Name, x.Fork?.Parent, fork, fork, x.Purpose, null);
    }

    private static MadeRows Made(EventEnvelope e, TimelineEvent x, IRowLookup rows)
    {
        var line = TimelineId.TryParse(e.Stream.ToString()[Timelines.Length..], null, out var id) ? rows.Timeline(id) : null;
        if (line is null) throw NeverStarted(e);
        if (e.Number != line.Head - line.Fork) throw new EventOutOfPlaceException(e, $"comes where event {line.Head - line.Fork} should");
        var edit = x is EditJudged judged ? EditRow.Of(judged.Record) : null;
        if (edit is not null && rows.Edit(edit.Id) is not null) throw new EventOutOfPlaceException(e, $"judges edit {edit.Id.Short()}, which was judged before");
        return new MadeRows(line with { Head = line.Head + 1 }, edit, Changes(e, x, line, rows));
    }

    private static ImmutableArray<ChangeRow> Changes(EventEnvelope e, TimelineEvent x, TimelineRow line, IRowLookup rows)
    {
        var edits = RevisionFacts.Edits(x);
        var before = edits.ToDictionary(edit => edit, edit => OnAncestry(line, rows, (timeline, upTo) => rows.LastChange(timeline, edit, upTo)));
        var after = After(e, x, line, before);
        var (signals, verdict) = RevisionFacts.Judgement(x);
        var (state, fingerprint) = RevisionFacts.After(x);
        // A dismissal changes no state and records none.
        var now = state ?? OnAncestry(line, rows, rows.LastChange)?.State ?? throw Unknown(e, edits[0]);
        return
        [
            .. edits.Select((edit, ordinal) =>
            {
                var taken = (x as EditsTaken)?.Edits.LastOrDefault(t => t.IsTaken && t.Edit == edit);
                return new ChangeRow(
                    line.Id, line.Head + 1, ordinal, e.Metadata.Time, e.Metadata.Actor, RevisionFacts.Reason(x), x is EditsTaken && taken is null ? "reverted" : RevisionFacts.What(x), edit,
                    taken?.Variant ?? signals?.Chosen ?? (before[edit] ?? throw Unknown(e, edit)).Variant, taken?.AbsDelta ?? signals?.Own.AbsDelta, signals?.Own.KuU, signals?.Own.KvU,
                    signals?.CosKeys, signals?.DeltaOverM0,
                    signals?.Target is { } t ? TargetScore.Probability(t.Before) : null, signals?.Target?.After is { } with ? TargetScore.Probability(with) : null,
                    verdict?.Outcome, (verdict?.Caught ?? taken?.Caught)?.FirstOrDefault()?.Rule, after[edit], now, fingerprint, e.Hash, e.Position);
            }),
        ];
    }

    /// <summary>Where each edit that the event is about stands after it.</summary>
    private static IReadOnlyDictionary<EditId, EditStatus> After(EventEnvelope e, TimelineEvent x, TimelineRow line, Dictionary<EditId, ChangeRow?> before)
    {
        if (x is EditsTaken taken) return AfterTaking(e, taken, before);
        var edit = before.Keys.Single();
        if (x is not EditJudged && before[edit] is null) throw Unknown(e, edit);
        return new Dictionary<EditId, EditStatus>
        {
            [edit] = x switch
            {
                EditApplied or EditReleased or EditReinstated => EditStatus.InEffect,
                EditQuarantined or EditWithheld => EditStatus.Quarantined,
                EditRejected => EditStatus.Rejected,
                EditDismissed => EditStatus.Dismissed,
                EditReverted => EditStatus.Reverted,
                _ => throw new NoRuleException(EventJson.NameOf(x), line.Head + 1),
            },
        };
    }

    /// <summary>One after the other: what one puts into effect another may push aside.</summary>
    private static Dictionary<EditId, EditStatus> AfterTaking(EventEnvelope e, EditsTaken x, Dictionary<EditId, ChangeRow?> before)
    {
        var status = before.Where(b => b.Value is not null).ToDictionary(b => b.Key, b => b.Value!.Status);
        foreach (var taken in x.Edits.Where(t => t.IsTaken))
        {
            foreach (var over in taken.GivingWay)
                if (!status.TryGetValue(over, out var stood)) throw Unknown(e, over);
                else if (stood == EditStatus.InEffect) status[over] = EditStatus.Reverted;
            status[taken.Edit] = taken.Status;
        }
        return status;
    }

    /// <summary>From a timeline's head back: its own stream, then its parent's up to the fork, and so on.</summary>
    private static ChangeRow? OnAncestry(TimelineRow line, IRowLookup rows, Func<TimelineId, long, ChangeRow?> find)
    {
        var upTo = line.Head;
        while (true)
        {
            if (find(line.Id, upTo) is { } found) return found;
            if (line.Parent is not { } parent) return null;
            (line, upTo) = (rows.Timeline(parent)!, Math.Min(upTo, line.Fork));
        }
    }

    private static EventOutOfPlaceException NeverStarted(EventEnvelope e) => new(e, "is of a timeline that never started");

    private static EventOutOfPlaceException Unknown(EventEnvelope e, EditId edit) => new(e, $"is about edit {edit.Short()}, which its timeline has not got");
}

/// <summary>An event does not follow from the ones before it: a store lost or doubled some, or somebody else wrote it.</summary>
public sealed class EventOutOfPlaceException(EventEnvelope e, string problem)
    : LedgerException($"Event {e.Number} of {e.Stream} {problem}.", "run `ledger verify`; restore the file from a backup")
{
    public StreamName Stream { get; } = e.Stream;
    public long Number { get; } = e.Number;
    public override FailureKind Kind => FailureKind.VerificationFailed;
}
