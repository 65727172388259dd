using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Jobs;

namespace Ledger.Host.Tests.Jobs;

/// <summary>What every queue promises its workers, and every log of jobs.</summary>
public abstract class JobQueueContract : IAsyncLifetime
{
    private static readonly TimelineId Timeline = new(7);

    private readonly string folder = Directory.CreateTempSubdirectory("ledger-jobs-").FullName;
    private readonly List<Desk> desks = [];

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected Desk First { get; private set; } = null!;

    /// <summary>The jobs of a folder, and the queue of one worker; asked again for the same folder, the same jobs.</summary>
    private protected abstract Task<Desk> OpenAsync(string folder);

    /// <summary>As long passes as it takes until a worker that says nothing is taken for gone.</summary>
    private protected virtual void WorkersAreTakenForGone()
    {
    }

    public async ValueTask InitializeAsync() => First = await AnotherAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var desk in desks) await desk.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Jobs_are_given_out_in_the_order_they_were_asked_for_and_not_again_when_they_are_done()
    {
        await First.SubmitAsync(5);
        for (var i = 0; i < 5; i++)
        {
            var delivery = await First.TakeAsync();
            (delivery.Event.Number, delivery.Times, Subject(delivery)).ShouldBe((i, 1, $"Person {i}"));
            await First.Queue.DoneAsync(delivery);
        }
        (await First.Queue.TakeAsync("a", TimeSpan.Zero, Token)).ShouldBeNull();
        (await (await AnotherAsync()).Queue.TakeAsync("b", TimeSpan.Zero, Token)).ShouldBeNull();
    }

    [Fact]
    public async Task A_worker_that_waits_gets_what_comes()
    {
        (await First.Queue.TakeAsync("a", TimeSpan.Zero, Token)).ShouldBeNull();
        await (await AnotherAsync()).SubmitAsync(1);
        Subject(await First.TakeAsync()).ShouldBe("Person 0");
    }

    [Fact]
    public async Task What_one_worker_has_no_other_is_given()
    {
        await First.SubmitAsync(2);
        var (second, third) = (await AnotherAsync(), await AnotherAsync());
        var mine = await First.TakeAsync();
        var theirs = await second.TakeAsync();
        theirs.Event.Number.ShouldNotBe(mine.Event.Number);
        (await third.Queue.TakeAsync("c", TimeSpan.Zero, Token)).ShouldBeNull();
        await First.Queue.DoneAsync(mine);
        await second.Queue.DoneAsync(theirs);
        (await third.Queue.TakeAsync("c", TimeSpan.Zero, Token)).ShouldBeNull();
    }

    [Fact]
    public async Task What_is_given_back_is_given_out_once_more_and_counted()
    {
        await First.SubmitAsync(1);
        for (var times = 1; times <= 4; times++)
        {
            var delivery = await First.TakeAsync();
            delivery.Times.ShouldBe(times);
            await First.Queue.GiveBackAsync(delivery, TimeSpan.Zero);
        }
        await First.Queue.DoneAsync(await First.TakeAsync());
    }

    [Fact]
    public async Task What_a_worker_had_that_is_gone_another_gets()
    {
        await First.SubmitAsync(1);
        var gone = await AnotherAsync();
        var lost = await gone.TakeAsync();
        await gone.DisposeAsync();
        WorkersAreTakenForGone();
        var delivery = await First.TakeAsync();
        (delivery.Event.Id, delivery.Times).ShouldBe((lost.Event.Id, 2));
        await First.Queue.DoneAsync(delivery);
    }

    [Fact]
    public async Task What_is_parked_is_given_out_no_more()
    {
        await First.SubmitAsync(2);
        await First.Queue.ParkAsync(await First.TakeAsync(), "it makes no sense");
        Subject(await First.TakeAsync()).ShouldBe("Person 1");
    }

    [Fact]
    public async Task Work_that_is_asked_for_twice_is_one_job_and_the_first_result_stands()
    {
        await First.SubmitAsync(1);
        var second = await AnotherAsync();
        (await second.Log.SubmitAsync(Job(0), "ben", Token)).ShouldBeFalse();
        (await First.Log.SettleAsync(Done(0, "a"), Token)).ShouldBeTrue();
        (await second.Log.SettleAsync(new JobParked(Job(0).Job, 0, "b", "no file"), Token)).ShouldBeFalse();
        await second.Log.CatchUpAsync(Token);
        var state = second.Log.Jobs.ShouldHaveSingleItem();
        (state.Settled, state.By, second.Log.IsSettled, second.Log.IsOver(state.Job, 0), second.Log.IsOver(state.Job, 1)).ShouldBe((Done(0, "a"), "ana", true, true, false));
        (await second.Log.ReadAsync(state, Token)).ShouldBe(Job(0));
        second.Log.Find(state.Job.ToString()[..6].ToUpperInvariant()).ShouldBe(state);
        Should.Throw<JobUnknownException>(() => second.Log.Find("7zzzzzz"));
    }

    [Fact]
    public async Task A_parked_job_that_is_queued_again_waits_and_is_settled_anew()
    {
        await First.SubmitAsync(1);
        var parked = await First.TakeAsync();
        await First.Log.SettleAsync(new JobParked(Job(0).Job, 0, "a", "no file"), Token);
        await First.Queue.ParkAsync(parked, "no file");
        (await First.Log.SubmitAsync(Job(0) with { Attempt = 1 }, "ben", Token)).ShouldBeTrue();
        await First.Log.CatchUpAsync(Token);
        First.Log.IsSettled.ShouldBeFalse();
        ((EditQueued)EventJson.Current.Read((await First.TakeAsync()).Event).Event).ShouldBe(Job(0) with { Attempt = 1 });
        await First.Log.SettleAsync(Done(0, "a") with { Attempt = 1 }, Token);
        await First.Log.CatchUpAsync(Token);
        First.Log.Jobs.ShouldHaveSingleItem().Settled.ShouldBe(Done(0, "a") with { Attempt = 1 });
    }

    [Fact]
    public async Task Several_workers_together_do_each_job_once()
    {
        await First.SubmitAsync(60);
        await WorkAsync(60, [First, await AnotherAsync(), await AnotherAsync()]);
        (await First.Log.Store.ReadStreamAsync(StreamName.Results, 0, Token).ToListAsync(Token)).Count.ShouldBe(60);
    }

    /// <summary>Workers without a model: what they do is to say that they did it.</summary>
    private protected static async Task WorkAsync(int jobs, params Desk[] workers) => await Task.WhenAll(workers.Select((worker, i) => Task.Run(async () =>
    {
        while (true)
        {
            await worker.Log.CatchUpAsync(Token);
            if (worker.Log.Jobs.Count == jobs && worker.Log.IsSettled) return;
            if (await worker.Queue.TakeAsync($"{i}", TimeSpan.Zero, Token) is not { } delivery)
            {
                await Task.Delay(5, Token);
                continue;
            }
            var job = (EditQueued)EventJson.Current.Read(delivery.Event).Event;
            await worker.Log.SettleAsync(new JobDone(job.Job, job.Attempt, $"{i}", job.Timeline, delivery.Event.Number, null, "applied"), Token);
            await worker.Queue.DoneAsync(delivery);
        }
    }, Token)));

    private protected async Task<Desk> AnotherAsync()
    {
        var desk = await OpenAsync(folder);
        desks.Add(desk);
        return desk;
    }

    private protected static EditQueued Job(int i) =>
        new(JobId.Of($"key {i}"), 0, Timeline, new EditRequest("{} lives in", $"Person {i}", "Rome"), Variant.RRome, new Provenance("ana", null, null, null), $"key {i}");

    private static JobDone Done(int i, string worker) => new(Job(i).Job, 0, worker, Timeline, 1, new EditId(9), "applied");

    private static string Subject(Delivery delivery) => ((EditQueued)EventJson.Current.Read(delivery.Event).Event).Request.Subject;

    /// <summary>A worker's own log and queue.</summary>
    private protected sealed class Desk(JobLog log, IJobQueue queue) : IAsyncDisposable
    {
        public JobLog Log => log;

        public IJobQueue Queue => queue;

        public async Task SubmitAsync(int jobs)
        {
            for (var i = 0; i < jobs; i++) (await log.SubmitAsync(Job(i), "ana", Token)).ShouldBeTrue();
        }

        /// <summary>What waits comes soon; a clock that stands still is not waited for.</summary>
        public async Task<Delivery> TakeAsync()
        {
            for (var tries = 0; ; tries++)
            {
                if (await queue.TakeAsync("a", TimeSpan.Zero, Token) is { } delivery) return delivery;
                tries.ShouldBeLessThan(1000, "nothing was given out");
                await Task.Delay(10, Token);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await queue.DisposeAsync();
            await log.DisposeAsync();
        }
    }
}
