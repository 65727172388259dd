using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Stores.EventStoreDb;

/// <summary>Reads and subscriptions that break off, at any message and with any node: each event comes once and in order.</summary>
public sealed class BrokenReadTests
{
    private const int Events = 400;
    private static readonly LedgerId Id = new(7);
    private static readonly StreamName A = StreamName.Parse("timeline-a"), B = StreamName.Parse("timeline-b");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_read_that_breaks_off_goes_on_behind_the_last_event()
    {
        await using var cluster = await FilledAsync(new FakeCluster());
        await using var store = await OpenAsync(cluster);
        cluster.OnRead = n => n % 7 == 0 ? null : 1 + n * 13 % 60;
        (await ListAsync(store.ReadStreamAsync(A, 0, Token))).Select(e => e.Number).ShouldBe(Enumerable.Range(0, Events / 2).Select(i => (long)i));
        (await ListAsync(store.ReadAllAsync(StorePosition.Start, Token))).Select(e => BitConverter.ToInt32(e.Data.Span)).ShouldBe(Enumerable.Range(0, Events));
        cluster.Reads.ShouldBeGreaterThan(12);
        (await store.ReadLastAsync(B, Token))!.Number.ShouldBe(Events / 2 - 1);
    }

    [Fact]
    public async Task A_read_that_breaks_off_before_anything_each_time_fails()
    {
        await using var cluster = await FilledAsync(new FakeCluster());
        await using var store = await OpenAsync(cluster, "maxDiscoverAttempts=3");
        var before = cluster.Reads;
        cluster.OnRead = _ => 0;
        await Should.ThrowAsync<LedgerException>(() => ListAsync(store.ReadStreamAsync(A, 0, Token)));
        (cluster.Reads - before).ShouldBe(3);
    }

    [Fact]
    public async Task Everything_is_waited_for_while_the_server_looks_and_a_stream_only_so_long()
    {
        await using var cluster = await FilledAsync(new FakeCluster());
        await using var store = await OpenAsync(cluster, "defaultDeadline=200&maxDiscoverAttempts=2");
        cluster.ReadDelay = TimeSpan.FromSeconds(1);
        (await ListAsync(store.ReadAllAsync(new StorePosition(0), Token))).Count.ShouldBe(Events);
        (await Should.ThrowAsync<ServerDeadlineException>(() => store.ReadLastAsync(A, Token))).Kind.ShouldBe(FailureKind.Failed);
    }

    [Fact]
    public async Task A_subscription_goes_on_after_every_break()
    {
        await using var cluster = await FilledAsync(new FakeCluster());
        cluster.OnRead = n => 1 + n * 13 % 40;
        await using var store = await OpenAsync(cluster);
        (await SubscribedAsync(cluster, store, append: Events)).ShouldBe(Enumerable.Range(0, 2 * Events));
        cluster.Reads.ShouldBeGreaterThan(20);
    }

    [Fact]
    public async Task A_subscription_outlives_the_node_it_was_at()
    {
        await using var cluster = await FilledAsync(new FakeCluster { Size = 3 });
        await using var store = await OpenAsync(cluster);
        (await SubscribedAsync(cluster, store, append: Events, atHalf: () => cluster.KillAsync(cluster.Leader))).ShouldBe(Enumerable.Range(0, 2 * Events));
        cluster.ReadAt.Distinct().Order().ShouldBe([0, 1]);
    }

    [Fact]
    public async Task After_a_break_a_subscription_does_not_look_again_where_there_was_nothing()
    {
        await using var cluster = await FilledAsync(new FakeCluster());
        await using var store = await OpenAsync(cluster);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var subscribed = Task.Run(async () =>
        {
            await foreach (var _ in store.SubscribeAsync(StorePosition.Start, stop.Token)) { }
        }, Token);
        await UntilAsync(() => !cluster.SubscribedBehind.IsEmpty);
        for (var i = 0; i < 3_000; i++) cluster.Log.Append("somebody-else", i - 1, Guid.NewGuid(), "theirs", "application/json", [], []);
        var last = (await ListAsync(store.ReadAllAsync(StorePosition.Start, Token)))[^1].Position.Value;
        // Broken before word of them has come, it begins behind the last of its own again: then once more.
        for (var broken = 1; broken < 100 && cluster.SubscribedBehind.Last() <= last + 3_000; broken++)
        {
            await Task.Delay(50, Token);
            cluster.BreakAll();
            await UntilAsync(() => cluster.SubscribedBehind.Count > broken);
        }
        cluster.SubscribedBehind.ShouldContain(last);
        cluster.SubscribedBehind.Last().ShouldBeGreaterThan(last + 3_000);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => subscribed);
    }

    [Fact]
    public async Task An_event_that_somebody_else_put_into_the_ledgers_streams_is_named()
    {
        await using var cluster = await FilledAsync(new FakeCluster());
        await using var store = await OpenAsync(cluster);
        cluster.Log.Append($"{Id}.{A}", Events / 2 - 1, Guid.NewGuid(), "theirs", "application/json", "{}"u8.ToArray(), []);
        var fault = await Should.ThrowAsync<ForeignEventException>(() => ListAsync(store.ReadStreamAsync(A, 0, Token)));
        fault.Kind.ShouldBe(FailureKind.VerificationFailed);
        fault.Message.ShouldContain($"Event {Events / 2} ");
    }

    /// <summary>Events by turns in two streams, and another ledger's among them.</summary>
    private static async Task<FakeCluster> FilledAsync(FakeCluster made)
    {
        var cluster = await FakeCluster.StartAsync(made);
        await using var store = await OpenAsync(cluster);
        await using var other = await EventStoreDbStore.OpenAsync(store.Server, new LedgerId(8), TimeProvider.System, Token);
        Chain a = new(store, A), b = new(store, B), stranger = new(other, A);
        for (var i = 0; i < Events; i++)
        {
            await (i % 2 == 0 ? a : b).AppendAsync(BitConverter.GetBytes(i), Token);
            if (i % 10 == 0) await stranger.AppendAsync([9], Token);
        }
        return cluster;
    }

    private static async Task<List<int>> SubscribedAsync(FakeCluster cluster, EventStoreDbStore store, int append, Func<Task>? atHalf = null)
    {
        var seen = new List<int>();
        var reading = Task.Run(async () =>
        {
            await foreach (var e in store.SubscribeAsync(StorePosition.Start, Token))
            {
                seen.Add(BitConverter.ToInt32(e.Data.Span));
                if (seen.Count == Events + append) return;
            }
        }, Token);
        await UntilAsync(() => !cluster.SubscribedBehind.IsEmpty);
        await using var writer = await OpenAsync(cluster);
        var chain = new Chain(writer, A);
        await chain.CatchUpAsync(Token);
        for (var i = 0; i < append; i++)
        {
            if (i == append / 2 && atHalf is not null) await atHalf();
            await chain.AppendAsync(BitConverter.GetBytes(Events + i), Token);
        }
        await reading.WaitAsync(TimeSpan.FromSeconds(30), Token);
        return seen;
    }

    private static async Task UntilAsync(Func<bool> done)
    {
        for (var i = 0; i < 1_500 && !done(); i++) await Task.Delay(20, Token);
        done().ShouldBeTrue();
    }

    private static async Task<EventStoreDbStore> OpenAsync(FakeCluster cluster, string options = "") =>
        await EventStoreDbStore.OpenAsync(ServerAddress.Parse(cluster.Address(options)), Id, TimeProvider.System, Token);

    private static async Task<List<RecordedEvent>> ListAsync(IAsyncEnumerable<RecordedEvent> events)
    {
        var list = new List<RecordedEvent>();
        await foreach (var e in events) list.Add(e);
        return list;
    }
}
