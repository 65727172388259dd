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
                [.. main.Rows.Where(r => r.Edits.Contains(edit)).Select(Happened)]);
        }

        private static Happening Happened(RevisionRow row)
        {
            var by = row.Envelope.Metadata;
            return new Happening(row.Revision, What(row.Event), by.Actor, by.Time, by.Program, RevisionFacts.Reason(row.Event), row.Envelope.Hash, row.Envelope.Previous);
        }

        private static string What(TimelineEvent e) =>
            e is EditReleased x ? $"released as {x.Variant.Name()} ({x.Mode.ToString().ToLowerInvariant()}, |Δ| {x.Signals.Own.AbsDelta:0.0e-0})" : RevisionFacts.What(e);
    }
}
