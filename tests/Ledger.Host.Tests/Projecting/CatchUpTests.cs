using System.Runtime.CompilerServices;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Features;
using Ledger.Host.Projecting;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Support;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.Projections.Timelines;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Projecting;

/// <summary>However the runs that take events into rows are stopped, doubled, broken off or thrown away: the rows are those of a fold over the events, each change once.</summary>
public sealed class CatchUpTests : IDisposable
{
    private static readonly LedgerId Id = new(77);
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-rows-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Path => System.IO.Path.Combine(folder, "a.ledger.d", "projections.db");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task After_any_history_the_rows_say_what_a_fold_says_of_all_timelines_and_of_each_taken_in_at_once_or_bit_by_bit()
    {
        var happened = new Dictionary<string, int>();
        for (var seed = 1; seed <= 12; seed++)
        {
            var store = new InMemoryEventStore();
            var ledger = await DecidedLedger.OpenAsync(store, Id, seed, Token);
            using var steps = RowFile.InMemory(Id);
            for (var i = 0; i < 120; i++)
            {
                await ledger.StepAsync(Token);
                if (i % 7 == seed % 7) await ToEndAsync(store, steps);
            }
            await ToEndAsync(store, steps);
            using var once = RowFile.InMemory(Id);
            await ToEndAsync(store, once);
            foreach (var rows in new[] { steps, once }) await ShouldBeFoldedAsync(store, rows);
            foreach (var (what, count) in ledger.Happened) happened[what] = happened.GetValueOrDefault(what) + count;
        }
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", happened.Select(h => $"{h.Value} {h.Key}")));
        foreach (var what in new[] { "applied", "quarantined", "rejected", "released", "dismissed", "withheld", "reverted", "reinstated", "merged", "cherry-picked", "branched" }) happened.GetValueOrDefault(what).ShouldBeGreaterThan(9, what);
    }

    [Fact]
    public async Task A_run_that_ends_at_any_event_leaves_rows_from_which_the_next_one_goes_on()
    {
        var store = await FilledAsync(seed: 3, steps: 500);
        for (var (runs, done) = (0, false); !done; runs++)
        {
            runs.ShouldBeLessThan(50);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var broken = new Interrupted(store, after: 30 + runs * 41 % 300, runs % 2 == 0 ? stop.Cancel : () => throw new IOException("the connection is gone"));
            try
            {
                await RowFile.UseAsync(Path, Id, file => ToEndAsync(broken, file, stop.Token));
                done = true;
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
            }
        }
        await RowFile.UseAsync(Path, Id, file => ShouldBeFoldedAsync(store, file));
    }

    [Fact]
    public async Task Two_runs_at_once_and_a_drop_among_them_make_the_same_rows_as_one()
    {
        await using var store = await SqliteEventStore.OpenAsync(System.IO.Path.Combine(folder, "a.ledger"), OpenMode.Create, TimeProvider.System, Token);
        var ledger = await DecidedLedger.OpenAsync(store, Id, seed: 5, Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var taken = new int[2];
        var runs = Enumerable.Range(0, taken.Length).Select(run => Task.Run(() => RowFile.UseAsync(Path, Id, async file =>
        {
            try
            {
                await foreach (var batch in new CatchUp(store, file, TimeProvider.System).FollowAsync(stop.Token)) Interlocked.Add(ref taken[run], batch.Events);
            }
            catch (OperationCanceledException)
            {
            }
            return taken[run];
        }), Token)).ToArray();
        // Who is faster takes what there is: it goes on until each was, at least once.
        for (var i = 0; i < 300 || (i < 3_000 && taken.Any(t => t == 0)); i++)
        {
            await ledger.StepAsync(Token);
            if (i == 150) await RowFile.UseAsync(Path, Id, file => Task.FromResult(Dropped(file)));
        }
        await UntilAsync(store);
        await stop.CancelAsync();
        (await Task.WhenAll(runs)).ShouldAllBe(events => events > 0);
        await RowFile.UseAsync(Path, Id, file => ShouldBeFoldedAsync(store, file));
    }

    [Fact]
    public async Task Dropped_and_made_anew_they_are_the_same_rows()
    {
        var store = await FilledAsync(seed: 6, steps: 200);
        await RowFile.UseAsync(Path, Id, async file =>
        {
            await ToEndAsync(store, file);
            var (before, counts) = (file.Changes(null).ToList(), file.Count());
            Dropped(file).ShouldBeTrue();
            (file.Place, file.Count()).ShouldBe((null, new RowCounts(0, 0, 0)));
            await ToEndAsync(store, file);
            file.Changes(null).ShouldBe(before);
            file.Count().ShouldBe(counts);
            return true;
        });
    }

    [Fact]
    public async Task Over_a_subscription_that_breaks_off_all_the_time_no_event_is_missing_and_none_is_there_twice()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        await using var store = await EventStoreDbStore.OpenAsync(ServerAddress.Parse(cluster.Address()), Id, TimeProvider.System, Token);
        var ledger = await DecidedLedger.OpenAsync(store, Id, seed: 8, Token);
        for (var i = 0; i < 100; i++) await ledger.StepAsync(Token);

        cluster.OnRead = n => n % 5 == 0 ? null : 1 + n * 13 % 40;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var reader = await EventStoreDbStore.OpenAsync(ServerAddress.Parse(cluster.Address()), Id, TimeProvider.System, Token);
        var run = Task.Run(() => RowFile.UseAsync(Path, Id, async file =>
        {
            await foreach (var _ in new CatchUp(reader, file, TimeProvider.System).FollowAsync(stop.Token)) { }
            return true;
        }), Token);
        for (var i = 0; i < 200; i++)
        {
            await ledger.StepAsync(Token);
            if (i % 40 == 20) cluster.BreakAll();
        }
        await UntilAsync(store);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => run);
        cluster.OnRead = _ => null;
        await RowFile.UseAsync(Path, Id, file => ShouldBeFoldedAsync(store, file));
    }

    [Fact]
    public async Task Rows_of_another_store_or_ledger_are_noticed_and_made_anew()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        var (store, longer, other) = (await FilledAsync(seed: 9, steps: 100), await FilledAsync(seed: 9, steps: 130), await FilledAsync(seed: 10, steps: 40, new LedgerId(78)));
        await using var copy = await EventStoreDbStore.OpenAsync(ServerAddress.Parse(cluster.Address()), Id, TimeProvider.System, Token);
        await foreach (var e in store.ReadAllAsync(StorePosition.Start, Token)) await RandomLedger.AppendAsync(copy, e, Token);

        // The same events at other positions; a ledger that went another way since; an older one; another ledger.
        foreach (var (next, id) in new (IEventStore, LedgerId)[] { (store, Id), (copy, Id), (longer, Id), (store, Id), (other, new LedgerId(78)), (store, Id) })
            await RowFile.UseAsync(Path, id, async file =>
            {
                await ToEndAsync(next, file);
                return await ShouldBeFoldedAsync(next, file);
            });
    }

    [Fact]
    public async Task A_node_that_lags_behind_the_rows_costs_them_nothing()
    {
        var store = await FilledAsync(seed: 12, steps: 60);
        using var file = RowFile.InMemory(Id);
        await ToEndAsync(store, file);
        var (place, rows) = (file.Place, file.Changes(null).ToList());
        await ToEndAsync(new Lagging(store, events: 30), file);
        file.Place.ShouldBe(place);
        file.Changes(null).ShouldBe(rows);
    }

    [Fact]
    public async Task Dropped_while_somebody_follows_they_are_made_anew_though_nothing_comes()
    {
        await using var store = await SqliteEventStore.OpenAsync(System.IO.Path.Combine(folder, "a.ledger"), OpenMode.Create, TimeProvider.System, Token);
        var ledger = await DecidedLedger.OpenAsync(store, Id, seed: 13, Token);
        for (var i = 0; i < 40; i++) await ledger.StepAsync(Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var run = Task.Run(() => RowFile.UseAsync(Path, Id, async file =>
        {
            await foreach (var _ in new CatchUp(store, file, TimeProvider.System).FollowAsync(stop.Token)) { }
            return true;
        }), Token);
        await UntilAsync(store);
        await RowFile.UseAsync(Path, Id, file => Task.FromResult(Dropped(file)));
        await UntilAsync(store);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => run);
        await RowFile.UseAsync(Path, Id, file => ShouldBeFoldedAsync(store, file));
    }

    [Fact]
    public async Task An_event_that_no_rule_knows_stops_the_run_and_is_never_passed_over()
    {
        var store = await FilledAsync(seed: 11, steps: 50);
        using var file = RowFile.InMemory(Id);
        await ToEndAsync(store, file);
        var (place, rows) = (file.Place, file.Changes(null).ToList());
        var last = (await store.ReadLastAsync(StreamName.Of(Some.MainId), Token))!;
        await RandomLedger.AppendAsync(store, RandomLedger.Recorded(last.Stream, last.Number + 1, Some.Guid(9), "edit-forgotten.v1", EventJson.Serialize(Some.Metadata(9)), "{}"u8.ToArray(), last.Hash), Token);
        for (var tries = 0; tries < 2; tries++) (await Should.ThrowAsync<UnknownEventException>(() => ToEndAsync(store, file))).Type.ShouldBe("edit-forgotten.v1");
        file.Place.ShouldBe(place);
        file.Changes(null).ShouldBe(rows);
    }

    private static async Task<InMemoryEventStore> FilledAsync(int seed, int steps, LedgerId? id = null)
    {
        var store = new InMemoryEventStore();
        var ledger = await DecidedLedger.OpenAsync(store, id ?? Id, seed, Token);
        for (var i = 0; i < steps; i++) await ledger.StepAsync(Token);
        return store;
    }

    private static Task<bool> ToEndAsync(IEventStore store, RowFile file) => ToEndAsync(store, file, Token);

    private static async Task<bool> ToEndAsync(IEventStore store, RowFile file, CancellationToken token)
    {
        await foreach (var _ in new CatchUp(store, file, TimeProvider.System).ToEndAsync(token)) { }
        return true;
    }

    private static bool Dropped(RowFile file)
    {
        file.Drop();
        return file.Place is null;
    }

    /// <summary>Waits until the rows of the file go as far as the store.</summary>
    private async Task UntilAsync(IEventStore store)
    {
        var last = StorePosition.Start;
        await foreach (var e in store.ReadAllAsync(StorePosition.Start, Token)) last = e.Position;
        for (var i = 0; i < 600; i++)
        {
            if (await RowFile.UseAsync(Path, Id, file => Task.FromResult(file.Place?.Position == last))) return;
            await Task.Delay(50, Token);
        }
        Assert.Fail("The rows did not come to the end.");
    }

    private static async Task<bool> ShouldBeFoldedAsync(IEventStore store, RowFile rows)
    {
        // It owns the store and is not closed: others still use it.
        var session = await LedgerSession.ReadAsync(new LedgerPaths("none.ledger"), store, TimeProvider.System, Token);
        foreach (var filter in new[] { new AuditFilter(), new AuditFilter { Subject = "Person 3 " }, new AuditFilter { Author = "ben", Outcome = Domain.Gate.Outcome.Quarantined } }) await ShouldBeFoldedAsync(session, rows, filter);
        return true;
    }

    private static async Task ShouldBeFoldedAsync(LedgerSession session, RowFile rows, AuditFilter filter)
    {
        ShowAudit.Handler.Lines(session.Setup, null, rows.Changes(filter.Subject), filter).ShouldBe(await NaiveLines.OfAsync(session, null, filter, Token));
        foreach (var timeline in session.Setup.Timelines.Values)
        {
            var changes = session.Setup.Ancestry(timeline).SelectMany(a => rows.Changes(a.Started.Timeline, session.Setup.LastOf(a, timeline), filter.Subject));
            ShowAudit.Handler.Lines(session.Setup, timeline.Started.Name, changes, filter).ShouldBe(await NaiveLines.OfAsync(session, timeline.Started.Name, filter, Token));
            var row = rows.Timeline(timeline.Started.Timeline)!;
            row.Head.ShouldBe((await session.TipAsync(timeline.Started.Name, Token)).Timeline.Revision);
            row.Closed.ShouldBe(session.Setup.Closed.GetValueOrDefault(timeline.Started.Timeline)?.Reason);
        }
    }

    /// <summary>A node that has not all events yet; where streams end it knows from the leader.</summary>
    private sealed class Lagging(IEventStore store, int events) : PassingStore(store)
    {
        public override IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, CancellationToken token) => ReadAllAsync(StorePosition.Start, token).Where(e => e.Stream == stream && e.Number >= from);

        public override IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition position, CancellationToken token) => Inner.ReadAllAsync(StorePosition.Start, token).Take(events).Where(e => e.Position.CompareTo(position) > 0);
    }

    /// <summary>A store of which something goes wrong after so many events.</summary>
    private sealed class Interrupted(IEventStore store, int after, Action wrong) : PassingStore(store)
    {
        public override async IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition position, [EnumeratorCancellation] CancellationToken token)
        {
            var seen = 0;
            await foreach (var e in Inner.ReadAllAsync(position, token))
            {
                if (++seen > after) wrong();
                if (seen % 50 == 0) await Task.Delay(1, token);         // a batch ends where something is waited for
                yield return e;
            }
        }
    }
}
