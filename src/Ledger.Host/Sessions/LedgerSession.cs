using System.Security.Cryptography;
using System.Text;
using Ledger.Domain;
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
/// and the state in memory stay in step. For one caller at a time.
/// </summary>
public sealed class LedgerSession : IAsyncDisposable
{
    private readonly IEventStore store;
    private readonly TimeProvider time;
    private TimelineHistory? main;

    private LedgerSession(LedgerPaths paths, IEventStore store, TimeProvider time)
    {
        Paths = paths;
        this.store = store;
        this.time = time;
    }

    /// <summary>What this program writes into every event.</summary>
    public static string Program { get; } = $"ledger {typeof(LedgerSession).Assembly.GetName().Version!.ToString(3)}";

    public LedgerPaths Paths { get; }

    public IEventStore Store => store;

    public StreamName SetupStream { get; private set; }

    public LedgerSetup Setup { get; private set; } = LedgerSetup.Empty;

    /// <exception cref="SetupException">The opening did not finish.</exception>
    public TimelineHistory Main => main ?? throw new SetupException("This ledger has no timeline: its opening did not finish.", "remove the file and open it again; it holds no edits");

    /// <summary>Reads the whole ledger. The session owns the store from here on.</summary>
    public static async Task<LedgerSession> ReadAsync(LedgerPaths paths, IEventStore store, TimeProvider time, CancellationToken token)
    {
        var session = new LedgerSession(paths, store, time);
        try
        {
            await session.ReadSetupAsync(token);
            if (session.Setup.Timelines.Count > 0) await session.ReadMainAsync(token);
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
    /// <returns>The row it became; the one already there when the key was seen before.</returns>
    /// <exception cref="StreamConflictException">Somebody else appended since this session read the ledger.</exception>
    public async Task<RevisionRow> AppendAsync(TimelineEvent e, CommandContext by, CancellationToken token)
    {
        var stream = StreamName.Of(Main.Timeline.Id);
        var envelope = await AppendAsync(stream, Main.LastNumber, Main.Head, e, by, token);
        Main.Add(envelope);
        return Main.Rows[^1];
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

    private async Task ReadMainAsync(CancellationToken token)
    {
        StartMain();
        await foreach (var recorded in store.ReadStreamAsync(StreamName.Of(Main.Timeline.Id), 0, token))
            Main.Add(EventJson.Current.Read(recorded));
    }

    private void StartMain()
    {
        if (main is not null || Setup.Timelines.IsEmpty) return;
        var entry = Setup.Timeline(LedgerSetup.Main);
        main = TimelineHistory.Start(entry.Started, entry.ChainStart, Setup.Base.BaseMatrix);
    }
}
