using Ledger.Domain;
using Ledger.Domain.Events;

namespace Ledger.Projections.Timelines;

/// <summary>
/// The end of a timeline: all that deciding and appending need, and no vectors. A run of thousands of edits keeps a few hundred bytes of
/// each; the factors stay in the store, and <see cref="PutInEffect"/> says which revision to read them from.
/// </summary>
public sealed class TimelineTip
{
    private readonly HashSet<Guid> events = [];
    private readonly Dictionary<EditId, long> entered = [];

    private TimelineTip(Timeline start, Digest chainStart)
    {
        Timeline = start;
        Head = chainStart;
    }

    /// <summary>The aggregate at the head.</summary>
    public Timeline Timeline { get; private set; }

    /// <summary>The hash of the last event, or of what the chain starts from.</summary>
    public Digest Head { get; private set; }

    /// <summary>Number of the last event in the timeline's own stream; −1 when it has none.</summary>
    public long LastNumber { get; private set; } = -1;

    public static TimelineTip Start(TimelineStarted started, Digest chainStart, Digest baseMatrix) =>
        new(Timeline.Start(started.Timeline, started.Name, baseMatrix), chainStart);

    /// <summary>Whether the timeline has the event of this id: the command it belongs to is done.</summary>
    public bool Has(Guid eventId) => events.Contains(eventId);

    /// <summary>The revision that put an edit into effect, the last time; null when it is not in effect.</summary>
    public long? PutInEffect(EditId edit) => entered.TryGetValue(edit, out var revision) ? revision : null;

    /// <summary>Whether edits in effect came by a merge or cherry-pick, so that their factors are another timeline's.</summary>
    public bool HasTaken { get; private set; }

    /// <summary>The end of a timeline that leaves this one here.</summary>
    /// <param name="started">Its start; the fork is this timeline's present revision.</param>
    /// <param name="chainStart">What its chain goes on from.</param>
    public TimelineTip Branch(TimelineStarted started, Digest chainStart)
    {
        var branch = new TimelineTip(Timeline.Branch(started.Timeline, started.Name), chainStart) { HasTaken = HasTaken };
        branch.events.UnionWith(events);
        foreach (var (edit, revision) in entered) branch.entered.Add(edit, revision);
        return branch;
    }

    /// <summary>Takes in the next event.</summary>
    /// <exception cref="NoRuleException">This program cannot fold it.</exception>
    public void Add(EventEnvelope envelope)
    {
        var e = envelope.Event as TimelineEvent ?? throw new NoRuleException(EventJson.NameOf(envelope.Event), Timeline.Revision + 1);
        Timeline = Timeline.Evolve(e);
        events.Add(envelope.Metadata.EventId);
        Head = envelope.Hash;
        LastNumber = envelope.Number;
        HasTaken |= e is EditsTaken;
        foreach (var edit in RevisionFacts.Edits(e))
        {
            if (Timeline.Known(edit).Status != EditStatus.InEffect) entered.Remove(edit);
            else entered[edit] = Timeline.Revision;
        }
    }
}
