using FluentValidation;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features.Bulk;

/// <summary>Edits every record of a file, in order. Run again after it was stopped or killed, it goes on where it was: nothing twice, nothing left out.</summary>
public static class ApplyEdits
{
    /// <param name="First">Only this many records, or null for all.</param>
    /// <param name="SkipBad">Leave malformed records out and go on, instead of refusing the file before the first edit.</param>
    public sealed record Request(
        LedgerPaths Ledger, string? Model, string File, int? First, bool SkipBad, Variant Variant, string Author, string? Reason, string? Source,
        IProgress<Step>? Progress) : IRequest<Result>;

    /// <summary>One record is behind us.</summary>
    /// <param name="Edit">What came of it; null when it was done before or left out.</param>
    public sealed record Step(int Done, int Total, EditResult? Edit, BulkFileException? LeftOut);

    /// <param name="Before">Records that an earlier run had done.</param>
    /// <param name="LeftOut">Bad records.</param>
    /// <param name="Stopped">True when the run was cancelled between two edits; everything before is recorded.</param>
    public sealed record Result(int Applied, int Quarantined, int Rejected, int Before, int LeftOut, int Total, bool Stopped, long Head);

    public sealed class Handler(
        LedgerSessions sessions, IModelLibrary library, BaseGuard guard, Func<LedgerPaths, IKeyStatisticsStore> stores, TimeProvider time, IValidator<ApplyEdit> validator)
        : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var file = CounterFactFile.Read(request.File);
            var records = file.Records().Take(request.First ?? int.MaxValue).Select(r => Validated(r, request)).ToList();
            if (!request.SkipBad && records.FirstOrDefault(r => r.Fault is not null)?.Fault is { } fault) throw fault;

            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var statistics = session.Setup.RequireStatistics();
            var done = session.Main.Rows.Select(r => r.Envelope.Metadata.EventId).ToHashSet();
            // Before the model: factoring C takes several times its size for a moment.
            var c = stores(request.Ledger).Load(statistics);
            using var bench = Workbench.Load(session, library, guard, request.Model, token);
            bench.Install(session.Main.DeltasInEffect(), token);
            var pipeline = new EditPipeline(session, bench, c);
            var by = new Provenance(request.Author, request.Reason, request.Source ?? Path.GetFileName(request.File), null);
            var correlation = Guid.NewGuid();
            int applied = 0, quarantined = 0, rejected = 0, before = 0, leftOut = 0, i = 0;

            for (; i < records.Count && !token.IsCancellationRequested; i++)
            {
                var record = records[i];
                EditResult? edit = null;
                if (record.Fault is not null)
                {
                    leftOut++;
                }
                else if (Context(request, session, file.Digest, record, correlation) is var context && done.Contains(context.EventId))
                {
                    before++;
                }
                else
                {
                    var started = time.GetTimestamp();
                    EditJudged e;
                    try
                    {
                        e = await pipeline.RecordAsync(record.Request!, request.Variant, by, context, null, token);
                    }
                    catch (OperationCanceledException)
                    {
                        break;
                    }
                    catch (LedgerException unfit) when (unfit.Kind == FailureKind.BadInput)
                    {
                        // Only the model can tell that a text is too long for it, only the event that it is too large.
                        var bad = new BulkFileException(request.File, record.Line, record.Column, unfit.Message, $"{unfit.Remedy}; or leave bad records out with --skip-bad; what was done before stays");
                        if (!request.SkipBad) throw bad;
                        leftOut++;
                        request.Progress?.Report(new Step(i + 1, records.Count, null, bad));
                        continue;
                    }
                    edit = EditResult.Of(e.Record, session.Main, recorded: true, time.GetElapsedTime(started));
                    (applied, quarantined, rejected) = edit.Outcome switch
                    {
                        Outcome.Applied => (applied + 1, quarantined, rejected),
                        Outcome.Quarantined => (applied, quarantined + 1, rejected),
                        _ => (applied, quarantined, rejected + 1),
                    };
                }
                request.Progress?.Report(new Step(i + 1, records.Count, edit, record.Fault));
            }
            return new Result(applied, quarantined, rejected, before, leftOut, records.Count, i < records.Count, session.Main.Timeline.Revision);
        }

        /// <summary>The same record of the same file under the same variant on the same timeline is the same command, however often it is given.</summary>
        private static CommandContext Context(Request request, LedgerSession session, Digest file, BulkRecord record, Guid correlation) =>
            new(request.Author, correlation, $"{session.Main.Timeline.Id}|{file}|{record.Line}:{record.Column}|{request.Variant.Name()}");

        private BulkRecord Validated(BulkRecord record, Request request)
        {
            if (record.Request is null) return record;
            var faults = validator.Validate(new ApplyEdit(record.Request, request.Variant, request.Author, request.Reason, request.Source));
            return faults.IsValid
                ? record
                : record with { Request = null, Fault = new BulkFileException(request.File, record.Line, record.Column, faults.Errors[0].ErrorMessage, "mend the record, or leave bad ones out with --skip-bad") };
        }
    }
}
