using System.Text;
using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Stores.EventStoreDb;

/// <summary>The contract over the calls of EventStoreDB, against the tests' own server.</summary>
public sealed class EventStoreDbStoreTests(FakeCluster cluster) : EventStoreContract, IClassFixture<FakeCluster>
{
    protected override bool SeesEveryId => false;

    protected override async Task<IEventStore> OpenAsync(string folder, CancellationToken token) => await EventStoreDbStore.OpenAsync(ServerAddress.Parse(cluster.Address()), IdOf(folder), TimeProvider.System, token);

    internal static LedgerId IdOf(string folder) => new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(Digest.Of(Encoding.UTF8.GetBytes(folder)).ToBytes()));
}

/// <summary>The same against a real server, where LEDGER_EVENTSTOREDB holds its connection string. As 24.2 is by default, its MaxAppendSize counts the payload alone; where it counts more, set it to 4 MiB.</summary>
public sealed class RealEventStoreDbStoreTests : EventStoreContract
{
    private const string Variable = "LEDGER_EVENTSTOREDB";

    protected override bool SeesEveryId => false;

    protected override async Task<IEventStore> OpenAsync(string folder, CancellationToken token)
    {
        var server = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(server), $"{Variable} names no server");
        return await EventStoreDbStore.OpenAsync(ServerAddress.Parse(server!, ServerCredentials.FromEnvironment()), EventStoreDbStoreTests.IdOf(folder), TimeProvider.System, token);
    }
}
