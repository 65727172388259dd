using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;

namespace Ledger.Host.Jobs;

/// <summary>
/// What is to be done and what came of it: two streams in a store that is none of the ledger's own. Ids of all events derive from job and attempt, so that asking twice asks once and the first to say what came of an
/// attempt is the one who is believed. Owns the store. For one caller at a time.
/// </summary>
public sealed class JobLog(IEventStore store, TimeProvider time) : IAsyncDisposable
{
    private const int MostTries = 100;

    private readonly Dictionary<JobId, JobState> jobs = [];
    private readonly Dictionary<StreamName, long> next = [];
    private readonly Dictionary<StreamName, (long Number, Digest Hash)> ends = [];      // as far as is known: who appends where others have appended meanwhile looks again
    private readonly Queue<EventEnvelope> heard = [];

    internal IEventStore Store => store;

    /// <summary>As far as they were read, in the order in which they were first asked for.</summary>
    public IReadOnlyCollection<JobState> Jobs => jobs.Values;

    /// <summary>Whether nothing waits and nothing is under way.</summary>
    public bool IsSettled => jobs.Values.All(j => j.Settled is not null);

    public JobState? Find(JobId job) => jobs.GetValueOrDefault(job);

    /// <summary>The job of an id or the beginning of one.</summary>
    /// <exception cref="JobUnknownException">None, or several.</exception>
    public JobState Find(string written)
    {
        var prefix = JobId.Normal(written);
        return jobs.Values.Where(j => j.Job.ToString().StartsWith(prefix, StringComparison.Ordinal)).Take(2).ToArray() switch
        {
            [var one] when prefix.Length > 0 => one,
            [] => throw new JobUnknownException($"There is no job \"{written}\".", "`ledger jobs` lists them"),
            _ => throw new JobUnknownException($"\"{written}\" fits several jobs.", "write more of the id"),
        };
    }

    /// <summary>Whether an attempt is over.</summary>
    public bool IsOver(JobId job, int attempt) => jobs.TryGetValue(job, out var state) && (state.Attempt > attempt || (state.Attempt == attempt && state.Settled is not null));

    /// <summary>Reads what was asked for and settled since.</summary>
    public async Task CatchUpAsync(CancellationToken token)
    {
        // Results first: what they are about is in the queue by then. Where that cannot be read now, or is read from a node that is behind, they are kept for the next time.
        await foreach (var e in NewAsync(StreamName.Results, token)) heard.Enqueue(e);
        await foreach (var e in NewAsync(StreamName.Queue, token))
        {
            if (e.Event is not JobQueued queued) throw new NoRuleException(EventJson.NameOf(e.Event), e.Number);
            if (!jobs.TryGetValue(queued.Job, out var known) || known.Attempt < queued.Attempt) jobs[queued.Job] = JobState.Of(queued, e, known);
        }
        for (var left = heard.Count; left > 0; left--)
        {
            var e = heard.Dequeue();
            if (e.Event is not JobSettled settled) throw new NoRuleException(EventJson.NameOf(e.Event), e.Number);
            if (!jobs.TryGetValue(settled.Job, out var known) || known.Attempt < settled.Attempt) heard.Enqueue(e);
            else if (known.Attempt == settled.Attempt) jobs[settled.Job] = known with { Settled = settled, SettledAt = e.Metadata.Time };
        }
    }

    /// <summary>What a job asks for, in full.</summary>
    public async Task<JobQueued> ReadAsync(JobState job, CancellationToken token) =>
        (JobQueued)EventJson.Current.Read(await store.ReadStreamAsync(StreamName.Queue, job.Number, token).FirstAsync(token)).Event;

    /// <summary>Asks for work.</summary>
    /// <returns>False where it was asked for before.</returns>
    public Task<bool> SubmitAsync(JobQueued e, string actor, CancellationToken token) => AppendAsync(StreamName.Queue, e, actor, $"job|{e.Job}|{e.Attempt}|queued", token);

    /// <summary>Says what came of an attempt.</summary>
    /// <returns>False where somebody said so before: that stands.</returns>
    public Task<bool> SettleAsync(JobSettled e, CancellationToken token) => AppendAsync(StreamName.Results, e, e.Worker, $"job|{e.Job}|{e.Attempt}|settled", token);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async Task<bool> AppendAsync(StreamName stream, JobEvent e, string actor, string key, CancellationToken token)
    {
        var metadata = new EventMetadata(new CommandContext(actor, default, key).EventId, time.GetUtcNow(), actor, CorrelationOf(e.Job), null, LedgerSession.Program);
        for (var tries = 1; ; tries++)
        {
            if (!ends.TryGetValue(stream, out var end)) end = await store.ReadLastAsync(stream, token) is { } last ? (last.Number, last.Hash) : (-1, Digest.Zero);
            var proposed = NewEvent.After(stream, end.Number, end.Hash, e, metadata);
            try
            {
                var appended = await store.AppendAsync(stream, new ExpectedRevision(end.Number), proposed, token);
                if (!appended.AlreadyThere) ends[stream] = (appended.Number, proposed.Hash);
                return !appended.AlreadyThere;
            }
            catch (StreamConflictException) when (tries < MostTries)
            {
                ends.Remove(stream);
            }
        }
    }

    /// <summary>All that is recorded for a job is found by this.</summary>
    internal static Guid CorrelationOf(JobId job)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, job.Value);
        return new Guid(bytes, bigEndian: true);
    }

    private async IAsyncEnumerable<EventEnvelope> NewAsync(StreamName stream, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token)
    {
        await foreach (var recorded in store.ReadStreamAsync(stream, next.GetValueOrDefault(stream), token))
        {
            yield return EventJson.Current.Read(recorded);
            next[stream] = recorded.Number + 1;
            ends[stream] = (recorded.Number, recorded.Hash);
        }
    }
}

/// <summary>Where a job stands, in its last attempt.</summary>
/// <param name="Number">Of the event that asks for it.</param>
/// <param name="Kind"><c>edit</c>, <c>replay</c> or <c>evaluation</c>.</param>
/// <param name="What">In words.</param>
/// <param name="By">Who first asked for it.</param>
/// <param name="Asked">When that was.</param>
/// <param name="Settled">What came of it; null while it waits or is under way.</param>
public sealed record JobState(JobId Job, int Attempt, long Number, string Kind, TimelineId Timeline, string What, string By, DateTimeOffset Asked, JobSettled? Settled, DateTimeOffset? SettledAt)
{
    internal static JobState Of(JobQueued e, EventEnvelope envelope, JobState? before)
    {
        var (kind, timeline, what) = InWords(e);
        return new JobState(e.Job, e.Attempt, envelope.Number, kind, timeline, what, before?.By ?? envelope.Metadata.Actor, before?.Asked ?? envelope.Metadata.Time, null, null);
    }

    internal static (string Kind, TimelineId Timeline, string What) InWords(JobQueued e) => e switch
    {
        EditQueued x => ("edit", x.Timeline, Cli.Say.Fact(x.Request.Prompt, x.Request.Subject, x.Request.Target)),
        ReplayQueued x => ("replay", x.Source, $"revisions {x.From} to {x.To} as {x.As}, {x.Mode.ToString().ToLowerInvariant()}{(x.Variant is { } variant ? $", {variant.Name()}" : "")}"),
        EvaluationQueued x => ("evaluation", x.Timeline, $"revision {x.Revision}: {string.Join(", ", Names(x))}"),
        _ => throw new System.Diagnostics.UnreachableException($"{e.GetType().Name} has no words."),
    };

    private static IEnumerable<string> Names(EvaluationQueued e) =>
        [.. new[] { e.Records }.OfType<DataFile>().Concat(e.Texts).Concat(e.Downstream).Select(f => f.Name), .. e.Retention ? ["retention"] : Array.Empty<string>()];
}

/// <summary>No job, or several, of that id.</summary>
public sealed class JobUnknownException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>The job is not where this can be done to it.</summary>
public sealed class JobStateException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}
