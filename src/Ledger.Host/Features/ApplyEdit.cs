using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Watching;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Edits one fact.</summary>
public static class ApplyEditFeature
{
    /// <param name="DryRun">Compute and judge, append nothing.</param>
    public sealed record Request(ApplyEdit Command, LedgerPaths Ledger, string Timeline, string? Model, bool DryRun, OnConflict OnConflict, IProgress<Step>? Progress) : IRequest<EditResult>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    /// <summary>One evaluation of the loss is behind us.</summary>
    /// <param name="Evaluation">From 1.</param>
    /// <param name="AtMost">How many there can be.</param>
    public readonly record struct Step(int Evaluation, int AtMost, LossPoint Loss);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard, Func<LedgerPaths, IKeyStatisticsStore> stores, TimeProvider time)
        : IRequestHandler<Request, EditResult>
    {
        public async Task<EditResult> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var tip = await session.TipAsync(request.Timeline, token);
            session.Setup.RequireOpen(tip.Timeline.Id);
            var statistics = session.Setup.RequireStatistics();
            // Before the model: factoring C takes several times its size for a moment.
            var c = stores(request.Ledger).Load(statistics);
            using var bench = Workbench.Load(session, library, guard, request.Model, token);
            await bench.InstallAsync(session.DeltasInEffectAsync(tip, token), token);
            var pipeline = new EditPipeline(session, tip, bench, c);

            var command = request.Command;
            var by = new Provenance(command.Author, command.Reason, command.Source, null);
            var progress = request.Progress is { } told ? new Counted(told, session.Setup.Base.Hyperparameters.Evaluations) : null;
            var started = time.GetTimestamp();
            if (request.DryRun)
                return EditResult.Of(pipeline.DryRun(command.Request, command.Variant, by, progress, token), tip.Timeline, recorded: false, 0, time.GetElapsedTime(started));
            try
            {
                var (e, rebases) = await pipeline.RecordAsync(command.Request, command.Variant, by, CommandContext.For(command.Author), request.OnConflict, progress, token);
                var result = EditResult.Of(e!.Record, tip.Timeline, recorded: true, rebases, time.GetElapsedTime(started));
                return result with { Watch = await LookAsync(new StreamWatch(session, request.Timeline, guard, request.Model, () => bench, request.OnConflict), tip.Timeline, token) };
            }
            catch (TimelineConflictException conflict)
            {
                throw conflict.Advising(request.OnConflict == OnConflict.Fail
                    ? "nothing was recorded; repeat the command, or let it follow by itself with --on-conflict rebase"
                    : $"nothing was recorded: it followed {EditPipeline.MostRebases} times and was overtaken each time; repeat the command when the others are done");
            }
        }

        private static async Task<WatchReport?> LookAsync(StreamWatch watch, Timeline edited, CancellationToken token)
        {
            var (name, revision) = (edited.Name, edited.Revision);
            try
            {
                return await watch.LookIfDueAsync(token);
            }
            catch (Exception failed) when (failed is OperationCanceledException or LedgerException { Kind: not FailureKind.Conflict })
            {
                // Whoever reads only that it failed gives the edit again.
                throw new WatchFailedException(name, revision, failed);
            }
        }
    }

    private sealed class Counted(IProgress<Step> told, int atMost) : IProgress<LossPoint>
    {
        private int evaluations;

        public void Report(LossPoint value) => told.Report(new Step(++evaluations, atMost, value));
    }
}
