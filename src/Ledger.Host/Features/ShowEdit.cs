using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Everything the ledger knows of one edit.</summary>
public static class ShowEdit
{
    /// <param name="Edit">An id, an unambiguous beginning of one, or a revision.</param>
    public sealed record Request(LedgerPaths Ledger, string Timeline, string Edit) : IRequest<Result>;

    /// <param name="Variant">Of the factors that count now: a release may have changed it.</param>
    /// <param name="AbsDelta">|Δ| of the factors that count now.</param>
    /// <param name="Median">Median |Δ| of the timeline's other accepted edits of the variant.</param>
    /// <param name="Events">What happened to it, in order.</param>
    public sealed record Result(string Timeline, EditRecord Record, EditStatus Status, Variant Variant, double AbsDelta, double? Median, IReadOnlyList<Happening> Events);

    public sealed record Happening(long Revision, string What, string Actor, DateTimeOffset Time, string Program, string? Reason, Digest Hash, Digest Previous);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var main = await session.HistoryAsync(request.Timeline, token);
            var edit = await session.FindEditAsync(main, request.Edit, token);
            var (record, now) = (main.Record(edit), main.Timeline.Known(edit));
            return new Result(
                main.Name, record, now.Status, now.Variant, now.AbsDelta, Medians.Of(main.Timeline, now.Variant, edit),
                [.. main.Rows.Where(r => r.Edits.Contains(edit)).Select(r => Happened(r, edit, session.Setup))]);
        }

        private static Happening Happened(RevisionRow row, EditId edit, LedgerSetup setup)
        {
            var by = row.Envelope.Metadata;
            return new Happening(row.Revision, What(row.Event, edit, setup), by.Actor, by.Time, by.Program, RevisionFacts.Reason(row.Event), row.Envelope.Hash, row.Envelope.Previous);
        }

        private static string What(TimelineEvent e, EditId edit, LedgerSetup setup) => e switch
        {
            EditReleased x => string.Create(CultureInfo.InvariantCulture, $"released as {x.Variant.Name()} ({x.Mode.ToString().ToLowerInvariant()}, |Δ| {x.Signals.Own.AbsDelta:0.0e-0})"),
            EditsTaken x => Taken(x, edit, $"{RevisionFacts.What(x)} from {setup.Timelines[x.Source].Started.Name}@{x.SourceRevision}"),
            _ => RevisionFacts.What(e),
        };

        private static string Taken(EditsTaken x, EditId edit, string from)
        {
            if (x.Edits.FirstOrDefault(t => t.IsTaken && t.Edit == edit) is not { } taken)
                return $"reverted: gave way to {string.Join(", ", x.Edits.Where(t => t.IsTaken && t.GivingWay.Contains(edit)).Select(t => t.Edit.Short()))}, {from},";
            var why = taken.Caught.IsEmpty ? "" : $", {string.Join(", ", taken.Caught.Select(f => f.InWords()))}";
            return string.Create(CultureInfo.InvariantCulture, $"{from} as {taken.Variant.Name()}, {taken.Status.Words()} ({x.Mode.ToString().ToLowerInvariant()}, |Δ| {taken.AbsDelta:0.0e-0}{why})");
        }
    }
}
