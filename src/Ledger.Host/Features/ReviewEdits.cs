using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>What waits for a decision.</summary>
public static class ReviewEdits
{
    public sealed record Request(LedgerPaths Ledger, string Timeline) : IRequest<Result>;

    public sealed record Result(string Timeline, IReadOnlyList<Waiting> Waiting);

    /// <param name="Revision">The revision that stopped it here.</param>
    /// <param name="Why">The findings that stopped it; empty where a person did.</param>
    /// <param name="Reason">Why, in the words of who did it; null where the gate alone did.</param>
    public sealed record Waiting(long Revision, EditId Edit, Variant Variant, EditRequest Request, Signals Signals, IReadOnlyList<Finding> Why, string? Reason, string Author);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var main = await session.HistoryAsync(request.Timeline, token);
            var last = main.Rows.SelectMany(r => r.Edits, (r, e) => (Row: r, Edit: e)).ToLookup(x => x.Edit, x => x.Row);
            return new Result(main.Name, [.. main.Timeline.Edits.Values
                .Where(e => e.Status == EditStatus.Quarantined)
                .OrderBy(e => e.Revision)
                .Select(e => Of(main.Record(e.Edit), e, last[e.Edit].Last()))]);
        }

        private static Waiting Of(EditRecord record, EditEntry entry, RevisionRow row)
        {
            var (why, reason) = row.Event switch
            {
                EditWithheld x => (x.Findings, x.Reason),
                // Stopped here by the gate, or as it stood at the source.
                EditsTaken x when x.Edits.First(t => t.Edit == record.Edit).Caught is { IsEmpty: false } caught => (caught, x.Reason),
                EditsTaken x => ([.. record.Verdict.Stops], x.Reason),
                _ => ([.. record.Verdict.Stops], null),
            };
            return new Waiting(row.Revision, record.Edit, entry.Variant, record.Request, record.Signals, why, reason, record.Provenance.Author);
        }
    }
}
