using System.Text;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Stores.EventStoreDb;

/// <summary>The contract over the calls of EventStoreDB, against the tests' own server.</summary>
public sealed class EventStoreDbStoreTests(FakeCluster cluster) : EventStoreContract, IClassFixture<FakeCluster>
{
    protected override bool SeesEveryId => false;

    [Fact]
    public Task Appends_whose_answers_got_lost_on_the_way_are_written_once() => LostAnswers.CheckAsync(cluster.Address(), Token);

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
