using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Jobs;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Jobs;

/// <summary>A log that reads from a cluster whose nodes are not equally far.</summary>
public sealed class JobLogTests
{
    private static readonly EditQueued Job = new(JobId.Of("key"), 0, Some.MainId, new EditRequest("{} lives in", "Ada", "Rome"), Variant.RRome, new Provenance("ana", null, null, null), "key");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_result_that_is_read_before_its_job_is_not_lost(int attempt)
    {
        var store = new LaggingStore();
        await using var log = new JobLog(store, TimeProvider.System);
        for (var i = 0; i < attempt; i++)
        {
            await log.SubmitAsync(Job with { Attempt = i }, "ana", Token);
            await log.SettleAsync(new JobParked(Job.Job, i, "a", "no file"), Token);
        }
        await log.CatchUpAsync(Token);
        var done = new JobDone(Job.Job, attempt, "a", Some.MainId, 1, Some.Edit(1), "applied");
        await log.SubmitAsync(Job with { Attempt = attempt }, "ana", Token);
        await log.SettleAsync(done, Token);

        store.Hidden = StreamName.Queue;
        await log.CatchUpAsync(Token);
        (log.Jobs.Count, log.IsOver(Job.Job, attempt)).ShouldBe((attempt, false));

        store.Hidden = null;
        await log.CatchUpAsync(Token);
        log.Jobs.ShouldHaveSingleItem().Settled.ShouldBe(done);
        log.IsSettled.ShouldBeTrue();
    }

    /// <summary>Shows nothing new of one stream.</summary>
    private sealed class LaggingStore() : PassingStore(new InMemoryEventStore())
    {
        public StreamName? Hidden { get; set; }

        public override IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, CancellationToken token) =>
            stream == Hidden ? AsyncEnumerable.Empty<RecordedEvent>() : base.ReadStreamAsync(stream, from, token);
    }
}
