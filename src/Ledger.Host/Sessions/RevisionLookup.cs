using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Sessions;

/// <summary>A point on a timeline that exists.</summary>
public sealed record RevisionPoint(TimelineEntry Timeline, long Revision)
{
    public string Name => Timeline.Started.Name;

    public override string ToString() => $"{Name}@{Revision}";
}

/// <summary>From the names of revisions to revisions. None of it reads a timeline's events, but to find one by time.</summary>
public static class RevisionLookup
{
    /// <exception cref="RevisionUnknownException">No such timeline, revision or tag.</exception>
    public static async Task<RevisionPoint> PointAsync(this LedgerSession session, RevisionName name, CancellationToken token)
    {
        if (name.Name is { } named)
        {
            if (session.Setup.Tags.TryGetValue(named, out var tag)) return new RevisionPoint(session.Setup.Timelines[tag.Timeline], tag.Revision);
            if (session.Setup.FindTimeline(named) is null) throw Unknown(session.Setup, named);
        }
        var timeline = session.Setup.Timeline(name.Name ?? name.Timeline!);
        var head = await HeadAsync(session, timeline, token);
        if (name.Time is { } time) return new RevisionPoint(timeline, await AtTimeAsync(session, timeline, time, token));
        var revision = name.Revision ?? head;
        return revision <= head ? new RevisionPoint(timeline, revision)
            : throw new RevisionUnknownException($"{timeline.Started.Name} has no revision {revision}.", $"it has revisions 0 (the base) to {head}");
    }

    /// <summary>The history up to a revision, which stays there whatever is read or appended later.</summary>
    /// <exception cref="RevisionUnknownException">No such timeline, revision or tag.</exception>
    public static async Task<TimelineHistory> AtAsync(this LedgerSession session, RevisionName name, CancellationToken token)
    {
        var point = await session.PointAsync(name, token);
        return (await session.HistoryAsync(point.Timeline, point.Revision, token)).At(point.Revision);
    }

    /// <summary>Where a new timeline leaves the one that holds a revision in its own stream.</summary>
    public static async Task<Fork> ForkAsync(this LedgerSession session, RevisionPoint point, CancellationToken token)
    {
        var owner = session.Setup.Owner(point.Timeline, point.Revision);
        if (point.Revision < owner.FirstRevision) return new Fork(owner.Started.Timeline, point.Revision, owner.ChainStart);       // the base
        await foreach (var e in session.Store.ReadStreamAsync(StreamName.Of(owner.Started.Timeline), point.Revision - owner.FirstRevision, token))
            return new Fork(owner.Started.Timeline, point.Revision, e.Hash);
        throw new RevisionUnknownException($"{owner.Started.Name} has no revision {point.Revision}.", "see `ledger log`");
    }

    /// <summary>A timeline's last revision.</summary>
    public static async Task<long> HeadAsync(this LedgerSession session, TimelineEntry timeline, CancellationToken token) =>
        timeline.FirstRevision + ((await session.Store.ReadLastAsync(StreamName.Of(timeline.Started.Timeline), token))?.Number ?? -1);

    /// <summary>
    /// The weight fingerprint that was recorded of the state a history ends in: of the base, by an event of its timeline, an earlier or a later one, or at the end of a replay. Null where
    /// none was.
    /// </summary>
    public static async Task<Digest?> RecordedFingerprintAsync(this LedgerSession session, TimelineHistory history, CancellationToken token)
    {
        var now = history.Timeline;
        if (now.InEffect.IsEmpty) return session.Setup.Base.BaseMatrix;
        return (await session.HistoryAsync(history.Name, token)).Fingerprint(now.State)
            ?? session.Setup.Replayed.Values.FirstOrDefault(r => r.State == now.State && r.Fingerprint is not null)?.Fingerprint;
    }

    private static async Task<long> AtTimeAsync(LedgerSession session, TimelineEntry timeline, DateTimeOffset time, CancellationToken token)
    {
        var found = 0L;
        await foreach (var (revision, e) in session.EventsAsync(timeline, token))
            if (EventJson.Current.ReadMetadata(e).Time <= time) found = revision;       // clocks may be set back: every event is looked at
        return found;
    }

    private static RevisionUnknownException Unknown(LedgerSetup setup, string name) => new(
        $"\"{name}\" is neither a timeline nor a tag.",
        $"{NearNames.Suggest(name, setup.Timelines.Values.Select(t => t.Started.Name).Concat(setup.Tags.Keys), "there are")}   a revision is written main@17, main@head or 17");
}
