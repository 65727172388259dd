using Ledger.Host.Projecting;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features.Projecting;

/// <summary>Forgets the rows; whoever needs them next makes them anew, and who adds to them at the moment begins again.</summary>
public static class DropProjections
{
    public sealed record Request(LedgerPaths Ledger) : IRequest<Result>;

    /// <param name="Rows">Those that are gone.</param>
    public sealed record Result(string File, RowCounts Rows);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            return await RowFile.UseAsync(session.Paths.Projections, session.Setup.Base.Ledger, file =>
            {
                var rows = file.Count();
                file.Drop();
                return Task.FromResult(new Result(session.Paths.Projections, rows));
            });
        }
    }
}
