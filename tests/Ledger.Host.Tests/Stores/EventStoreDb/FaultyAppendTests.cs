using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Stores.EventStoreDb;

/// <summary>A thousand appends while something goes wrong again and again: nothing is lost, nothing is there twice, the order is kept.</summary>
public sealed class FaultyAppendTests
{
    private const int Events = 1_000;
    private static readonly LedgerId Id = new(7);
    private static readonly StreamName A = StreamName.Parse("timeline-a");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("NotReady", 3)]
    [InlineData("BrokenBefore", 3)]
    [InlineData("BrokenAfter", 3)]
    [InlineData("LateAfter", 3)]
    [InlineData("SilentAfter", 100)]
    [InlineData("TimedOutAfter", 3)]
    [InlineData("LeaderMoved", 3)]
    public async Task A_thousand_appends_are_there_once_and_in_order(string fault, int every)
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Size = fault == "LeaderMoved" ? 3 : 1, OnAppend = n => n % every == 0 ? Enum.Parse<AppendFault>(fault) : AppendFault.None });
        await using var store = await OpenAsync(cluster, fault == "SilentAfter" ? "defaultDeadline=200" : "");
        var chain = new Chain(store, A);
        for (var i = 0; i < Events; i++) (await chain.AppendAsync(Data(i), Token)).ShouldBe(new AppendResult(i, new StorePosition(0), false), new SameButForPosition());
        cluster.Appends.ShouldBeGreaterThanOrEqualTo(Events + Events / every);
        await CheckAsync(cluster);
    }

    [Fact]
    public async Task An_append_overtaken_while_its_answer_was_lost_is_a_conflict_and_goes_behind()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { OnAppend = n => n % 5 == 0 ? AppendFault.OvertakenAfterBreak : AppendFault.None });
        await using var store = await OpenAsync(cluster);
        var chain = new Chain(store, A);
        var conflicts = 0;
        for (var i = 0; i < Events;)
            try
            {
                await chain.AppendAsync(Data(i), Token);
                i++;
            }
            catch (StreamConflictException)
            {
                conflicts++;
                await chain.CatchUpAsync(Token);
            }
        conflicts.ShouldBeGreaterThan(100);
        var own = (await AllAsync(store)).Where(e => e.Type == "test.v1").ToList();
        own.Select(e => BitConverter.ToInt32(e.Data.Span)).ShouldBe(Enumerable.Range(0, Events));
    }

    [Fact]
    public async Task Eight_writers_on_one_stream_and_every_fault_by_turns_lose_nothing_and_double_nothing()
    {
        const int writers = 8, each = Events / writers;
        AppendFault[] faults = [AppendFault.NotReady, AppendFault.BrokenBefore, AppendFault.BrokenAfter, AppendFault.LateAfter, AppendFault.TimedOutAfter, AppendFault.LeaderMoved];
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Size = 3, OnAppend = n => n % 10 == 0 ? faults[n / 10 % faults.Length] : AppendFault.None });
        await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            await using var store = await OpenAsync(cluster);
            var chain = new Chain(store, A);
            for (var i = 0; i < each;)
                try
                {
                    await chain.AppendAsync(Data(w * each + i), Token);
                    i++;
                }
                catch (StreamConflictException)
                {
                    await chain.CatchUpAsync(Token);
                }
        }, Token)));
        await using var reader = await OpenAsync(cluster);
        var all = await AllAsync(reader);
        all.Select(e => BitConverter.ToInt32(e.Data.Span)).Order().ShouldBe(Enumerable.Range(0, Events));
        foreach (var writer in all.Select(e => BitConverter.ToInt32(e.Data.Span)).GroupBy(i => i / each)) writer.ShouldBe(writer.Order());
        CheckChain(all);
    }

    [Fact]
    public async Task An_append_whose_fate_stays_unknown_says_so_and_is_recognised_when_it_is_repeated()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { OnAppend = _ => AppendFault.BrokenAfter });
        await using var store = await OpenAsync(cluster, "maxDiscoverAttempts=3");
        var e = Chain.Event(A, 0, default, [1]);
        var fault = await Should.ThrowAsync<AppendUnsettledException>(() => store.AppendAsync(A, ExpectedRevision.NoStream, e, Token));
        (fault.Stream, fault.Id, fault.Kind).ShouldBe((A, e.Id, FailureKind.Failed));
        cluster.Appends.ShouldBe(3);

        // The same command in another process: same id, another time in its metadata, so another hash.
        cluster.OnAppend = _ => AppendFault.None;
        await using var again = await OpenAsync(cluster);
        var result = await again.AppendAsync(A, ExpectedRevision.NoStream, Chain.Event(A, 0, default, [1], "{\"later\":1}"u8.ToArray(), e.Id), Token);
        (result.Number, result.AlreadyThere).ShouldBe((0, true));
        (await AllAsync(again)).ShouldHaveSingleItem().Hash.ShouldBe(e.Hash);
    }

    [Fact]
    public async Task One_command_in_two_processes_at_once_is_one_event_and_one_of_them_knows_that_it_is_not_its_own()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        await using var one = await OpenAsync(cluster);
        await using var other = await OpenAsync(cluster);
        for (var i = 0; i < 50; i++)
        {
            var (stream, id) = (StreamName.Parse($"timeline-{i}"), Guid.NewGuid());
            var results = await Task.WhenAll(
                one.AppendAsync(stream, ExpectedRevision.NoStream, Chain.Event(stream, 0, default, [1], id: id), Token),
                other.AppendAsync(stream, ExpectedRevision.NoStream, Chain.Event(stream, 0, default, [2], id: id), Token));
            results.Select(r => r.AlreadyThere).Order().ShouldBe([false, true]);
            results.Select(r => r.Position).Distinct().ShouldHaveSingleItem();
            var there = (await one.ReadLastAsync(stream, Token))!;
            (there.Number, there.Data.Span[0]).ShouldBe((0, (byte)(results[0].AlreadyThere ? 2 : 1)));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_server_that_is_gone_is_unreachable_and_certainly_has_nothing(int nodes)
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Size = nodes });
        await using var store = await OpenAsync(cluster, "maxDiscoverAttempts=3");
        await new Chain(store, A).AppendAsync([1], Token);
        for (var i = 0; i < nodes; i++) await cluster.KillAsync(i);
        // The first connection is found broken, which leaves a doubt; from then on nothing is sent.
        await Should.ThrowAsync<LedgerException>(() => store.AppendAsync(A, new ExpectedRevision(0), Chain.Event(A, 1, default, [2]), Token));
        (await Should.ThrowAsync<ServerUnreachableException>(() => store.AppendAsync(A, new ExpectedRevision(0), Chain.Event(A, 1, default, [2]), Token))).Kind.ShouldBe(FailureKind.Failed);
        await Should.ThrowAsync<ServerUnreachableException>(() => OpenAsync(cluster, "maxDiscoverAttempts=2"));
    }

    [Fact]
    public async Task An_event_too_large_for_how_the_server_is_set_is_refused_with_what_to_set()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { MaxAppendSize = 1 << 20 });
        await using var store = await OpenAsync(cluster);
        var fault = await Should.ThrowAsync<ServerSizeException>(() => store.AppendAsync(A, ExpectedRevision.NoStream, Chain.Event(A, 0, default, new byte[IEventStore.MaxEventBytes]), Token));
        (fault.Most, fault.Kind).ShouldBe((1 << 20, FailureKind.BadInput));
        fault.Remedy.ShouldNotBeNull().ShouldContain("MaxAppendSize");
        cluster.Appends.ShouldBe(1);
        (await AllAsync(store)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_deleted_stream_takes_and_gives_nothing_and_says_why()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        await using var store = await OpenAsync(cluster);
        var chain = new Chain(store, A);
        await chain.AppendAsync([1], Token);
        cluster.Log.Delete($"{Id}.{A}");
        (await Should.ThrowAsync<StreamDeletedException>(() => chain.AppendAsync([2], Token))).Stream.ShouldBe(A);
        (await Should.ThrowAsync<StreamDeletedException>(() => store.ReadLastAsync(A, Token))).Kind.ShouldBe(FailureKind.VerificationFailed);
    }

    private static byte[] Data(int i) => BitConverter.GetBytes(i);

    private static async Task<EventStoreDbStore> OpenAsync(FakeCluster cluster, string options = "") =>
        await EventStoreDbStore.OpenAsync(ServerAddress.Parse(cluster.Address(options)), Id, TimeProvider.System, Token);

    private static async Task<List<RecordedEvent>> AllAsync(IEventStore store)
    {
        var all = new List<RecordedEvent>();
        await foreach (var e in store.ReadAllAsync(StorePosition.Start, Token)) all.Add(e);
        return all;
    }

    private static async Task CheckAsync(FakeCluster cluster)
    {
        await using var reader = await OpenAsync(cluster);
        var all = await AllAsync(reader);
        all.Select(e => BitConverter.ToInt32(e.Data.Span)).ShouldBe(Enumerable.Range(0, Events));
        CheckChain(all);
    }

    private static void CheckChain(IReadOnlyList<RecordedEvent> events)
    {
        events.Select(e => e.Number).ShouldBe(Enumerable.Range(0, Events).Select(i => (long)i));
        var previous = default(Digest);
        foreach (var e in events)
        {
            (e.Previous, e.Hash).ShouldBe((previous, EventHash.Of(e)));
            previous = e.Hash;
        }
    }

    private sealed class SameButForPosition : IEqualityComparer<AppendResult>
    {
        public bool Equals(AppendResult x, AppendResult y) => (x.Number, x.AlreadyThere) == (y.Number, y.AlreadyThere);

        public int GetHashCode(AppendResult r) => r.Number.GetHashCode();
    }
}
