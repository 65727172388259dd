using System.Text;
using Google.Protobuf;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Stores.EventStoreDb.Protocol;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Stores.EventStoreDb;

/// <summary>The contract over the calls of EventStoreDB, against the tests' own server.</summary>
public sealed class EventStoreDbStoreTests(FakeCluster cluster) : EventStoreContract, IClassFixture<FakeCluster>
{
    protected override bool SeesEveryId => false;

    [Fact]
    public Task Appends_whose_answers_got_lost_on_the_way_are_written_once() => LostAnswers.CheckAsync(cluster.Address(), Token);

    [Theory, InlineData("$tb", long.MaxValue), InlineData("$tb", 5), InlineData("$tb", 2), InlineData("$maxCount", 2)]
    public Task A_stream_whose_metadata_hide_events_is_noticed(string limit, long value) => HiddenEvents.CheckAsync(cluster.Address(), limit, value, Token);

    protected override async Task<IEventStore> OpenAsync(string folder, CancellationToken token) => await EventStoreDbStore.OpenAsync(ServerAddress.Parse(cluster.Address()), IdOf(folder), TimeProvider.System, token);

    internal static LedgerId IdOf(string folder) => new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(Digest.Of(Encoding.UTF8.GetBytes(folder)).ToBytes()));
}

/// <summary>The same against a real server, where LEDGER_EVENTSTOREDB holds its connection string. As 24.2 is by default, its MaxAppendSize counts the payload alone; where it counts more, set it to 4 MiB.</summary>
public sealed class RealEventStoreDbStoreTests : EventStoreContract
{
    private const string Variable = "LEDGER_EVENTSTOREDB";

    protected override bool SeesEveryId => false;

    [Fact]
    public Task Appends_whose_answers_got_lost_on_the_way_are_written_once()
    {
        var server = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(server), $"{Variable} names no server");
        Assert.SkipWhen(ServerAddress.Parse(server!).Discover, "nodes that gossip finds are not behind the relay");
        return LostAnswers.CheckAsync(server!, Token);
    }

    [Theory, InlineData("$tb", long.MaxValue), InlineData("$tb", 5), InlineData("$tb", 2), InlineData("$maxCount", 2)]
    public Task A_stream_whose_metadata_hide_events_is_noticed(string limit, long value)
    {
        var server = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(server), $"{Variable} names no server");
        return HiddenEvents.CheckAsync(server!, limit, value, Token);
    }

    protected override async Task<IEventStore> OpenAsync(string folder, CancellationToken token) => await EventStoreDbStore.OpenAsync(Address(), EventStoreDbStoreTests.IdOf(folder), TimeProvider.System, token);

    private static ServerAddress Address()
    {
        var server = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(server), $"{Variable} names no server");
        return ServerAddress.Parse(server!, ServerCredentials.FromEnvironment());
    }
}

/// <summary>Any server, behind a relay that breaks connections.</summary>
internal static class LostAnswers
{
    private const int Events = 300;

    public static async Task CheckAsync(string server, CancellationToken token)
    {
        var node = ServerAddress.Parse(server).Nodes[0];
        await using var relay = new BreakingRelay(node.Host, node.Port, seed: 8);
        var relayed = server.Replace($"{node.Host}:{node.Port}", $"{node.Host}:{relay.Port}", StringComparison.Ordinal);
        relayed.ShouldNotBe(server);
        var (id, stream) = (EventStoreDbStoreTests.IdOf(Guid.NewGuid().ToString()), StreamName.Parse("timeline-a"));
        await using var store = await EventStoreDbStore.OpenAsync(ServerAddress.Parse(relayed, ServerCredentials.FromEnvironment()), id, TimeProvider.System, token);
        var chain = new Chain(store, stream);
        for (var i = 0; i < Events; i++)
        {
            var result = await chain.AppendAsync(BitConverter.GetBytes(i), token);
            (result.Number, result.AlreadyThere).ShouldBe((i, false));
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{relay.Broken} answers kept back");
        relay.Broken.ShouldBeGreaterThan(10);
        await using var reader = await EventStoreDbStore.OpenAsync(ServerAddress.Parse(server, ServerCredentials.FromEnvironment()), id, TimeProvider.System, token);
        var (previous, number) = (Digest.Zero, 0);
        await foreach (var e in reader.ReadAllAsync(StorePosition.Start, token))
        {
            (e.Number, BitConverter.ToInt32(e.Data.Span), e.Previous, e.Hash).ShouldBe((number, number, previous, EventHash.Of(e)));
            (previous, number) = (e.Hash, number + 1);
        }
        number.ShouldBe(Events);
    }
}

/// <summary>Any server, of which somebody with rights deletes a stream softly or limits it, as the server's own page does: by a new event of the stream's metadata.</summary>
internal static class HiddenEvents
{
    public static async Task CheckAsync(string server, string limit, long value, CancellationToken token)
    {
        var (id, stream) = (EventStoreDbStoreTests.IdOf(Guid.NewGuid().ToString()), StreamName.Parse("timeline-a"));
        await using var before = await OpenAsync();
        var chain = new Chain(before, stream);
        for (var i = 0; i < 5; i++) await chain.AppendAsync([(byte)i], token);
        await LimitAsync(before, $"{{\"{limit}\":{value}}}");

        foreach (var store in new[] { before, await OpenAsync() })
        {
            var fault = await Should.ThrowAsync<StreamCutException>(async () => await store.ReadStreamAsync(stream, 0, token).ToListAsync(token));
            fault.Kind.ShouldBe(FailureKind.VerificationFailed);
            fault.Message.ShouldContain((limit, value) switch { (_, long.MaxValue) => "deleted", (_, 5) => "$tb 5", (_, 2) when limit == "$tb" => "events 0 to 1 are gone", _ => "events 0 to 2 are gone" });
            // Whoever sees nothing of it must not begin it again.
            await Should.ThrowAsync<LedgerException>(() => store.AppendAsync(stream, ExpectedRevision.NoStream, Chain.Event(stream, 0, default, [9]), token));
        }
        // Nothing was written behind what is hidden, and all of it is there again when the limit is gone.
        await LimitAsync(before, "{}");
        // A real server takes the first change of a deleted stream's metadata for its revival, and sets $tb to its end.
        if (value == long.MaxValue) await LimitAsync(before, "{}");
        await using var after = await OpenAsync();
        (await after.ReadStreamAsync(stream, 0, token).Select(e => e.Number).ToListAsync(token)).ShouldBe([0, 1, 2, 3, 4]);

        Task<EventStoreDbStore> OpenAsync() => EventStoreDbStore.OpenAsync(ServerAddress.Parse(server, ServerCredentials.FromEnvironment()), id, TimeProvider.System, token);

        Task LimitAsync(EventStoreDbStore store, string metadata) => store.Connection.CallAsync(atLeader: true, async node =>
        {
            var name = new StreamIdentifier { StreamName = ByteString.CopyFromUtf8($"$${store.Name(stream).StreamName.ToStringUtf8()}") };
            var last = -1L;
            using (var read = new Streams.StreamsClient(node.Channel).Read(new ReadReq
            {
                Options = new() { Stream = new() { StreamIdentifier = name, End = new Empty() }, Direction = ReadReq.Types.Options.Types.Direction.Backwards, Count = 1, NoFilter = new Empty(), UuidForm = EventStoreDbStore.Uuids() },
            }, node.Options(null, token)))
                while (await read.ResponseStream.MoveNext(token))
                    if (read.ResponseStream.Current.Event is { } found) last = (long)found.Event.Revision;
            using var call = new Streams.StreamsClient(node.Channel).Append(node.Options(null, token));
            await call.RequestStream.WriteAsync(new AppendReq { Options = last < 0 ? new() { StreamIdentifier = name, NoStream = new Empty() } : new() { StreamIdentifier = name, Revision = (ulong)last } }, token);
            await call.RequestStream.WriteAsync(
                new AppendReq { Proposed = new() { Id = new UUID { String = Guid.NewGuid().ToString() }, Metadata = { ["type"] = "$metadata", ["content-type"] = "application/json" }, Data = ByteString.CopyFromUtf8(metadata) } }, token);
            await call.RequestStream.CompleteAsync();
            var answer = await call.ResponseAsync;
            answer.Success.ShouldNotBeNull();
            return answer;
        }, token);
    }
}
