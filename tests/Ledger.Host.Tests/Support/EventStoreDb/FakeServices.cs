using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Ledger.Host.Stores.EventStoreDb.Protocol;
using static Ledger.Host.Stores.EventStoreDb.Protocol.ReadReq.Types.Options.Types;
using State = Ledger.Host.Stores.EventStoreDb.Protocol.Cluster.Types.Node.Types.State;

namespace Ledger.Host.Tests.Support.EventStoreDb;

/// <summary>Append and read, with the answers, statuses and trailers that a real server was seen to give.</summary>
internal sealed class FakeStreams(FakeNode node) : Streams.StreamsBase
{
    private FakeCluster Cluster => node.Cluster;

    internal static FakeLog LogOf(FakeCluster cluster, ServerCallContext context) => cluster.Private.GetValueOrDefault(context.RequestHeaders.GetValue("connection-name") ?? "", cluster.Log);

    public override async Task<AppendResp> Append(IAsyncStreamReader<AppendReq> requestStream, ServerCallContext context)
    {
        Access.Check(node, context);
        if (!await requestStream.MoveNext(context.CancellationToken) || requestStream.Current.Options is not { ExpectedCase: not AppendReq.Types.Options.ExpectedOneofCase.None } options)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "no options, or none that say where the stream should end"));
        if (!await requestStream.MoveNext(context.CancellationToken) || requestStream.Current.Proposed is not { } proposed) throw new RpcException(new Status(StatusCode.InvalidArgument, "no event"));
        while (await requestStream.MoveNext(context.CancellationToken)) throw new RpcException(new Status(StatusCode.Unimplemented, "one event at a time"));

        var fault = Cluster.OnAppend(Cluster.NextAppend());
        if (fault == AppendFault.NotReady) throw new RpcException(new Status(StatusCode.Unavailable, "not ready"));
        if (fault == AppendFault.Denied) throw Access.Denied();
        if (fault == AppendFault.LeaderMoved) Cluster.Leader = (Cluster.Leader + 1) % Cluster.Size;
        if (fault == AppendFault.BrokenBefore) await BreakAsync(context);
        Access.CheckLeader(node, context);

        Cluster.AppendedAt.Enqueue(node.Index);
        var (log, stream) = (LogOf(Cluster, context), options.StreamIdentifier.StreamName.ToStringUtf8());
        if (log.IsDeleted(stream)) throw new RpcException(new Status(StatusCode.FailedPrecondition, "deleted"), new Metadata { { "exception", "stream-deleted" }, { "stream-name", stream } });
        foreach (var required in new[] { "type", "content-type" })
            if (!proposed.Metadata.ContainsKey(required)) throw new RpcException(new Status(StatusCode.InvalidArgument, "missing"), new Metadata { { "exception", "missing-required-metadata-property" } });
        if (proposed.Data.Length + proposed.CustomMetadata.Length + 2 * proposed.Metadata["type"].Length > Cluster.MaxAppendSize)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "too large"), new Metadata { { "exception", "maximum-append-size-exceeded" }, { "maximum-append-size", $"{Cluster.MaxAppendSize}" } });

        var expected = options.ExpectedCase == AppendReq.Types.Options.ExpectedOneofCase.Revision ? (long)options.Revision : -1;
        if (fault == AppendFault.OvertakenAfterBreak)
        {
            Overtake(log, stream, expected);
            await BreakAsync(context);
        }
        var (e, last) = log.Append(
            stream, expected, Guid.Parse(proposed.Id.String), proposed.Metadata["type"], proposed.Metadata["content-type"], proposed.CustomMetadata.ToByteArray(), proposed.Data.ToByteArray());
        switch (fault)
        {
            case AppendFault.BrokenAfter: await BreakAsync(context); break;
            case AppendFault.LateAfter: throw new RpcException(new Status(StatusCode.DeadlineExceeded, "late"));
            case AppendFault.TimedOutAfter: throw new RpcException(new Status(StatusCode.Aborted, "timed out"));
            case AppendFault.SilentAfter: await Task.Delay(Timeout.Infinite, context.CancellationToken); break;
        }
        if (e is not null) return new AppendResp { Success = new() { Revision = (ulong)e.Number, Position = At(e.Position) } };
        var wrong = new AppendResp.Types.WrongRevision();
        if (last < 0) wrong.NoStream = new Empty();
        else wrong.Revision = (ulong)last;
        return new AppendResp { WrongRevision = wrong };
    }

    public override async Task Read(ReadReq request, IServerStreamWriter<ReadResp> responseStream, ServerCallContext context)
    {
        Access.Check(node, context);
        Access.CheckLeader(node, context);
        Cluster.ReadAt.Enqueue(node.Index);
        var options = request.Options;
        if (options.UuidForm?.FormCase is null or UuidForm.FormOneofCase.None) throw new RpcException(new Status(StatusCode.Unknown, "no uuid option"));
        if (options.WhichCase == ReadReq.Types.Options.WhichOneofCase.None) throw new RpcException(new Status(StatusCode.InvalidArgument, "no filter option"));
        var left = Cluster.OnRead(Cluster.NextRead());
        await Task.Delay(Cluster.ReadDelay, context.CancellationToken);
        await foreach (var message in Messages(LogOf(Cluster, context), options, context.CancellationToken))
        {
            if (left-- == 0)
            {
                await Task.Delay(5, context.CancellationToken);         // what was sent before arrives
                await BreakAsync(context);
            }
            await responseStream.WriteAsync(message, context.CancellationToken);
        }
    }

    private async IAsyncEnumerable<ReadResp> Messages(FakeLog log, ReadReq.Types.Options options, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token)
    {
        if (options.WhatCase == ReadReq.Types.Options.WhatOneofCase.Stream)
        {
            var name = options.Stream.StreamIdentifier.StreamName.ToStringUtf8();
            if (log.IsDeleted(name)) throw new RpcException(new Status(StatusCode.FailedPrecondition, "deleted"), new Metadata { { "exception", "stream-deleted" }, { "stream-name", name } });
            if (log.Stream(name) is not { } own)
            {
                yield return new ReadResp { StreamNotFound = new() { StreamIdentifier = options.Stream.StreamIdentifier } };
                yield break;
            }
            var chosen = options.Direction == Direction.Backwards ? own.Reverse() : own.Where(e => options.Stream.FromCase != OfStream.FromOneofCase.Revision || e.Number >= (long)options.Stream.Revision);
            foreach (var e in chosen.Take((int)Math.Min(options.Count, int.MaxValue))) yield return Found(e);
            yield break;
        }
        var subscription = options.HowMuchCase == ReadReq.Types.Options.HowMuchOneofCase.Subscription;
        var next = options.All.FromCase == OfAll.FromOneofCase.Position ? (long)options.All.Position.Commit + (subscription ? 1 : 0) : 0;     // a subscription begins behind the position
        if (subscription) Cluster.SubscribedBehind.Enqueue(next - 1);
        if (subscription) yield return new ReadResp { Confirmation = new() { SubscriptionId = Guid.NewGuid().ToString() } };
        while (true)
        {
            var grown = log.Grown;
            while (log.From(next, (int)options.Filter.Max) is { Count: > 0 } scanned)
            {
                foreach (var e in scanned.Where(e => Fits(e, options.Filter))) yield return Found(e);
                next = scanned[^1].Position + 1;
                if (subscription) yield return new ReadResp { Checkpoint = At(scanned[^1].Position) };
            }
            if (!subscription) yield break;
            await grown.WaitAsync(token);
        }
    }

    private static bool Fits(FakeEvent e, Filter filter) => filter.OfCase == Filter.OfOneofCase.StreamIdentifier
        ? filter.StreamIdentifier.Prefix.Any(p => e.Stream.StartsWith(p, StringComparison.Ordinal))
        : filter.EventType.Prefix.Any(p => e.Type.StartsWith(p, StringComparison.Ordinal));

    internal static ReadResp.Types.Found.Types.Recorded Recorded(FakeEvent e) => new()
    {
        Id = new UUID { String = e.Id.ToString() }, StreamIdentifier = new() { StreamName = ByteString.CopyFromUtf8(e.Stream) }, Revision = (ulong)e.Number,
        Commit = (ulong)e.Position, Prepare = (ulong)e.Position, Metadata = { ["type"] = e.Type, ["content-type"] = e.ContentType, ["created"] = "17000000000000000" },
        CustomMetadata = ByteString.CopyFrom(e.CustomMetadata), Data = ByteString.CopyFrom(e.Data),
    };

    private static ReadResp Found(FakeEvent e) => new() { Event = new() { Event = Recorded(e) } };

    private static LogPosition At(long position) => new() { Commit = (ulong)position, Prepare = (ulong)position };

    /// <summary>Another writer's event at the place, framed as ours are.</summary>
    private static void Overtake(FakeLog log, string stream, long expected) =>
        log.Append(stream, expected, Guid.NewGuid(), "other.v1", "application/json", FakeFrame.Of(Guid.NewGuid(), "{}"u8), "{}"u8.ToArray());

    private async Task BreakAsync(ServerCallContext context)
    {
        node.Break(context.GetHttpContext().Connection.Id);
        await Task.Delay(Timeout.Infinite, context.CancellationToken);
    }
}

/// <summary>What lies beside an event, written out anew from docs/event-format.md.</summary>
internal static class FakeFrame
{
    public static byte[] Of(Guid id, ReadOnlySpan<byte> metadata) =>
        Encoding.UTF8.GetBytes($"{{\"id\":\"{id}\",\"previous\":\"{new string('0', 64)}\",\"hash\":\"{new string('0', 64)}\",\"metadata\":{Encoding.UTF8.GetString(metadata)}}}");
}

internal sealed class FakeGossip(FakeNode node) : Gossip.GossipBase
{
    public override Task<Cluster> Read(Empty request, ServerCallContext context)
    {
        var cluster = new Cluster();
        for (var i = 0; i < node.Cluster.Size; i++)
            cluster.Nodes.Add(new Cluster.Types.Node
            {
                State = i == node.Cluster.Leader ? State.Leader : State.Follower, Alive = node.Cluster.IsAlive(i), EndPoint = new() { Host = "localhost", Port = (uint)node.Cluster.Ports[i] },
            });
        return Task.FromResult(cluster);
    }
}

internal sealed class FakeFeatures(FakeNode node) : ServerFeatures.ServerFeaturesBase
{
    public override Task<SupportedMethods> GetSupportedMethods(Empty request, ServerCallContext context)
    {
        Access.Check(node, context);
        return Task.FromResult(new SupportedMethods
        {
            Version = "24.2.0", Methods = { new[] { "append", "read", "batchappend" }.Select(m => new SupportedMethods.Types.Supported { Service = "event_store.client.streams.streams", Method = m }) },
        });
    }
}

internal static class Access
{
    public static void Check(FakeNode node, ServerCallContext context)
    {
        if (node.Cluster.IsAway) throw new RpcException(new Status(StatusCode.Unavailable, "not ready"));
        var given = context.RequestHeaders.GetValue("authorization");
        if (given is not null) node.Cluster.Authorizations.Add(given);
        if (node.Cluster.User is not { } user) return;
        if (given is null) throw Denied();
        if (given != $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.Name}:{user.Password}"))}") throw new RpcException(new Status(StatusCode.Unauthenticated, "Bad Credentials"));
    }

    public static RpcException Denied() => new(new Status(StatusCode.PermissionDenied, "Access Denied"), new Metadata { { "exception", "access-denied" } });

    public static void CheckLeader(FakeNode node, ServerCallContext context)
    {
        if (context.RequestHeaders.GetValue("requires-leader") != "true" || node.Cluster.Leader == node.Index) return;
        throw new RpcException(new Status(StatusCode.NotFound, "Leader info available"), new Metadata
        {
            { "exception", "not-leader" }, { "leader-endpoint-host", "localhost" }, { "leader-endpoint-port", $"{node.Cluster.Ports[node.Cluster.Leader]}" },
        });
    }
}
