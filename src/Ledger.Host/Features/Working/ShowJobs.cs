using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Jobs;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features.Working;

/// <summary>Which jobs there are and where each stands.</summary>
public static class ShowJobs
{
    public sealed record Request(LedgerPaths Ledger) : IRequest<IReadOnlyList<Line>>;

    /// <summary>The stable fields of <c>jobs --json</c>.</summary>
    /// <param name="State"><c>waiting</c>, <c>under-way</c> (where the queue says so; a server does not), <c>done</c> or <c>parked</c>.</param>
    /// <param name="Timeline">Its name: where an edit goes, what is replayed or measured.</param>
    /// <param name="Worker">Who has it, or settled it.</param>
    /// <param name="Given">How often it has been given out, where it is under way.</param>
    /// <param name="Result">What came of it, or why it is parked.</param>
    /// <param name="Revision">What it made, or measured.</param>
    public sealed record Line(
        JobId Job, int Attempt, string State, string Kind, string Timeline, string What, string By, DateTimeOffset Asked, string? Worker, int? Given, DateTimeOffset? Settled, string? Result, string? On, long? Revision, EditId? Edit);

    public sealed class Handler(LedgerSessions sessions, LedgerJobs jobs) : IRequestHandler<Request, IReadOnlyList<Line>>
    {
        public async Task<IReadOnlyList<Line>> Handle(Request request, CancellationToken token)
        {
            await using var log = await jobs.LogAsync(request.Ledger, token);
            return await LinesAsync(sessions, jobs, log, request.Ledger, log.Jobs, token);
        }
    }

    internal static async Task<IReadOnlyList<Line>> LinesAsync(LedgerSessions sessions, LedgerJobs jobs, JobLog log, LedgerPaths ledger, IEnumerable<JobState> states, CancellationToken token)
    {
        await using var session = await sessions.OpenAsync(ledger, token);
        await using var queue = jobs.Queue(log);
        var underWay = await queue.UnderWayAsync(token);
        return [.. states.Select(job => Of(session.Setup, job, underWay.TryGetValue(job.Number, out var at) && job.Settled is null ? at : null))];
    }

    private static Line Of(LedgerSetup setup, JobState job, UnderWay? at)
    {
        var (done, parked) = (job.Settled as JobDone, job.Settled as JobParked);
        return new Line(
            job.Job, job.Attempt, done is not null ? "done" : parked is not null ? "parked" : at is not null ? "under-way" : "waiting", job.Kind, Name(job.Timeline), job.What, job.By, job.Asked,
            job.Settled?.Worker ?? at?.Worker, at?.Times, job.SettledAt, done?.Result ?? parked?.Reason, done is null ? null : Name(done.Timeline), done?.Revision, done?.Edit);

        string Name(TimelineId timeline) => setup.Timelines.TryGetValue(timeline, out var entry) ? entry.Started.Name : timeline.ToString();
    }
}

/// <summary>One job, with all that it asks for.</summary>
public static class ShowJob
{
    public sealed record Request(LedgerPaths Ledger, string Job) : IRequest<Result>;

    /// <param name="Asks">The event that asks for it, as stored.</param>
    public sealed record Result(ShowJobs.Line Job, string Event, object Asks);

    public sealed class Handler(LedgerSessions sessions, LedgerJobs jobs) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var log = await jobs.LogAsync(request.Ledger, token);
            var state = log.Find(request.Job);
            var line = (await ShowJobs.LinesAsync(sessions, jobs, log, request.Ledger, [state], token))[0];
            var asks = await log.ReadAsync(state, token);
            return new Result(line, EventJson.NameOf(asks), asks);
        }
    }
}

/// <summary>Has a parked job done after all.</summary>
public static class RetryJob
{
    public sealed record Request(LedgerPaths Ledger, string Job, string Author) : IRequest<QueuedJob>;

    public sealed class Handler(LedgerJobs jobs) : IRequestHandler<Request, QueuedJob>
    {
        public async Task<QueuedJob> Handle(Request request, CancellationToken token)
        {
            await using var log = await jobs.LogAsync(request.Ledger, token);
            if (string.IsNullOrWhiteSpace(request.Author)) throw new SetupException("Nobody is named as the author.", "name one with --author");
            var state = log.Find(request.Job);
            if (state.Settled is JobDone) throw new JobStateException($"Job {state.Job.Short()} is done.", $"see what came of it:  ledger jobs show {state.Job.Short()}");
            if (state.Settled is null) throw new JobStateException($"Job {state.Job.Short()} waits or is under way: only a parked one is queued again.", "have a worker run:  ledger worker");
            var queued = await log.SubmitAsync(await log.ReadAsync(state, token) with { Attempt = state.Attempt + 1 }, request.Author, token);
            return new QueuedJob(state.Job, state.Kind, state.What, !queued);
        }
    }
}
