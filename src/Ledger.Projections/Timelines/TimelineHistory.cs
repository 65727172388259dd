using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;

namespace Ledger.Projections.Timelines;

/// <summary>One revision as a person reads it: what happened to which edit.</summary>
/// <param name="Revision">From 1.</param>
/// <param name="Envelope">The event with who, when and hash.</param>
/// <param name="Edit">The edit it is about.</param>
public sealed record RevisionRow(long Revision, EventEnvelope Envelope, EditId Edit)
{
    public TimelineEvent Event => (TimelineEvent)Envelope.Event;
}

/// <summary>
/// A timeline with everything its events carry: rows to show, factors to fold, and the aggregate to decide with. Built from nothing but
/// the stream; adding events one at a time or all at once gives the same.
/// </summary>
public sealed class TimelineHistory
{
    private readonly List<RevisionRow> rows = [];
    private readonly Dictionary<EditId, EditRecord> records = [];
    private readonly Dictionary<EditId, RankOneDelta> deltas = [];

    private TimelineHistory(TimelineTip start, TimelineStarted started)
    {
        Tip = start;
        Started = started;
    }

    public TimelineStarted Started { get; }

    /// <summary>Its end, without vectors.</summary>
    public TimelineTip Tip { get; }

    /// <summary>The aggregate at the head.</summary>
    public Timeline Timeline => Tip.Timeline;

    /// <summary>The hash of the last event, or of what the chain starts from.</summary>
    public Digest Head => Tip.Head;

    public string Name => Started.Name;

    /// <summary>Revision 1 first.</summary>
    public IReadOnlyList<RevisionRow> Rows => rows;

    public static TimelineHistory Start(TimelineStarted started, Digest chainStart, Digest baseMatrix) =>
        new(TimelineTip.Start(started, chainStart, baseMatrix), started);

    /// <summary>Takes in the next event.</summary>
    /// <exception cref="NoRuleException">This program cannot fold it.</exception>
    public void Add(EventEnvelope envelope)
    {
        Tip.Add(envelope);
        var e = (TimelineEvent)envelope.Event;
        switch (e)
        {
            case EditJudged x:
                records.Add(x.Record.Edit, x.Record);
                deltas[x.Record.Edit] = x.Record.Delta;
                break;
            case EditReleased x:
                deltas[x.Edit] = x.Solution.Delta(records[x.Edit].Keys);
                break;
        }
        rows.Add(new RevisionRow(Timeline.Revision, envelope, RevisionFacts.Edit(e)));
    }

    /// <summary>The edit as it was computed.</summary>
    /// <exception cref="EditUnknownException">The timeline has no such edit.</exception>
    public EditRecord Record(EditId edit) => records.TryGetValue(edit, out var record) ? record : throw new EditUnknownException(edit.ToString(), Name);

    /// <summary>Every edit ever computed on the timeline.</summary>
    public IReadOnlyCollection<EditRecord> Records => records.Values;

    /// <summary>The factors of the edits in effect now, in order of taking effect: the fold's input.</summary>
    public ImmutableArray<RankOneDelta> DeltasInEffect() => [.. Timeline.InEffect.Select(e => deltas[e])];

    /// <summary>The aggregate as it was at a revision.</summary>
    /// <param name="revision">0 for the base, up to the head.</param>
    /// <exception cref="RevisionUnknownException">The timeline has no such revision.</exception>
    public TimelineHistory At(long revision)
    {
        if (revision < 0 || revision > Timeline.Revision)
            throw new RevisionUnknownException($"{Name} has no revision {revision}.", $"it has revisions 0 (the base) to {Timeline.Revision}");
        var past = Start(Started, default, Timeline.BaseMatrix);
        foreach (var row in rows.Take((int)revision)) past.Add(row.Envelope);
        return past;
    }

    /// <summary>The edit that an id, or an unambiguous beginning of one, names.</summary>
    /// <exception cref="EditUnknownException">None or several.</exception>
    public EditId Find(string prefix)
    {
        var found = records.Keys.Where(e => e.ToString().StartsWith(prefix, StringComparison.Ordinal)).Take(9).ToArray();
        return (prefix.Length, found.Length) switch
        {
            ( > 0, 1) => found[0],
            (0, _) or (_, 0) => throw new EditUnknownException(prefix, Name),
            _ => throw new EditUnknownException(prefix, Name, [.. found.Select(f => f.ToString()[..Math.Min(26, prefix.Length + 6)])]),
        };
    }
}
