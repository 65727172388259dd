using Ledger.Domain.Events;
using Ledger.Host.Jobs;
using Ledger.Host.Stores;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Stores.EventStoreDb;
using Ledger.Host.Tests.Support.EventStoreDb;
using Microsoft.Extensions.Time.Testing;

namespace Ledger.Host.Tests.Jobs;

/// <summary>Leases in a file.</summary>
public sealed class LocalJobQueueTests : JobQueueContract
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public async Task A_worker_that_is_at_it_keeps_its_job_however_long_it_takes()
    {
        await First.SubmitAsync(1);
        var delivery = await First.TakeAsync();
        var other = await AnotherAsync();
        for (var i = 0; i < 30; i++)
        {
            time.Advance(LocalJobQueue.Heartbeat);
            (await other.Queue.TakeAsync("b", TimeSpan.Zero, Token)).ShouldBeNull();
        }
        (await other.Queue.UnderWayAsync(Token)).ShouldHaveSingleItem().ShouldBe(new KeyValuePair<long, UnderWay>(0, new UnderWay("a", 1)));
        await First.Queue.DoneAsync(delivery);
    }

    [Fact]
    public async Task What_is_given_back_for_later_waits_until_then()
    {
        await First.SubmitAsync(1);
        await First.Queue.GiveBackAsync(await First.TakeAsync(), TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromSeconds(29));
        (await First.Queue.TakeAsync("a", TimeSpan.Zero, Token)).ShouldBeNull();
        time.Advance(TimeSpan.FromSeconds(2));
        (await First.TakeAsync()).Times.ShouldBe(2);
    }

    [Fact]
    public async Task Who_lost_a_job_cannot_give_back_what_another_has_now()
    {
        await First.SubmitAsync(1);
        var asleep = await AnotherAsync();
        var lost = await asleep.TakeAsync();
        await asleep.Queue.DisposeAsync();      // its beats stop
        WorkersAreTakenForGone();
        await First.TakeAsync();
        var awake = await AnotherAsync();
        await awake.Queue.GiveBackAsync(lost, TimeSpan.Zero);
        (await awake.Queue.TakeAsync("b", TimeSpan.Zero, Token)).ShouldBeNull();
    }

    private protected override void WorkersAreTakenForGone() => time.Advance(LocalJobQueue.Lease + TimeSpan.FromSeconds(1));

    private protected override async Task<Desk> OpenAsync(string folder)
    {
        var path = Path.Combine(folder, "jobs.db");
        var log = new JobLog(await SqliteEventStore.OpenAsync(path, File.Exists(path) ? OpenMode.Open : OpenMode.Create, time, Token), time);
        return new Desk(log, LocalJobQueue.Open(path, log, time));
    }
}

/// <summary>A persistent subscription of the tests' own server.</summary>
public sealed class ServerJobQueueTests(FakeCluster cluster) : JobQueueContract, IClassFixture<FakeCluster>
{
    private const int Jobs = 60;

    [Fact]
    public Task Connections_that_break_while_a_job_is_under_way_lose_none_and_double_none() => FaultyAsync(new FakeCluster { OnGive = n => n % 5 == 0 ? GiveFault.BrokenSoon : GiveFault.None });

    [Fact]
    public Task Acknowledgements_that_get_lost_lose_no_job_and_double_none() => FaultyAsync(new FakeCluster { OnAck = n => n % 5 == 0 });

    [Fact]
    public Task Jobs_that_two_workers_have_at_once_are_recorded_once() => FaultyAsync(new FakeCluster { OnGive = n => n % 2 == 0 ? GiveFault.Twice : GiveFault.None });

    [Fact]
    public async Task A_leader_that_dies_takes_no_job_along()
    {
        await using var three = await FakeCluster.StartAsync(new FakeCluster { Size = 3 });
        await using Desk worker = await OpenAsync(three, "leader"), other = await OpenAsync(three, "leader");
        await worker.SubmitAsync(Jobs);
        var work = WorkAsync(Jobs, worker, other);
        await Task.Delay(50, Token);
        await three.KillAsync(0);
        await work;
        await OnceAsync(worker);
    }

    [Fact]
    public async Task What_is_parked_the_server_keeps_with_the_reason()
    {
        await using var fresh = await FakeCluster.StartAsync(new FakeCluster());
        await using var worker = await OpenAsync(fresh, "parked");
        await worker.SubmitAsync(1);
        await worker.Queue.ParkAsync(await worker.TakeAsync(), "it makes no sense");
        for (var tries = 0; fresh.Groups.Values.Single().Parked.Count == 0 && tries < 500; tries++) await Task.Delay(10, Token);
        fresh.Groups.Values.Single().Parked.ShouldHaveSingleItem().Reason.ShouldBe("it makes no sense");
    }

    private static async Task FaultyAsync(FakeCluster faulty)
    {
        await using var started = await FakeCluster.StartAsync(faulty);
        await using Desk one = await OpenAsync(faulty, "faulty"), two = await OpenAsync(faulty, "faulty"), three = await OpenAsync(faulty, "faulty");
        await one.SubmitAsync(Jobs);
        await WorkAsync(Jobs, one, two, three);
        await OnceAsync(one);
    }

    private static async Task OnceAsync(Desk worker)
    {
        var results = await worker.Log.Store.ReadStreamAsync(StreamName.Results, 0, Token).Select(e => ((JobDone)EventJson.Current.Read(e).Event).Job).ToListAsync(Token);
        results.ShouldBe(Enumerable.Range(0, Jobs).Select(i => Job(i).Job), ignoreOrder: true);
    }

    private protected override Task<Desk> OpenAsync(string folder) => OpenAsync(cluster, folder);

    private static Task<Desk> OpenAsync(FakeCluster cluster, string folder) => OnServer.OpenAsync(ServerAddress.Parse(cluster.Address("maxDiscoverAttempts=40")), folder, (log, queue) => new Desk(log, queue));
}

/// <summary>The same of a real server, where LEDGER_EVENTSTOREDB names one.</summary>
public sealed class RealServerJobQueueTests : JobQueueContract
{
    private protected override Task<Desk> OpenAsync(string folder)
    {
        var server = Environment.GetEnvironmentVariable("LEDGER_EVENTSTOREDB");
        Assert.SkipWhen(string.IsNullOrEmpty(server), "LEDGER_EVENTSTOREDB names no server");
        return OnServer.OpenAsync(ServerAddress.Parse(server!, ServerCredentials.FromEnvironment()), folder, (log, queue) => new Desk(log, queue));
    }
}

internal static class OnServer
{
    public static async Task<T> OpenAsync<T>(ServerAddress server, string folder, Func<JobLog, IJobQueue, T> desk)
    {
        var store = await EventStoreDbStore.OpenJobsAsync(server, EventStoreDbStoreTests.IdOf(folder), TimeProvider.System, TestContext.Current.CancellationToken);
        return desk(new JobLog(store, TimeProvider.System), new ServerJobQueue(store, TimeProvider.System));
    }
}
