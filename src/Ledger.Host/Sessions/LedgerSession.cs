using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
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
/// One ledger, read up to its head: the set-up and the timeline <c>main</c>. Appends go through here, so that hash, expected revision
/// and the state in memory stay in step. A session that is opened to append keeps the timeline's end and no history, so that it stays small
/// however long the timeline is. For one caller at a time.
/// </summary>
public sealed class LedgerSession : IAsyncDisposable
{
    private readonly IEventStore store;
    private readonly TimeProvider time;
    private readonly bool keepsHistory;
    private TimelineHistory? main;
    private TimelineTip? tip;

    private LedgerSession(LedgerPaths paths, IEventStore store, TimeProvider time, bool keepsHistory)
    {
        Paths = paths;
        this.store = store;
        this.time = time;
        this.keepsHistory = keepsHistory;
    }

    /// <summary>What this program writes into every event.</summary>
    public static string Program { get; } = $"ledger {typeof(LedgerSession).Assembly.GetName().Version!.ToString(3)}";

    public LedgerPaths Paths { get; }

    public IEventStore Store => store;

    public StreamName SetupStream { get; private set; }

    public LedgerSetup Setup { get; private set; } = LedgerSetup.Empty;

    /// <summary>The history of <c>main</c>.</summary>
    /// <exception cref="SetupException">The opening did not finish.</exception>
    public TimelineHistory Main => main ?? (tip is null ? throw Unfinished() : throw new UnreachableException("A session that is opened to append keeps no history."));

    /// <summary>The end of <c>main</c>.</summary>
    /// <exception cref="SetupException">The opening did not finish.</exception>
    public TimelineTip Tip => tip ?? throw Unfinished();

    /// <summary>Reads the whole ledger. The session owns the store from here on.</summary>
    /// <param name="keepHistory">Whether <see cref="Main"/> is needed, or the end of the timeline is enough.</param>
    public static async Task<LedgerSession> ReadAsync(LedgerPaths paths, IEventStore store, TimeProvider time, bool keepHistory, CancellationToken token)
    {
        var session = new LedgerSession(paths, store, time, keepHistory);
        try
        {
            await session.ReadSetupAsync(token);
            if (session.Setup.Timelines.Count > 0)
                await foreach (var e in session.NewAsync(token)) session.Add(e);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    public Task AppendAsync(SetupEvent e, CommandContext by, CancellationToken token)
    {
        if (e is LedgerOpened opened) SetupStream = StreamName.Of(opened.Ledger);
        return AppendSetupAsync(e, by, token);
    }

    /// <summary>Appends to <c>main</c>.</summary>
    /// <returns>The row it became.</returns>
    /// <exception cref="TimelineConflictException">Somebody else appended since this session read the ledger.</exception>
    public async Task<RevisionRow> AppendAsync(TimelineEvent e, CommandContext by, CancellationToken token)
    {
        try
        {
            var envelope = await AppendAsync(StreamName.Of(Tip.Timeline.Id), Tip.LastNumber, Tip.Head, e, by, token);
            Add(envelope);
            return new RevisionRow(Tip.Timeline.Revision, envelope, RevisionFacts.Edit(e));
        }
        catch (StreamConflictException conflict)
        {
            var revision = Tip.Timeline.Revision;
            throw new TimelineConflictException(Tip.Timeline.Name, revision, revision + conflict.Actual.Number - Tip.LastNumber, conflict);
        }
    }

    /// <summary>Takes in what others appended to <c>main</c> since this session read it.</summary>
    /// <returns>The new events.</returns>
    public async Task<IReadOnlyList<TimelineEvent>> CatchUpAsync(CancellationToken token)
    {
        var seen = new List<TimelineEvent>();
        await foreach (var e in NewAsync(token))
        {
            Add(e);
            seen.Add((TimelineEvent)e.Event);
        }
        return seen;
    }

    /// <summary>The factors of the edits in effect, in order of taking effect, from the store: a page of events in memory at a time.</summary>
    public async IAsyncEnumerable<RankOneDelta> DeltasInEffectAsync([EnumeratorCancellation] CancellationToken token)
    {
        // An edit takes effect with its own event, or with a later one that may need what the first one carries: those are kept until then.
        var waiting = new Dictionary<EditId, (EditKeys Keys, RankOneDelta Delta)>();
        await foreach (var recorded in store.ReadStreamAsync(StreamName.Of(Tip.Timeline.Id), 0, token))
        {
            if (recorded.Number > Tip.LastNumber) yield break;
            var e = (TimelineEvent)EventJson.Current.Read(recorded).Event;
            var edit = RevisionFacts.Edit(e);
            if (Tip.PutInEffect(edit) is not { } number || number < recorded.Number) continue;
            if (e is EditJudged x) waiting[edit] = (x.Record.Keys, x.Record.Delta);
            if (e is EditReleased y) waiting[edit] = (waiting[edit].Keys, y.Solution.Delta(waiting[edit].Keys));
            if (number == recorded.Number && waiting.Remove(edit, out var effective)) yield return effective.Delta;
        }
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async Task AppendSetupAsync(SetupEvent e, CommandContext by, CancellationToken token)
    {
        var envelope = await AppendAsync(SetupStream, Setup.Events - 1, Setup.Head, e, by, token);
        Setup = Setup.Evolve(e, envelope.Hash);
        StartMain();
    }

    private async Task<EventEnvelope> AppendAsync(StreamName stream, long last, Digest previous, LedgerEvent e, CommandContext by, CancellationToken token)
    {
        var metadata = new EventMetadata(by.EventId, time.GetUtcNow(), by.Actor, by.Correlation, null, Program);
        var (type, metadataBytes, data) = (EventJson.NameOf(e), EventJson.Serialize(metadata), EventJson.Serialize(e));
        var hash = EventHash.Of(stream, last + 1, type, metadataBytes, data, previous);
        var result = await store.AppendAsync(stream, new ExpectedRevision(last), new NewEvent(metadata.EventId, type, metadataBytes, data, previous, hash), token);
        // Seen before but not by this session: somebody else ran the same command. What is in memory is behind.
        if (result.AlreadyThere) throw new StreamConflictException(stream, new ExpectedRevision(last), new ExpectedRevision(result.Number));
        return new EventEnvelope(result.Position, stream, result.Number, metadata, e, previous, hash);
    }

    private async Task ReadSetupAsync(CancellationToken token)
    {
        await foreach (var recorded in store.ReadAllAsync(StorePosition.Start, token))
        {
            // The ledger's own stream is the first event's; a file holds one ledger.
            SetupStream = recorded.Stream;
            break;
        }
        if (SetupStream == default) return;
        await foreach (var recorded in store.ReadStreamAsync(SetupStream, 0, token))
        {
            var envelope = EventJson.Current.Read(recorded);
            var e = envelope.Event as SetupEvent ?? throw new NoRuleException(recorded.Type, recorded.Number);
            Setup = Setup.Evolve(e, recorded.Hash);
        }
    }

    /// <summary>What <c>main</c> has behind the end this session knows.</summary>
    private async IAsyncEnumerable<EventEnvelope> NewAsync([EnumeratorCancellation] CancellationToken token)
    {
        StartMain();
        await foreach (var recorded in store.ReadStreamAsync(StreamName.Of(Tip.Timeline.Id), Tip.LastNumber + 1, token))
            yield return EventJson.Current.Read(recorded);
    }

    private void Add(EventEnvelope e)
    {
        if (main is null) Tip.Add(e);
        else main.Add(e);
    }

    private void StartMain()
    {
        if (tip is not null || Setup.Timelines.IsEmpty) return;
        var entry = Setup.Timeline(LedgerSetup.Main);
        if (keepsHistory) main = TimelineHistory.Start(entry.Started, entry.ChainStart, Setup.Base.BaseMatrix);
        tip = main?.Tip ?? TimelineTip.Start(entry.Started, entry.ChainStart, Setup.Base.BaseMatrix);
    }

    private static SetupException Unfinished() => new("This ledger has no timeline: its opening did not finish.", "remove the file and open it again; it holds no edits");
}
