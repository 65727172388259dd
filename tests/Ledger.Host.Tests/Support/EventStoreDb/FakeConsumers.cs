using System.Threading.Channels;
using Grpc.Core;
using Ledger.Host.Stores.EventStoreDb.Protocol;
using Action = Ledger.Host.Stores.EventStoreDb.Protocol.TakeReq.Types.Nack.Types.Action;

namespace Ledger.Host.Tests.Support.EventStoreDb;

/// <summary>What goes wrong with one event that is given to a consumer.</summary>
internal enum GiveFault
{
    None,

    /// <summary>The connection breaks while the consumer has it.</summary>
    BrokenSoon,

    /// <summary>Another consumer is given it at once, too, as by a server that takes the first one for gone.</summary>
    Twice,
}

/// <summary>Persistent subscriptions, as a real server was seen to serve them: a buffer a consumer, again to another one when a connection is gone, parked when told to.</summary>
internal sealed class FakeConsumers(FakeNode node) : PersistentSubscriptions.PersistentSubscriptionsBase
{
    private FakeCluster Cluster => node.Cluster;

    public override Task<GroupResp> Create(GroupReq request, ServerCallContext context)
    {
        Access.Check(node, context);
        Access.CheckLeader(node, context);
        if (Cluster.RefusesGroups) throw Access.Denied();
        var (options, settings) = (request.Options, request.Options.Settings);
        if (settings.ReadBatchSize >= settings.HistoryBufferSize) throw new RpcException(new Status(StatusCode.Internal, "the batch is larger than the buffer"), new Metadata { { "exception", "persistent-subscription-failed" } });
        if (settings.MessageTimeoutMs == 0) throw new RpcException(new Status(StatusCode.Internal, "every event would be late at once"), new Metadata { { "exception", "persistent-subscription-failed" } });
        var key = (FakeStreams.LogOf(Cluster, context), options.Stream.StreamIdentifier.StreamName.ToStringUtf8(), options.GroupName);
        if (!Cluster.Groups.TryAdd(key, new FakeGroup(key.Item1, key.Item2, settings.MaxRetryCount)))
            throw new RpcException(new Status(StatusCode.AlreadyExists, "exists"), new Metadata { { "exception", "persistent-subscription-exists" } });
        return Task.FromResult(new GroupResp());
    }

    public override async Task Read(IAsyncStreamReader<TakeReq> requestStream, IServerStreamWriter<TakeResp> responseStream, ServerCallContext context)
    {
        Access.Check(node, context);
        Access.CheckLeader(node, context);
        if (!await requestStream.MoveNext(context.CancellationToken) || requestStream.Current.Options is not { } options) throw new RpcException(new Status(StatusCode.Unknown, "no options"));
        var log = FakeStreams.LogOf(Cluster, context);
        if (!Cluster.Groups.TryGetValue((log, options.StreamIdentifier.StreamName.ToStringUtf8(), options.GroupName), out var group))
            throw new RpcException(new Status(StatusCode.NotFound, "no such group"), new Metadata { { "exception", "persistent-subscription-does-not-exist" } });
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var consumer = new FakeGroup.Consumer(options.BufferSize);
        await responseStream.WriteAsync(new TakeResp { Confirmation = new() { SubscriptionId = "fake" } }, gone.Token);
        group.Add(consumer);
        var answers = TakeAnswersAsync();
        try
        {
            while (true)
            {
                var grown = log.Grown;
                group.Push();
                while (consumer.Given.Reader.TryRead(out var given))
                {
                    var fault = Cluster.OnGive(Cluster.NextGiven());
                    if (fault == GiveFault.Twice) group.Again(given.Id);
                    await responseStream.WriteAsync(Response(given), gone.Token);
                    if (fault == GiveFault.BrokenSoon) _ = BreakAsync(TimeSpan.FromMilliseconds(5));
                }
                await Task.WhenAny(grown, consumer.Given.Reader.WaitToReadAsync(gone.Token).AsTask());
                gone.Token.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await gone.CancelAsync();
            group.Remove(consumer);
            await answers;
        }

        static TakeResp Response(Held given)
        {
            var response = new TakeResp { Event = new() { Event = FakeStreams.Recorded(given.Event), RetryCount = given.Retries } };
            if (given.Link is { } link) response.Event.Link = new() { Id = new UUID { String = link.ToString() } };
            return response;
        }

        async Task TakeAnswersAsync()
        {
            try
            {
                while (await requestStream.MoveNext(gone.Token))
                    switch (requestStream.Current)
                    {
                        case { Ack: { } ack }:
                            if (Cluster.OnAck(Cluster.NextAck()))
                            {
                                await BreakAsync(TimeSpan.Zero);
                                return;
                            }
                            foreach (var id in ack.Ids) group.Settle(Guid.Parse(id.String), park: null);
                            break;
                        case { Nack: { } nack }:
                            foreach (var id in nack.Ids)
                                if (nack.Action == Action.Park) group.Settle(Guid.Parse(id.String), nack.Reason);
                                else group.Again(Guid.Parse(id.String));
                            break;
                    }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException)
            {
                // It hung up.
            }
        }

        async Task BreakAsync(TimeSpan after)
        {
            await Task.Delay(after);
            node.Break(context.GetHttpContext().Connection.Id);
        }
    }
}

/// <param name="Link">The id that is answered for, of one that comes again from among the parked ones.</param>
internal sealed record Held(FakeEvent Event, int Retries, Guid? Link)
{
    public Guid Id => Link ?? Event.Id;
}

/// <summary>A group of consumers of a stream: each event goes to one of them, in order as long as nothing goes wrong.</summary>
internal sealed class FakeGroup(FakeLog log, string stream, int mostRetries)
{
    private readonly Lock gate = new();
    private readonly Queue<Consumer> consumers = [];
    private readonly SortedDictionary<long, Held> waiting = [];
    private long next;

    public List<(FakeEvent Event, string Reason)> Parked { get; } = [];

    public void Add(Consumer consumer)
    {
        lock (gate) consumers.Enqueue(consumer);
    }

    /// <summary>What it had not answered for goes to others.</summary>
    public void Remove(Consumer consumer)
    {
        lock (gate)
        {
            var left = consumers.Where(c => c != consumer).ToList();
            consumers.Clear();
            foreach (var other in left) consumers.Enqueue(other);
            foreach (var had in consumer.Has.Values) waiting[had.Event.Number] = had with { Retries = had.Retries + 1 };
            consumer.Has.Clear();
        }
        Push();
    }

    /// <summary>Gives out what waits to who has room.</summary>
    public void Push()
    {
        lock (gate)
        {
            foreach (var e in (log.Stream(stream) ?? []).Skip((int)next)) waiting[next++] = new Held(e, 0, null);
            for (var tried = 0; tried < consumers.Count && waiting.Count > 0; tried++)
            {
                var consumer = consumers.Dequeue();
                consumers.Enqueue(consumer);
                if (consumer.Has.Count >= consumer.Buffer) continue;
                var (number, first) = waiting.First();
                waiting.Remove(number);
                consumer.Has[first.Id] = first;
                consumer.Given.Writer.TryWrite(first);
                tried = -1;
            }
        }
    }

    /// <param name="park">Why it is put aside; null where it is done.</param>
    public void Settle(Guid id, string? park)
    {
        lock (gate)
        {
            foreach (var consumer in consumers)
                if (consumer.Has.Remove(id, out var had) && park is not null) Parked.Add((had.Event, park));
        }
        Push();
    }

    /// <summary>As the server's own page does it: what was parked is given out again, by links of other ids.</summary>
    public void Replay()
    {
        lock (gate)
        {
            foreach (var (e, _) in Parked) waiting[e.Number] = new Held(e, 0, Guid.NewGuid());
            Parked.Clear();
        }
        Push();
    }

    /// <summary>How many are given out and not answered for.</summary>
    public int InFlight
    {
        get { lock (gate) return consumers.Sum(c => c.Has.Count); }
    }

    /// <summary>Somebody is to get it again, once more.</summary>
    public void Again(Guid id)
    {
        lock (gate)
        {
            foreach (var consumer in consumers)
            {
                if (!consumer.Has.Remove(id, out var had)) continue;
                if (had.Retries >= mostRetries) Parked.Add((had.Event, "too often"));
                else waiting[had.Event.Number] = had with { Retries = had.Retries + 1 };
                break;
            }
        }
        Push();
    }

    internal sealed class Consumer(int buffer)
    {
        public int Buffer => buffer;

        /// <summary>What it was given and did not answer for.</summary>
        public Dictionary<Guid, Held> Has { get; } = [];

        public Channel<Held> Given { get; } = Channel.CreateUnbounded<Held>();
    }
}
