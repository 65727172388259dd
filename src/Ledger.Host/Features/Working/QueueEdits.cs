using FluentValidation;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Jobs;
using Ledger.Host.Sessions;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Working;

/// <summary>A job that was asked for; the stable fields of <c>--queue --json</c>.</summary>
/// <param name="Before">It had been asked for before, and is not twice.</param>
public sealed record QueuedJob(JobId Job, string Kind, string What, bool Before);

/// <summary>Has a worker edit one fact, instead of editing it here.</summary>
public static class QueueEdit
{
    public sealed record Request(ApplyEditFeature.Request Edit) : IRequest<QueuedJob>, ICarriesCommand
    {
        object ICarriesCommand.Command => Edit.Command;
    }

    public sealed class Handler(LedgerSessions sessions, LedgerJobs jobs) : IRequestHandler<Request, QueuedJob>
    {
        public async Task<QueuedJob> Handle(Request request, CancellationToken token)
        {
            var (edit, command) = (request.Edit, request.Edit.Command);
            var timeline = await QueueEdits.OpenTimelineAsync(sessions, edit.Ledger, edit.Timeline, token);
            await using var log = await jobs.LogAsync(edit.Ledger, token);
            // Repeating an edit on purpose is possible, as it is without a queue.
            var key = $"job|{Guid.NewGuid()}";
            return await log.QueueAsync(
                new EditQueued(JobId.Of(key), 0, timeline, command.Request, command.Variant, new Provenance(command.Author, command.Reason, command.Source, null), key), command.Author, token);
        }
    }
}

/// <summary>Has workers edit the records of a file, a job each. Given again, it queues what is not queued yet.</summary>
public static class QueueEdits
{
    /// <param name="Progress">Told of each job.</param>
    public sealed record Request(ApplyEdits.Request Edits, IProgress<Step>? Progress) : IRequest<Result>;

    /// <param name="Job">Null for a bad record that is left out.</param>
    public sealed record Step(int Done, int Total, QueuedJob? Job, BulkFileException? LeftOut);

    /// <param name="Queued">New jobs.</param>
    /// <param name="Before">Records that had been queued before.</param>
    /// <param name="Stopped">True when it was cancelled between two records.</param>
    public sealed record Result(int Queued, int Before, int LeftOut, int Total, bool Stopped);

    public sealed class Handler(LedgerSessions sessions, LedgerJobs jobs, IValidator<ApplyEdit> validator) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var edits = request.Edits;
            using var file = BulkFile.Open(edits.File, edits.Format);
            var records = new CheckedRecords(file, edits, validator);
            var so = new Result(0, 0, 0, records.Count(token), Stopped: false);
            await using var session = await sessions.OpenAsync(edits.Ledger, token);
            var timeline = OpenTimeline(session, edits.Timeline);
            await using var log = await jobs.LogAsync(edits.Ledger, token);
            TimelineTip? tip = null;
            foreach (var record in records.All())
            {
                file.RequireUnchanged();
                if (token.IsCancellationRequested) return so with { Stopped = true };
                QueuedJob? job = null;
                var bad = record.Fault;
                try
                {
                    if (record.Edit is { } asked)
                    {
                        var key = records.Key(timeline, record);
                        var e = new EditQueued(JobId.Of(key), 0, timeline, asked.Request, edits.Variant, records.By(asked), key);
                        if (await IsLostAsync(e)) e = e with { Attempt = log.Find(e.Job)!.Attempt + 1 };
                        job = await log.QueueAsync(e, edits.Author, CancellationToken.None);
                    }
                }
                catch (LedgerException unfit) when (unfit is EventTooLargeException or ServerSizeException)
                {
                    // Only the event can tell that it is too large.
                    bad = file.Fault(record, unfit.Message, $"{unfit.Remedy}{BulkFileException.OrSkip}; what was queued before stays");
                    if (!edits.SkipBad) throw bad;
                }
                so = job is null ? so with { LeftOut = so.LeftOut + 1 } : job.Before ? so with { Before = so.Before + 1 } : so with { Queued = so.Queued + 1 };
                request.Progress?.Report(new Step(so.Queued + so.Before + so.LeftOut, so.Total, job, bad));
            }
            return so;

            // Done, as the jobs have it, and not in the ledger: that was restored from a backup, and the jobs were not.
            async Task<bool> IsLostAsync(EditQueued e)
            {
                if (log.Find(e.Job)?.Settled is not JobDone) return false;
                if (tip is null) await session.CatchUpAsync(tip = await session.TipAsync(timeline.ToString(), token), token);
                return !tip.Has(new CommandContext(edits.Author, default, e.Key).EventId);
            }
        }
    }

    /// <summary>A timeline that edits may go to.</summary>
    /// <exception cref="LedgerException">There is none, it is closed, or the ledger cannot compute edits yet.</exception>
    internal static async Task<TimelineId> OpenTimelineAsync(LedgerSessions sessions, LedgerPaths ledger, string timeline, CancellationToken token)
    {
        await using var session = await sessions.OpenAsync(ledger, token);
        return OpenTimeline(session, timeline);
    }

    private static TimelineId OpenTimeline(LedgerSession session, string timeline)
    {
        var id = session.Setup.Timeline(timeline).Started.Timeline;
        session.Setup.RequireOpen(id);
        session.Setup.RequireStatistics();
        return id;
    }

    /// <summary>Asks for a job, unless it was asked for.</summary>
    internal static async Task<QueuedJob> QueueAsync(this JobLog log, JobQueued e, string author, CancellationToken token)
    {
        var queued = (log.Find(e.Job) is not { } known || known.Attempt < e.Attempt) && await log.SubmitAsync(e, author, token);
        var (kind, _, what) = JobState.InWords(e);
        return new QueuedJob(e.Job, kind, what, !queued);
    }
}
