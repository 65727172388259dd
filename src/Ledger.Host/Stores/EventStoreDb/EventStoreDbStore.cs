using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Stores.EventStoreDb.Protocol;
using static Ledger.Host.Stores.EventStoreDb.Protocol.ReadReq.Types;
using static Ledger.Host.Stores.EventStoreDb.Protocol.ReadReq.Types.Options.Types;

namespace Ledger.Host.Stores.EventStoreDb;

/// <summary>
/// One ledger's events on an EventStoreDB or KurrentDB: a stream is <c>LEDGER.STREAM</c> there, so that a cluster holds many ledgers and other applications beside them; a position is the log's
/// commit position. An append is repeated until the server says what became of it, which is safe: the server knows one that it has by its id and its place. Safe for several tasks at once.
/// </summary>
public sealed class EventStoreDbStore : IEventStore
{
    /// <summary>How far the server looks for events of the ledger before it says how far it looked.</summary>
    private const uint Window = 1000;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ServerConnection connection;
    private readonly LedgerId ledger;
    private readonly string prefix;
    private readonly ConcurrentDictionary<StreamName, StreamIds> ids = [];

    private EventStoreDbStore(ServerConnection connection, LedgerId ledger, string prefix)
    {
        this.connection = connection;
        this.ledger = ledger;
        this.prefix = prefix;
    }

    public LedgerId? Ledger => ledger;

    public ServerAddress Server => connection.Server;

    /// <summary>What the server says it is.</summary>
    public string ServerVersion => connection.Version;

    /// <summary>Connects; whether the server holds such a ledger is not asked.</summary>
    /// <exception cref="ServerUnreachableException">Nothing answers.</exception>
    /// <exception cref="ServerCredentialsException">User or password are wrong.</exception>
    /// <exception cref="ServerVersionException">It is too old, or something else.</exception>
    public static async Task<EventStoreDbStore> OpenAsync(ServerAddress server, LedgerId ledger, TimeProvider time, CancellationToken token) =>
        Of(await ServerConnection.OpenAsync(server, time, token), ledger);

    /// <summary>The same for the ledger's jobs, whose streams are none of the ledger's: <c>jobs-LEDGER.STREAM</c>.</summary>
    public static async Task<EventStoreDbStore> OpenJobsAsync(ServerAddress server, LedgerId ledger, TimeProvider time, CancellationToken token) =>
        new(await ServerConnection.OpenAsync(server, time, token), ledger, $"jobs-{ledger}.");

    /// <summary>The ledgers that a server holds, in the order in which they were opened. The server goes through all it has.</summary>
    public static async IAsyncEnumerable<LedgerOpened> LedgersAsync(ServerAddress server, TimeProvider time, [EnumeratorCancellation] CancellationToken token)
    {
        await using var connection = await ServerConnection.OpenAsync(server, time, token);
        var (position, filter) = (new OfAll { Start = new Empty() }, new Filter { EventType = new() { Prefix = { "ledger-opened." } }, Max = Window, CheckpointEveryWindows = 1 });
        await foreach (var message in connection.ReadAsync(() => ReadAll(position, filter), endless: false, token))
        {
            if (message.ContentCase != ReadResp.ContentOneofCase.Event) continue;
            var e = message.Event.Event;
            var again = position.FromCase == OfAll.FromOneofCase.Position && position.Position.Commit == e.Commit;
            position = new OfAll { Position = new LogPosition { Commit = e.Commit, Prepare = e.Prepare } };
            var name = e.StreamIdentifier.StreamName.ToStringUtf8();
            if (again || name.IndexOf('.') is var dot && (dot < 0 || !LedgerId.TryParse(name[..dot], null, out var ledger) || name[(dot + 1)..] != StreamName.Of(ledger).ToString())) continue;
            if (EventJson.Current.Read(Of(connection, LedgerId.Parse(name[..dot])).Event(e)).Event is LedgerOpened opened) yield return opened;
        }
    }

    public async Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token)
    {
        var size = Math.Max(e.Data.Length, e.Metadata.Length);
        if (size > IEventStore.MaxEventBytes) throw new EventTooLargeException(e.Type, size);
        token.ThrowIfCancellationRequested();
        // The server compares ids only with the event at the place that is appended to: whether the stream has this one further up is ours to know.
        var known = KnownOf(stream);
        await LearnAsync(stream, known, expected.Number, token);
        if (expected.Number < 0 && !known.IsNew) await RequireNeverWasAsync(stream, token);
        if (known.Find(e.Id) is { } there) return new AppendResult(there.Number, there.Position, AlreadyThere: true);
        var result = await WriteAsync(stream, expected, e);
        if (result.Success is { } success)
        {
            var number = expected.Number + 1;
            // Deleted in this very moment: the server goes on counting where the stream ended.
            if ((long)success.Revision != number) throw new StreamCutException(Server, $"{prefix}{stream}", $"event {number} was written as number {success.Revision}");
            // To an append that it has already a server may answer without the place.
            var position = success.Position is { } place ? Position(place.Commit) : await PositionAsync(stream, number, CancellationToken.None);
            known.Add(number, e.Id, position);
            return new AppendResult(number, position, AlreadyThere: false);
        }
        // Somebody else was faster: perhaps with this very event.
        await LearnAsync(stream, known, long.MaxValue, token);
        if (known.Find(e.Id) is { } meanwhile) return new AppendResult(meanwhile.Number, meanwhile.Position, AlreadyThere: true);
        var actual = result.WrongRevision.CurrentCase == AppendResp.Types.WrongRevision.CurrentOneofCase.Revision ? (long)result.WrongRevision.Revision : -1;
        throw new StreamConflictException(stream, expected, new ExpectedRevision(actual));
    }

    public IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, CancellationToken token) => ReadStreamAsync(stream, from, atLeader: false, token);

    private async IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, bool atLeader, [EnumeratorCancellation] CancellationToken token)
    {
        var known = KnownOf(stream);
        await foreach (var e in StreamAsync(stream, atLeader, () => new Options
        {
            Stream = new OfStream { StreamIdentifier = Name(stream), Revision = (ulong)from }, Direction = Direction.Forwards, Count = long.MaxValue,
        }, token))
        {
            // What a stream's metadata hide the server leaves out without a word.
            if (e.Number != from) throw new StreamCutException(Server, $"{prefix}{stream}", e.Number == from + 1 ? $"event {from} is gone" : $"events {from} to {e.Number - 1} are gone");
            from = e.Number + 1;
            known.Add(e.Number, e.Id, e.Position);
            yield return e;
        }
        if (from == 0) await RequireNeverWasAsync(stream, token);
    }

    public async Task<RecordedEvent?> ReadLastAsync(StreamName stream, CancellationToken token)
    {
        // Where a stream ends, other nodes know a moment later.
        await foreach (var e in StreamAsync(stream, atLeader: true, () => new Options
        {
            Stream = new OfStream { StreamIdentifier = Name(stream), End = new Empty() }, Direction = Direction.Backwards, Count = 1,
        }, token)) return e;
        await RequireNeverWasAsync(stream, token);
        return null;
    }

    public async IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition after, [EnumeratorCancellation] CancellationToken token)
    {
        // A cluster's log is long, and nothing of a ledger lies before its first event: that one is found without going through the log.
        var from = after == StorePosition.Start ? await FirstAsync(token) : From(after);
        await foreach (var message in connection.ReadAsync(() => ReadAll(from, Own()), endless: false, token))
        {
            if (message.ContentCase != ReadResp.ContentOneofCase.Event) continue;
            var e = Event(message.Event.Event);
            if (e.Position.CompareTo(after) <= 0) continue;         // reading begins with the event at a position, not behind it
            (after, from) = (e.Position, From(e.Position));
            KnownOf(e.Stream).Add(e.Number, e.Id, e.Position);
            yield return e;
        }
    }

    public async IAsyncEnumerable<RecordedEvent> SubscribeAsync(StorePosition after, [EnumeratorCancellation] CancellationToken token)
    {
        await foreach (var e in ReadAllAsync(after, token))
        {
            after = e.Position;
            yield return e;
        }
        var (from, before, connected) = (From(after), await AtAsync(after, token), 0);
        await foreach (var message in connection.ReadAsync(() => new Options { All = from, Subscription = new Subscription(), Filter = Own(), UuidForm = Uuids() }, endless: true, token))
        {
            // Connected again, perhaps to a server that was restored meanwhile: what comes from it must follow what came before.
            if (message.ContentCase == ReadResp.ContentOneofCase.Confirmation && connected++ > 0 && before is { } last && (await AtAsync(last.Position, token))?.Hash != last.Hash)
                throw new HistoryReplacedException(last.Stream, last.Number);
            // How far the server looked without finding anything: after a break it need not look there again.
            if (message.ContentCase == ReadResp.ContentOneofCase.Checkpoint) from = new OfAll { Position = message.Checkpoint };
            if (message.ContentCase != ReadResp.ContentOneofCase.Event) continue;
            var e = Event(message.Event.Event);
            if (e.Position.CompareTo(after) <= 0) continue;
            (after, from, before) = (e.Position, From(e.Position), e);
            yield return e;
        }
    }

    /// <summary>The ledger's event at a position, as the leader has it; null where none lies there.</summary>
    private async Task<RecordedEvent?> AtAsync(StorePosition position, CancellationToken token)
    {
        if (position == StorePosition.Start) return null;
        await foreach (var message in connection.ReadAsync(() => ReadAll(From(position), Own(), count: 1), endless: false, token, atLeader: true))
            if (message.ContentCase == ReadResp.ContentOneofCase.Event) return Event(message.Event.Event) is var e && e.Position == position ? e : null;
        return null;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    /// <summary>For who needs other calls of the server about the same streams.</summary>
    internal ServerConnection Connection => connection;

    /// <summary>A stream's name at the server.</summary>
    internal StreamIdentifier Name(StreamName stream) => new() { StreamName = ByteString.CopyFromUtf8(prefix + stream) };

    private static EventStoreDbStore Of(ServerConnection connection, LedgerId ledger) => new(connection, ledger, $"{ledger}.");

    /// <summary>Appends, at most once, however often it has to be asked for.</summary>
    /// <exception cref="AppendUnsettledException">What became of it is not known.</exception>
    private async Task<AppendResp> WriteAsync(StreamName stream, ExpectedRevision expected, NewEvent e)
    {
        var options = new AppendReq { Options = new() { StreamIdentifier = Name(stream) } };
        if (expected.Number < 0) options.Options.NoStream = new Empty();
        else options.Options.Revision = (ulong)expected.Number;
        var proposed = new AppendReq
        {
            Proposed = new()
            {
                // Another one for each append, the same for each try of it: what comes back as written is then this append's own doing, and never somebody else's event of the same id.
                Id = new UUID { String = Guid.NewGuid().ToString() },
                Metadata = { ["type"] = e.Type, ["content-type"] = EventFrame.ContentType(e.Data.Span) },
                CustomMetadata = UnsafeByteOperations.UnsafeWrap(new EventFrame(e.Id, e.Previous, e.Hash, e.Metadata).ToBytes()),
                Data = UnsafeByteOperations.UnsafeWrap(e.Data),
            },
        };
        var maybeSent = false;
        try
        {
            // Not to be cancelled from here on: an append is never half done.
            return await connection.CallAsync(atLeader: true, async node =>
            {
                using var call = new Streams.StreamsClient(node.Channel).Append(node.Options(Server.Deadline, CancellationToken.None, leaderOnly: true));
                try
                {
                    await call.RequestStream.WriteAsync(options);
                    await call.RequestStream.WriteAsync(proposed);
                    await call.RequestStream.CompleteAsync();
                }
                catch (Exception fault) when (fault is InvalidOperationException or RpcException or IOException or HttpRequestException or OperationCanceledException)
                {
                    // The server has answered already, or the connection broke: the answer says which.
                }
                try
                {
                    return await call.ResponseAsync;
                }
                catch (RpcException fault) when (ServerErrors.IsDeleted(fault))
                {
                    throw new StreamDeletedException(Server, stream);
                }
                catch (RpcException fault) when (ServerErrors.IsTooLarge(fault, out var most))
                {
                    throw new ServerSizeException(Server, e.Type, proposed.CalculateSize(), most);
                }
            }, CancellationToken.None, fault => maybeSent |= ServerErrors.MayPass(fault) && !ServerErrors.NeverSent(fault));
        }
        catch (LedgerException fault) when (maybeSent)
        {
            throw new AppendUnsettledException(Server, stream, e.Id, fault);
        }
    }

    private StreamIds KnownOf(StreamName stream) => ids.GetOrAdd(stream, _ => new StreamIds());

    /// <summary>Reads on until the ids of a stream are known up to a number, or to its end: at the leader, since an event that another node lacks would be written twice.</summary>
    private async Task LearnAsync(StreamName stream, StreamIds known, long upTo, CancellationToken token)
    {
        if (known.Next > upTo) return;
        await foreach (var e in ReadStreamAsync(stream, known.Next, atLeader: true, token))
            if (e.Number >= upTo) return;
    }

    private async IAsyncEnumerable<RecordedEvent> StreamAsync(StreamName stream, bool atLeader, Func<Options> rest, [EnumeratorCancellation] CancellationToken token)
    {
        await using var messages = connection.ReadAsync(() => OneStream(rest()), endless: false, token, atLeader).GetAsyncEnumerator(token);
        while (true)
        {
            try
            {
                if (!await messages.MoveNextAsync()) yield break;
            }
            catch (ServerFailedException fault) when (fault.InnerException is RpcException inner && ServerErrors.IsDeleted(inner))
            {
                throw new StreamDeletedException(Server, stream);
            }
            if (messages.Current.ContentCase == ReadResp.ContentOneofCase.Event) yield return Event(messages.Current.Event.Event);
        }
    }

    /// <summary>
    /// Whether a stream that shows no event never had one. Where it was deleted so that it can be written again, or its metadata hide what it has, the server would go on counting behind what nobody sees, and
    /// the chain would be broken for good.
    /// </summary>
    private async Task RequireNeverWasAsync(StreamName stream, CancellationToken token)
    {
        var metadata = new OfStream { StreamIdentifier = new() { StreamName = ByteString.CopyFromUtf8($"$${prefix}{stream}") }, End = new Empty() };
        await foreach (var message in connection.ReadAsync(() => OneStream(new Options { Stream = metadata, Direction = Direction.Backwards, Count = 1 }), endless: false, token, atLeader: true))
            if (message.ContentCase == ReadResp.ContentOneofCase.Event && StreamLimits.In(message.Event.Event.Data.Memory) is { } limit)
                throw new StreamCutException(Server, $"{prefix}{stream}", limit);
        KnownOf(stream).IsNew = true;
    }

    private static Options OneStream(Options options)
    {
        (options.NoFilter, options.UuidForm) = (new Empty(), Uuids());
        return options;
    }

    private async Task<OfAll> FirstAsync(CancellationToken token) => From(await PositionAsync(StreamName.Of(ledger), 0, token));

    /// <summary>Where an event lies; the start where there is no such event.</summary>
    private async Task<StorePosition> PositionAsync(StreamName stream, long number, CancellationToken token)
    {
        await foreach (var e in StreamAsync(stream, atLeader: true, () => new Options
        {
            Stream = new OfStream { StreamIdentifier = Name(stream), Revision = (ulong)number }, Direction = Direction.Forwards, Count = 1,
        }, token)) return e.Position;
        return StorePosition.Start;
    }

    /// <exception cref="ForeignEventException">Somebody else put it there.</exception>
    internal RecordedEvent Event(ReadResp.Types.Found.Types.Recorded e)
    {
        var name = e.StreamIdentifier.StreamName.ToStringUtf8();
        try
        {
            if (!name.StartsWith(prefix, StringComparison.Ordinal)) throw new FormatException("it lies in another stream");
            var frame = EventFrame.Read(e.CustomMetadata.Memory);
            return new RecordedEvent(
                Position(e.Commit), StreamName.Parse(Utf8.GetString(e.StreamIdentifier.StreamName.Span[prefix.Length..])), (long)e.Revision, frame.Id, e.Metadata["type"], frame.Metadata, e.Data.Memory, frame.Previous, frame.Hash);
        }
        catch (FormatException fault)
        {
            throw new ForeignEventException(Server, name, e.Revision, fault.Message);
        }
    }

    /// <exception cref="ServerVersionException">The server does not say: before 22.6 it did so only for reads of everything.</exception>
    private StorePosition Position(ulong commit) =>
        commit <= long.MaxValue ? new StorePosition((long)commit) : throw new ServerVersionException(Server, $"({ServerVersion}) does not say where an event lies");

    private Filter Own() => new() { StreamIdentifier = new() { Prefix = { prefix } }, Max = Window, CheckpointEveryWindows = 1 };

    /// <summary>One event an append, so commit and prepare are the same.</summary>
    private static OfAll From(StorePosition position) =>
        position.Value < 0 ? new OfAll { Start = new Empty() } : new OfAll { Position = new LogPosition { Commit = (ulong)position.Value, Prepare = (ulong)position.Value } };

    private static Options ReadAll(OfAll from, Filter filter, ulong count = long.MaxValue) => new() { All = from, Direction = Direction.Forwards, Count = count, Filter = filter, UuidForm = Uuids() };

    internal static UuidForm Uuids() => new() { String = new Empty() };

    /// <summary>Which events a stream holds, as far as it was read without a gap: some 60 bytes an event.</summary>
    private sealed class StreamIds
    {
        private readonly Lock gate = new();
        private readonly Dictionary<Guid, (long Number, StorePosition Position)> places = [];
        private long next;
        private bool isNew;

        /// <summary>Whether the stream was seen never to have had an event, and none of it was seen since.</summary>
        public bool IsNew
        {
            get { lock (gate) return isNew && next == 0; }
            set { lock (gate) isNew = value; }
        }

        public long Next
        {
            get { lock (gate) return next; }
        }

        public void Add(long number, Guid id, StorePosition position)
        {
            lock (gate)
            {
                if (number != next) return;
                next++;
                places.TryAdd(id, (number, position));
            }
        }

        public (long Number, StorePosition Position)? Find(Guid id)
        {
            lock (gate) return places.TryGetValue(id, out var place) ? place : null;
        }
    }
}
