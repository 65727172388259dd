using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>What waits for a decision.</summary>
public static class ReviewEdits
{
    public sealed record Request(LedgerPaths Ledger, string Timeline) : IRequest<Result>;

    public sealed record Result(string Timeline, IReadOnlyList<Waiting> Waiting);

    /// <param name="Why">The findings that stopped it.</param>
    public sealed record Waiting(long Revision, EditId Edit, Variant Variant, EditRequest Request, Signals Signals, IReadOnlyList<Finding> Why, string Author);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var main = await session.HistoryAsync(request.Timeline, token);
            return new Result(main.Name, [.. main.Timeline.Edits.Values
                .Where(e => e.Status == EditStatus.Quarantined)
                .OrderBy(e => e.Revision)
                .Select(e => (e.Revision, Record: main.Record(e.Edit)))
                .Select(x => new Waiting(
                    x.Revision, x.Record.Edit, x.Record.Variant, x.Record.Request, x.Record.Signals, [.. x.Record.Verdict.Stops], x.Record.Provenance.Author))]);
        }
    }
}
