using Ledger.Domain.Ports;
using Ledger.Host.Stores;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Stores;

public sealed class InMemoryEventStoreTests : EventStoreContract
{
    private readonly InMemoryEventStore store = new();

    protected override Task<IEventStore> OpenAsync(string folder, CancellationToken token) => Task.FromResult<IEventStore>(store);
}

public sealed class SqliteEventStoreTests : EventStoreContract
{
    protected override async Task<IEventStore> OpenAsync(string folder, CancellationToken token)
    {
        var path = Path.Combine(folder, "a.ledger");
        return await SqliteEventStore.OpenAsync(path, File.Exists(path) ? OpenMode.Open : OpenMode.Create, TimeProvider.System, token);
    }

    [Fact]
    public async Task A_subscription_sees_what_another_process_appends()
    {
        var (here, there) = (await AnotherAsync(), await AnotherAsync());
        var seen = new List<int>();
        var reading = Task.Run(async () =>
        {
            await foreach (var e in here.SubscribeAsync(Domain.Events.StorePosition.Start, Token))
            {
                seen.Add(e.Data.Span[0]);
                if (seen.Count == 20) return;
            }
        }, Token);
        var chain = new Chain(there, Chain.Named("timeline-a"));
        for (var i = 0; i < 20; i++) await chain.AppendAsync([(byte)i], Token);
        await reading.WaitAsync(TimeSpan.FromSeconds(30), Token);
        seen.ShouldBe(Enumerable.Range(0, 20));
    }

    [Fact]
    public async Task Two_processes_on_one_stream_one_wins_and_the_other_is_told()
    {
        Chain one = new(await AnotherAsync(), Chain.Named("timeline-a")), other = new(await AnotherAsync(), Chain.Named("timeline-a"));
        await one.AppendAsync([1], Token);
        (await Should.ThrowAsync<StreamConflictException>(() => other.AppendAsync([2], Token))).Actual.Number.ShouldBe(0);
        await other.CatchUpAsync(Token);
        (await other.AppendAsync([2], Token)).Number.ShouldBe(1);
    }
}
