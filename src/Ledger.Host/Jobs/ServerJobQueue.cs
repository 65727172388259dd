using Grpc.Core;
using Ledger.Domain.Events;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Stores.EventStoreDb.Protocol;

namespace Ledger.Host.Jobs;

/// <summary>
/// The server's persistent subscription to the queue: it gives each job to one of the connected workers, one at a time each, and to another when the connection of who has it is gone. The group is made by the first
/// worker whose user may.
/// </summary>
internal sealed class ServerJobQueue(EventStoreDbStore store, TimeProvider time) : IJobQueue
{
    private const string Group = "workers";

    private AsyncDuplexStreamingCall<TakeReq, TakeResp>? call;
    private Task<bool>? next;

    public async Task<Delivery?> TakeAsync(string worker, TimeSpan patience, CancellationToken token)
    {
        for (var started = time.GetTimestamp(); ;)
        {
            token.ThrowIfCancellationRequested();
            if (call is null) await ConnectAsync(token);
            try
            {
                next ??= call!.ResponseStream.MoveNext(CancellationToken.None);
                var left = patience - time.GetElapsedTime(started);
                if (!next.IsCompleted && left > TimeSpan.Zero) await Task.WhenAny(next, Task.Delay(left, time, token));
                if (!next.IsCompleted) return null;
                var asked = next;
                next = null;
                if (!await asked) throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the subscription"));
                if (call!.ResponseStream.Current is { ContentCase: TakeResp.ContentOneofCase.Event, Event: var given })
                    return new Delivery(store.Event(given.Event), given.RetryCount + 1, Guid.Parse((given.Link ?? given.Event).Id.String));
            }
            catch (Exception e) when (e is RpcException || ServerErrors.IsBreak(e))
            {
                // Whatever broke it: connecting again says whether that may pass.
                HangUp();
            }
        }
    }

    public Task DoneAsync(Delivery delivery) => SayAsync(new TakeReq { Ack = new() { Ids = { Id(delivery) } } });

    public async Task GiveBackAsync(Delivery delivery, TimeSpan after)
    {
        await Task.Delay(after, time);
        await SayAsync(Nack(delivery, TakeReq.Types.Nack.Types.Action.Retry, ""));
    }

    public Task ParkAsync(Delivery delivery, string reason) => SayAsync(Nack(delivery, TakeReq.Types.Nack.Types.Action.Park, reason));

    /// <summary>The server says how many, not which.</summary>
    public Task<IReadOnlyDictionary<long, UnderWay>> UnderWayAsync(CancellationToken token) => Task.FromResult<IReadOnlyDictionary<long, UnderWay>>(new Dictionary<long, UnderWay>());

    public ValueTask DisposeAsync()
    {
        HangUp();
        return ValueTask.CompletedTask;
    }

    private async Task ConnectAsync(CancellationToken token)
    {
        var connected = await TryConnectAsync(token);
        if (connected is null)
        {
            await MakeGroupAsync(token);
            connected = await TryConnectAsync(token) ?? throw new ServerUnreachableException(store.Server, "it does not have the group of workers that it was just told of");
        }
        call = connected;
    }

    /// <returns>Null where there is no such group.</returns>
    private Task<AsyncDuplexStreamingCall<TakeReq, TakeResp>?> TryConnectAsync(CancellationToken token) => store.Connection.CallAsync(atLeader: true, async node =>
    {
        var opened = new PersistentSubscriptions.PersistentSubscriptionsClient(node.Channel).Read(node.Options(null, CancellationToken.None, leaderOnly: true));
        using var late = CancellationTokenSource.CreateLinkedTokenSource(token);
        late.CancelAfter(store.Server.Deadline);        // a server whose subscriptions are not up yet says nothing
        try
        {
            await opened.RequestStream.WriteAsync(new TakeReq { Options = new() { StreamIdentifier = store.Name(StreamName.Queue), GroupName = Group, BufferSize = 1, UuidForm = EventStoreDbStore.Uuids() } }, late.Token);
            if (!await opened.ResponseStream.MoveNext(late.Token)) throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the subscription"));
            return opened;
        }
        catch (RpcException e) when (ServerErrors.IsNoGroup(e))
        {
            opened.Dispose();
            return null;
        }
        catch (Exception e)
        {
            opened.Dispose();
            token.ThrowIfCancellationRequested();
            // One that is answered with an error at once breaks the writing: the answer says which. A frame that breaks off comes as it is.
            throw e switch
            {
                _ when late.IsCancellationRequested => new RpcException(new Status(StatusCode.DeadlineExceeded, "silent")),
                _ when e is InvalidOperationException || ServerErrors.IsBreak(e) => ServerErrors.Broken(e),
                _ => e,
            };
        }
    }, token);

    private Task<bool> MakeGroupAsync(CancellationToken token) => store.Connection.CallAsync(atLeader: true, async node =>
    {
        try
        {
            await new PersistentSubscriptions.PersistentSubscriptionsClient(node.Channel).CreateAsync(
                new GroupReq
                {
                    Options = new()
                    {
                        Stream = new() { StreamIdentifier = store.Name(StreamName.Queue), Start = new Empty() }, GroupName = Group,
                        Settings = new()
                        {
                            // A job may take days, and 0 would be no time at all: that a worker is gone its connection tells. How often is too often, the workers decide, who know why.
                            MessageTimeoutMs = int.MaxValue, MaxRetryCount = int.MaxValue, ConsumerStrategy = "RoundRobin", MaxSubscriberCount = 0,
                            ReadBatchSize = 20, HistoryBufferSize = 500, LiveBufferSize = 500, CheckpointAfterMs = 1000, MinCheckpointCount = 1, MaxCheckpointCount = 100,
                        },
                    },
                },
                node.Options(store.Server.Deadline, token, leaderOnly: true));
            return true;
        }
        catch (RpcException e) when (ServerErrors.IsGroupThere(e))
        {
            return false;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.PermissionDenied)
        {
            throw new ServerGroupException(store.Server);
        }
    }, token);

    /// <summary>Where the connection is gone, so is the delivery: who gets the job next finds what came of it.</summary>
    private async Task SayAsync(TakeReq said)
    {
        try
        {
            if (call is not null) await call.RequestStream.WriteAsync(said);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException || ServerErrors.IsBreak(e))
        {
            HangUp();
        }
    }

    private void HangUp()
    {
        call?.Dispose();
        (call, next) = (null, null);
    }

    private static UUID Id(Delivery delivery) => new() { String = delivery.Receipt.ToString() };

    private static TakeReq Nack(Delivery delivery, TakeReq.Types.Nack.Types.Action action, string reason) => new() { Nack = new() { Ids = { Id(delivery) }, Action = action, Reason = reason } };
}
