using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Stores;
using Ledger.Host.Trust;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Sessions;

/// <summary>Who is behind an append, and what makes it recognisable when it is tried again.</summary>
/// <param name="Actor">A person, or <c>policy:name@version</c>.</param>
/// <param name="Correlation">The command.</param>
/// <param name="IdempotencyKey">Null when a repeat shall be a new event.</param>
public sealed record CommandContext(string Actor, Guid Correlation, string? IdempotencyKey = null)
{
    public static CommandContext For(string actor) => new(actor, Guid.NewGuid());

    /// <summary>The event id: derived from the key where there is one, so that a repeat is settled by the store.</summary>
    public Guid EventId => IdempotencyKey is { } key ? new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16)) : Guid.NewGuid();
}

/// <summary>
/// One open ledger: its set-up, read whole, and its timelines, read when they are asked for. Appends go through here, so that hash,
/// expected revision and the state in memory stay in step. For one caller at a time.
/// </summary>
public sealed class LedgerSession : IAsyncDisposable
{
    private readonly IEventStore store;
    private readonly Dictionary<TimelineId, TimelineHistory> histories = [];
    private readonly Dictionary<TimelineId, TimelineTip> tips = [];
    private readonly HashSet<TimelineId> reading = [];

    private LedgerSession(LedgerPaths paths, IEventStore store, TimeProvider time)
    {
        Paths = paths;
        this.store = store;
        Time = time;
    }

    /// <summary>What this program writes into every event.</summary>
    public static string Program { get; } = $"ledger {typeof(LedgerSession).Assembly.GetName().Version!.ToString(3)}";

    public LedgerPaths Paths { get; }

    public TimeProvider Time { get; }

    public IEventStore Store => store;

    public StreamName SetupStream { get; private set; }

    public LedgerSetup Setup { get; private set; } = LedgerSetup.Empty;

    /// <summary>Reads the set-up. The session owns the store from here on.</summary>
    public static async Task<LedgerSession> ReadAsync(LedgerPaths paths, IEventStore store, TimeProvider time, CancellationToken token)
    {
        var session = new LedgerSession(paths, store, time);
        try
        {
            if (store.Ledger is { } known) session.SetupStream = StreamName.Of(known);
            else
                await foreach (var recorded in store.ReadAllAsync(StorePosition.Start, token))
                {
                    // The ledger's own stream is the first event's; a file holds one ledger.
                    session.SetupStream = recorded.Stream;
                    break;
                }
            if (session.SetupStream != default) await session.CatchUpSetupAsync(token);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>A timeline with all its factors, up to its head; asked for again, it holds what was appended since as well.</summary>
    /// <param name="timeline">Its name.</param>
    /// <exception cref="RevisionUnknownException">There is no such timeline.</exception>
    public Task<TimelineHistory> HistoryAsync(string timeline, CancellationToken token) => HistoryAsync(Named(timeline), long.MaxValue, token);

    /// <summary>The same; it has at least the revisions up to the one named.</summary>
    public async Task<TimelineHistory> HistoryAsync(TimelineEntry timeline, long upTo, CancellationToken token)
    {
        var id = timeline.Started.Timeline;
        if (!histories.TryGetValue(id, out var history))
        {
            history = timeline.Started.Fork is { } fork
                ? (await HistoryAsync(Setup.Timelines[fork.Parent], fork.Revision, token)).Branch(timeline.Started, timeline.ChainStart)
                : TimelineHistory.Start(timeline.Started, timeline.ChainStart, Setup.Base.BaseMatrix);
            histories.Add(id, history);
        }
        if (history.Timeline.Revision >= upTo) return history;
        // A merge takes from what was there before it, so reading one timeline for another ends; only a damaged ledger goes round.
        if (!reading.Add(id)) throw new VerificationException(StreamName.Of(id), history.Tip.LastNumber + 1, "takes from a revision that came after it");
        try
        {
            await foreach (var recorded in store.ReadStreamAsync(StreamName.Of(id), history.Tip.LastNumber + 1, token))
            {
                await AddAsync(history, EventJson.Current.Read(recorded), token);
                if (history.Timeline.Revision >= upTo) break;
            }
            return history;
        }
        finally
        {
            reading.Remove(id);
        }
    }

    /// <summary>A timeline that was read because another one took from it, at least up to what was taken.</summary>
    public TimelineHistory Read(TimelineId timeline) => histories[timeline];

    /// <summary>A timeline's end, without factors: what stays in memory does not grow with the edits that are there.</summary>
    /// <param name="timeline">Its name.</param>
    /// <exception cref="RevisionUnknownException">There is no such timeline.</exception>
    public async Task<TimelineTip> TipAsync(string timeline, CancellationToken token)
    {
        var entry = Named(timeline);
        if (tips.TryGetValue(entry.Started.Timeline, out var known)) return known;
        TimelineTip? tip = null;
        foreach (var line in Setup.Ancestry(entry))
        {
            tip = tip?.Branch(line.Started, line.ChainStart) ?? TimelineTip.Start(line.Started, line.ChainStart, Setup.Base.BaseMatrix);
            await foreach (var (_, recorded) in OwnEventsAsync(line, Setup.LastOf(line, entry), tip.LastNumber + 1, token)) tip.Add(EventJson.Current.Read(recorded));
        }
        return tips[entry.Started.Timeline] = tip!;
    }

    /// <summary>Appends to the ledger's own stream.</summary>
    /// <exception cref="StreamConflictException">Somebody else appended since this session read it.</exception>
    public async Task AppendAsync(SetupEvent e, CommandContext by, CancellationToken token)
    {
        if (e is LedgerOpened opened) SetupStream = StreamName.Of(opened.Ledger);
        else await RequireStillThereAsync(SetupStream, Setup.Events - 1, Setup.Head, token);
        var envelope = await AppendAsync(SetupStream, Setup.Events - 1, Setup.Head, e, by, token);
        Setup = Setup.Evolve(e, envelope.Hash);
    }

    /// <summary>Decides on the set-up as it is and appends; where others were faster, decides again on what they left.</summary>
    /// <returns>The event; null where there was nothing to decide any more.</returns>
    /// <exception cref="StreamConflictException">Five times in a row.</exception>
    public async Task<T?> DecideAsync<T>(Func<LedgerSetup, T?> decide, CommandContext by, CancellationToken token) where T : SetupEvent
    {
        for (var tries = 1; ; tries++)
        {
            if (decide(Setup) is not { } e) return null;
            try
            {
                await AppendAsync(e, by, token);
                return e;
            }
            catch (StreamConflictException) when (tries < 5)
            {
                await CatchUpSetupAsync(token);
            }
        }
    }

    /// <summary>
    /// What is appended continues the event that this session read last. A store is told its number only, and a server that was restored from a backup under a session that stays may have another one there by now.
    /// </summary>
    private async Task RequireStillThereAsync(StreamName stream, long number, Digest hash, CancellationToken token)
    {
        if (number >= 0 && !await store.StillHasAsync(stream, number, e => e.Hash == hash, token)) throw new HistoryReplacedException(stream, number);
    }

    /// <summary>Appends to a timeline.</summary>
    /// <param name="tip">Its end, of this session: a history's or one without.</param>
    /// <returns>The row it became.</returns>
    /// <exception cref="TimelineConflictException">Somebody else appended since this session read it.</exception>
    public async Task<RevisionRow> AppendAsync(TimelineTip tip, TimelineEvent e, CommandContext by, CancellationToken token)
    {
        // It may have been closed since this session read the set-up, which for a long run is long ago.
        await CatchUpSetupAsync(token);
        Setup.RequireOpen(tip.Timeline.Id);
        await RequireStillThereAsync(StreamName.Of(tip.Timeline.Id), tip.LastNumber, tip.Head, token);
        try
        {
            var envelope = await AppendAsync(StreamName.Of(tip.Timeline.Id), tip.LastNumber, tip.Head, e, by, token);
            await AddAsync(tip, envelope, token);
            return new RevisionRow(tip.Timeline.Revision, envelope, RevisionFacts.Edits(e));
        }
        catch (StreamConflictException conflict)
        {
            var revision = tip.Timeline.Revision;
            throw new TimelineConflictException(tip.Timeline.Name, revision, revision + conflict.Actual.Number - tip.LastNumber, conflict);
        }
    }

    /// <summary>What was observed beside a timeline, oldest first.</summary>
    public async IAsyncEnumerable<EventEnvelope> ObservationsAsync(TimelineId timeline, [EnumeratorCancellation] CancellationToken token)
    {
        await foreach (var recorded in store.ReadStreamAsync(StreamName.ObservationsOf(timeline), 0, token)) yield return EventJson.Current.Read(recorded);
    }

    /// <summary>Appends an observation beside a timeline, behind whatever others observed meanwhile: observations depend on nothing in their stream. One that is there already is not appended again.</summary>
    /// <exception cref="StreamConflictException">Others were faster every time.</exception>
    public async Task ObserveAsync(TimelineId timeline, ObservationEvent e, CommandContext by, CancellationToken token)
    {
        var stream = StreamName.ObservationsOf(timeline);
        for (var tries = 1; ; tries++)
        {
            var last = await store.ReadLastAsync(stream, token);
            try
            {
                await PutAsync(stream, last?.Number ?? -1, last?.Hash ?? Digest.Zero, e, by, token);
                return;
            }
            catch (StreamConflictException) when (tries < 20)
            {
            }
        }
    }

    /// <summary>Takes in what others appended to a timeline since this session read it.</summary>
    /// <returns>The new events.</returns>
    public async Task<IReadOnlyList<TimelineEvent>> CatchUpAsync(TimelineTip tip, CancellationToken token)
    {
        var seen = new List<TimelineEvent>();
        await foreach (var recorded in store.ReadStreamAsync(StreamName.Of(tip.Timeline.Id), tip.LastNumber + 1, token))
        {
            var envelope = EventJson.Current.Read(recorded);
            await AddAsync(tip, envelope, token);
            seen.Add((TimelineEvent)envelope.Event);
        }
        return seen;
    }

    /// <summary>The factors of the edits in effect, in order of taking effect, from the store: a page of events in memory at a time.</summary>
    public async IAsyncEnumerable<RankOneDelta> DeltasInEffectAsync(TimelineTip tip, [EnumeratorCancellation] CancellationToken token)
    {
        var timeline = Setup.Timelines[tip.Timeline.Id];
        if (tip.HasTaken)
        {
            // What was taken over lies in another timeline's stream, or follows from the state: that needs the history.
            foreach (var delta in (await HistoryAsync(timeline, tip.Timeline.Revision, token)).At(tip.Timeline.Revision).DeltasInEffect()) yield return delta;
            yield break;
        }
        // An edit takes effect with its own event, or with a later one that may need what the first one carries: those are kept until then.
        var waiting = new Dictionary<EditId, (EditKeys Keys, RankOneDelta Delta)>();
        await foreach (var (revision, recorded) in EventsAsync(timeline, token))
        {
            if (revision > tip.Timeline.Revision) yield break;
            var e = (TimelineEvent)EventJson.Current.Read(recorded).Event;
            var edit = RevisionFacts.Edits(e).Single();
            if (tip.PutInEffect(edit) is not { } entered || entered < revision) continue;
            if (e is EditJudged x) waiting[edit] = (x.Record.Keys, x.Record.Delta);
            if (e is EditReleased y) waiting[edit] = (waiting[edit].Keys, y.Solution.Delta(waiting[edit].Keys));
            if (entered == revision && waiting.Remove(edit, out var effective)) yield return effective.Delta;
        }
    }

    /// <summary>A timeline's events as stored, inherited ones first, each with the revision it made.</summary>
    public async IAsyncEnumerable<(long Revision, RecordedEvent Event)> EventsAsync(TimelineEntry timeline, [EnumeratorCancellation] CancellationToken token)
    {
        foreach (var line in Setup.Ancestry(timeline))
            await foreach (var e in OwnEventsAsync(line, Setup.LastOf(line, timeline), 0, token)) yield return e;
    }

    /// <summary>Takes in what others appended to the ledger's own stream.</summary>
    public async Task CatchUpSetupAsync(CancellationToken token)
    {
        await foreach (var recorded in store.ReadStreamAsync(SetupStream, Setup.Events, token))
        {
            var envelope = EventJson.Current.Read(recorded);
            var e = envelope.Event as SetupEvent ?? throw new NoRuleException(recorded.Type, recorded.Number);
            Setup = Setup.Evolve(e, recorded.Hash);
        }
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async Task<EventEnvelope> AppendAsync(StreamName stream, long last, Digest previous, LedgerEvent e, CommandContext by, CancellationToken token)
    {
        var (envelope, alreadyThere) = await PutAsync(stream, last, previous, e, by, token);
        // Seen before but not by this session: somebody else ran the same command. What is in memory is behind.
        return alreadyThere ? throw new StreamConflictException(stream, new ExpectedRevision(last), new ExpectedRevision(envelope.Number)) : envelope;
    }

    private async Task<(EventEnvelope Envelope, bool AlreadyThere)> PutAsync(StreamName stream, long last, Digest previous, LedgerEvent e, CommandContext by, CancellationToken token)
    {
        var metadata = new EventMetadata(by.EventId, Time.GetUtcNow(), by.Actor, by.Correlation, null, Program);
        var following = NewEvent.After(stream, last, previous, e, metadata);
        var result = await store.AppendAsync(stream, new ExpectedRevision(last), following, token);
        return (new EventEnvelope(result.Position, stream, result.Number, metadata, e, previous, following.Hash), result.AlreadyThere);
    }

    /// <summary>What lies in a timeline's own stream, up to a revision.</summary>
    private async IAsyncEnumerable<(long Revision, RecordedEvent Event)> OwnEventsAsync(TimelineEntry timeline, long last, long from, [EnumeratorCancellation] CancellationToken token)
    {
        var first = timeline.FirstRevision;
        if (first + from > last) yield break;
        await foreach (var recorded in store.ReadStreamAsync(StreamName.Of(timeline.Started.Timeline), from, token))
        {
            yield return (first + recorded.Number, recorded);
            if (first + recorded.Number >= last) yield break;
        }
    }

    /// <summary>Into the history that the tip is the end of, where there is one.</summary>
    private Task AddAsync(TimelineTip tip, EventEnvelope e, CancellationToken token)
    {
        if (histories.TryGetValue(tip.Timeline.Id, out var history) && ReferenceEquals(history.Tip, tip)) return AddAsync(history, e, token);
        tip.Add(e);
        return Task.CompletedTask;
    }

    private async Task AddAsync(TimelineHistory history, EventEnvelope e, CancellationToken token) =>
        history.Add(e, e.Event is EditsTaken x ? await HistoryAsync(await SourceAsync(e, x, token), x.SourceRevision, token) : null);

    private async Task<TimelineEntry> SourceAsync(EventEnvelope e, EditsTaken x, CancellationToken token)
    {
        // It may have begun since this session read the set-up.
        if (!Setup.Timelines.ContainsKey(x.Source)) await CatchUpSetupAsync(token);
        return Setup.Timelines.GetValueOrDefault(x.Source) ?? throw new VerificationException(e, "takes from a timeline that never started");
    }

    private TimelineEntry Named(string timeline) =>
        Setup.Timelines.IsEmpty ? throw new SetupException("This ledger has no timeline: its opening did not finish.", "remove the file and open it again; it holds no edits") : Setup.Timeline(timeline);
}
