using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Watching;
using Ledger.Host.Jobs;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Working;

/// <summary>A model that is kept from one edit to the next, whichever timeline each goes to: the same one is followed, another one is folded from the base.</summary>
internal sealed class EditDesk(LedgerSession session, IModelLibrary library, BaseGuard guard, Func<LedgerPaths, IKeyStatisticsStore> stores, string? model)
{
    private Workbench? bench;
    private IKeyMoment? c;
    private (TimelineTip Tip, EditPipeline Pipeline, StreamWatch Watch)? at;

    public void Load(CancellationToken token)
    {
        if (bench is not null) return;
        // Before the model: factoring C takes several times its size for a moment.
        c = stores(session.Paths).Load(session.Setup.RequireStatistics());
        bench = Workbench.Load(session, library, guard, model, token);
    }

    public void Drop()
    {
        bench?.Dispose();
        (bench, c, at) = (null, null, null);
    }

    /// <summary>Edits, unless the timeline has the edit already; then has the stream rules look if they are due.</summary>
    /// <returns>The revision that the edit made, and what is recorded of it.</returns>
    public async Task<(long Revision, EditRecord Record)> EditAsync(EditQueued job, CancellationToken token)
    {
        try
        {
            Load(token);
        }
        catch (LedgerException e) when (e.Kind == FailureKind.BadInput)
        {
            // It was there when the worker began: no job's fault.
            throw new WorkerException(e);
        }
        var here = await OnAsync(job.Timeline, token);
        var (tip, pipeline, watch) = here;
        var context = new CommandContext(job.By.Author, JobLog.CorrelationOf(job.Job), job.Key);
        if (tip.Has(context.EventId))
        {
            at = here;
            return await FindAsync(job.Timeline, context.EventId, token);
        }
        session.Setup.RequireOpen(job.Timeline);
        if (await RecordAsync(pipeline, job, context, token) is not { } recorded)
        {
            at = here;
            return await FindAsync(job.Timeline, context.EventId, token);
        }
        var revision = tip.Timeline.Revision;
        try
        {
            if (await watch.LookIfDueAsync(token) is not null) await pipeline.FollowAsync(token);
            at = here;
        }
        catch (LedgerException over) when (over.Kind == FailureKind.Conflict || over is SetupException)
        {
            // Overtaken: whoever edits next looks again. Or closed meanwhile: the edit is recorded all the same.
        }
        return (revision, recorded.Record);
    }

    /// <summary>Has the model run with a timeline's head. Until the edit is done it counts as running with nobody knows what: after any failure the next edit begins from the base.</summary>
    private async Task<(TimelineTip Tip, EditPipeline Pipeline, StreamWatch Watch)> OnAsync(TimelineId timeline, CancellationToken token)
    {
        var before = at;
        at = null;
        if (before is { } here && here.Tip.Timeline.Id == timeline)
        {
            await here.Pipeline.CatchUpAsync(token);
            return here;
        }
        var tip = await session.TipAsync(timeline.ToString(), token);
        await session.CatchUpAsync(tip, token);
        await bench!.InstallAsync(session.DeltasInEffectAsync(tip, token), token);
        return (tip, new EditPipeline(session, tip, bench, c!), new StreamWatch(session, tip.Timeline.Name, guard, model, () => bench, OnConflict.Rebase));
    }

    /// <summary>Where many workers edit one timeline an edit is overtaken more often than it follows; that is no fault of its own.</summary>
    private static async Task<EditJudged?> RecordAsync(EditPipeline pipeline, EditQueued job, CommandContext context, CancellationToken token)
    {
        for (var tries = 1; ; tries++)
            try
            {
                return (await pipeline.RecordAsync(job.Request, job.Variant, job.By, context, OnConflict.Rebase, null, token)).Event;
            }
            catch (TimelineConflictException) when (tries < RunWorker.MostOvertaken)
            {
                await pipeline.CatchUpAsync(token);
            }
    }

    /// <summary>An edit that somebody recorded who could not say so.</summary>
    private async Task<(long, EditRecord)> FindAsync(TimelineId timeline, Guid id, CancellationToken token)
    {
        await foreach (var (revision, e) in session.EventsAsync(session.Setup.Timelines[timeline], token))
            if (e.Id == id) return (revision, ((EditJudged)EventJson.Current.Read(e).Event).Record);
        throw new System.Diagnostics.UnreachableException($"The tip of {timeline} has event {id} and its stream has not.");
    }
}

/// <summary>The worker's own model or C is gone; it ends, and its job goes to another.</summary>
public sealed class WorkerException(LedgerException inner) : LedgerException(inner.Message, inner.Remedy, inner)
{
    public override FailureKind Kind { get; } = inner.Kind;
}
