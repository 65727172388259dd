using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Takes C over from a file of ROME's published statistics and records it; run again, it restores a lost matrix of the same digest.</summary>
public static class ImportKeys
{
    /// <param name="File">An .npz as ROME's <c>layer_stats</c> writes it.</param>
    /// <param name="Ridge">λ, or null: chosen as for a measured C.</param>
    public sealed record Request(LedgerPaths Ledger, string File, double? Ridge, string Author) : IRequest<MeasureKeys.Result>;

    public sealed class Handler(LedgerSessions sessions, Func<LedgerPaths, IKeyStatisticsStore> stores) : IRequestHandler<Request, MeasureKeys.Result>
    {
        public async Task<MeasureKeys.Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var store = stores(request.Ledger);
            MeasureKeys.RequireMissing(session.Setup, store);
            return await MeasureKeys.KeepAsync(session, store, store.Import(request.File, session.Setup.Base.Matrix.Dk, request.Ridge), request.Author, token);
        }
    }
}
