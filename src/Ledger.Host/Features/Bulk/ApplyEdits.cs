using FluentValidation;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Watching;
using Ledger.Host.Sessions;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Bulk;

/// <summary>Edits every record of a file, in order. Run again after it was stopped or killed, it goes on where it was: nothing twice, nothing left out.</summary>
public static class ApplyEdits
{
    /// <param name="Format">Null to recognise it.</param>
    /// <param name="First">Only this many records, or null for all.</param>
    /// <param name="GateOff">The gate only writes down what it would have stopped.</param>
    /// <param name="SkipBad">Leave malformed records out and go on, instead of refusing the file before the first edit.</param>
    public sealed record Request(
        LedgerPaths Ledger, string Timeline, string? Model, string File, BulkFormat? Format, int? First, bool SkipBad, OnConflict OnConflict, Variant Variant, string Author, string? Reason, string? Source, bool GateOff,
        IProgress<Step>? Progress) : IRequest<Result>;

    /// <summary>One record is behind us.</summary>
    /// <param name="Edit">What came of it; null when it was done before or left out.</param>
    /// <param name="Watch">What the stream rules saw after it, where a look was due.</param>
    public sealed record Step(int Done, int Total, EditResult? Edit, BulkFileException? LeftOut, WatchReport? Watch);

    /// <param name="Before">Records that an earlier run had done, or another one meanwhile.</param>
    /// <param name="LeftOut">Bad records.</param>
    /// <param name="Rebased">Edits that were recomputed onto what others had appended meanwhile.</param>
    /// <param name="Stopped">True when the run was cancelled between two edits; everything before is recorded.</param>
    /// <param name="Withheld">Edits, of whatever run, that the stream rules withheld.</param>
    /// <param name="Collapsed">True when the run was ended because a stream rule is exceeded and nothing that it may withhold helps; everything before is recorded.</param>
    /// <param name="Standing">What would have helped there: edits that a person had released.</param>
    public sealed record Result(
        int Applied, int Quarantined, int Rejected, int Before, int LeftOut, int Rebased, int Total, bool Stopped, long Head, int Withheld, bool Collapsed, IReadOnlyList<WatchReport.Stand> Standing)
    {
        /// <summary>Records that are behind us.</summary>
        public int Done => Applied + Quarantined + Rejected + Before + LeftOut;

        public Result With(EditResult edit) => (this with { Rebased = Rebased + (edit.Rebases > 0 ? 1 : 0) }) switch
        {
            var r when edit.Outcome == Outcome.Applied => r with { Applied = r.Applied + 1 },
            var r when edit.Outcome == Outcome.Quarantined => r with { Quarantined = r.Quarantined + 1 },
            var r => r with { Rejected = r.Rejected + 1 },
        };

        public Result With(WatchReport seen) => this with { Withheld = Withheld + seen.Withheld.Count, Collapsed = !seen.Content, Standing = seen.Standing };
    }

    public sealed class Handler(
        LedgerSessions sessions, IModelLibrary library, BaseGuard guard, Func<LedgerPaths, IKeyStatisticsStore> stores, TimeProvider time, IValidator<ApplyEdit> validator)
        : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            using var file = BulkFile.Open(request.File, request.Format);
            var records = new CheckedRecords(file, request, validator);
            var so = new Result(0, 0, 0, 0, 0, 0, records.Count(token), Stopped: false, 0, 0, Collapsed: false, []);

            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var tip = await session.TipAsync(request.Timeline, token);
            session.Setup.RequireOpen(tip.Timeline.Id);
            var statistics = session.Setup.RequireStatistics();
            // Before the model: factoring C takes several times its size for a moment.
            var c = stores(request.Ledger).Load(statistics);
            using var bench = Workbench.Load(session, library, guard, request.Model, token);
            await bench.InstallAsync(session.DeltasInEffectAsync(tip, token), token);
            var pipeline = new EditPipeline(session, tip, bench, c) { GateOff = request.GateOff };
            // A gate that only writes down stops no edit afterwards either.
            var watch = request.GateOff ? null : new StreamWatch(session, request.Timeline, guard, request.Model, () => bench, request.OnConflict);
            var correlation = Guid.NewGuid();

            // A run that was killed may have left a look undone.
            if (await LookAsync(watch, pipeline, token) is { } left)
            {
                so = so.With(left);
                request.Progress?.Report(new Step(so.Done, so.Total, null, null, left));
            }
            foreach (var record in records.All())
            {
                if (so.Collapsed) break;
                file.RequireUnchanged();
                WatchReport? seen = null;
                EditResult? edit = null;
                var bad = record.Fault;
                try
                {
                    token.ThrowIfCancellationRequested();
                    if (record.Edit is { } asked)
                        edit = await EditAsync(tip, pipeline, request, records.By(asked), asked, new CommandContext(request.Author, correlation, records.Key(tip.Timeline.Id, record)), token);
                }
                catch (OperationCanceledException)
                {
                    so = so with { Stopped = true };
                    break;
                }
                catch (LedgerException unfit) when (unfit.Kind == FailureKind.BadInput && unfit is not (ServerRefusesException or SetupException))
                {
                    // Only the model can tell that a text is too long for it, only the event that it is too large. That the timeline was closed meanwhile is no record's fault.
                    bad = file.Fault(record, unfit.Message, $"{unfit.Remedy}{BulkFileException.OrSkip}; what was done before stays");
                    if (!request.SkipBad) throw bad;
                }
                catch (TimelineConflictException conflict)
                {
                    throw conflict.Advising($"{so.Done} of {so.Total} records are done and stay; repeat the command to go on behind what the other wrote"
                        + (request.OnConflict == OnConflict.Fail ? ", or let it follow by itself with --on-conflict rebase" : $": this edit followed {EditPipeline.MostRebases} times and was overtaken each time"));
                }
                so = bad is not null ? so with { LeftOut = so.LeftOut + 1 } : edit is null ? so with { Before = so.Before + 1 } : so.With(edit);
                try
                {
                    if (edit is not null && (seen = await LookAsync(watch, pipeline, token)) is not null) so = so.With(seen);
                }
                catch (OperationCanceledException)
                {
                    so = so with { Stopped = true };
                }
                request.Progress?.Report(new Step(so.Done, so.Total, edit, bad, seen));
                if (so.Stopped) break;
            }
            return so with { Head = tip.Timeline.Revision };
        }

        /// <summary>Has the stream rules look if they are due; the next edit goes onto what they left.</summary>
        private static async Task<WatchReport?> LookAsync(StreamWatch? watch, EditPipeline pipeline, CancellationToken token)
        {
            if (watch is null || await watch.LookIfDueAsync(token) is not { } seen) return null;
            await pipeline.FollowAsync(token);
            return seen;
        }

        /// <returns>Null when the timeline has this record's edit already.</returns>
        private async Task<EditResult?> EditAsync(TimelineTip tip, EditPipeline pipeline, Request request, Provenance by, BulkEdit asked, CommandContext context, CancellationToken token)
        {
            if (tip.Has(context.EventId)) return null;
            var started = time.GetTimestamp();
            var (e, rebases) = await pipeline.RecordAsync(asked.Request, request.Variant, by, context, request.OnConflict, null, token);
            return e is null ? null : EditResult.Of(e.Record, tip.Timeline, recorded: true, rebases, time.GetElapsedTime(started));
        }
    }
}
