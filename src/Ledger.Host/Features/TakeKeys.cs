using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Takes C over from another ledger of the same base and matrix: measuring it again would give the same.</summary>
public static class TakeKeys
{
    /// <param name="From">The ledger that has C.</param>
    public sealed record Request(LedgerPaths Ledger, LedgerPaths From, string Author) : IRequest<MeasureKeys.Result>;

    public sealed class Handler(LedgerSessions sessions, Func<LedgerPaths, IKeyStatisticsStore> stores) : IRequestHandler<Request, MeasureKeys.Result>
    {
        public async Task<MeasureKeys.Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            await using var other = await sessions.OpenAsync(request.From, token);
            var (here, there) = (session.Setup.Base, other.Setup.Base);
            if (here.Base.Digest != there.Base.Digest || here.Matrix != there.Matrix)
                throw new SetupException(
                    $"\"{there.Name}\" stands on {there.Base.Name} ({there.Base.Digest.Short()}), {there.Matrix}; this ledger on {here.Base.Name} ({here.Base.Digest.Short()}), {here.Matrix}.",
                    "take C from a ledger of the same base and layer, or measure it:  ledger keystats TEXT…");

            var statistics = other.Setup.RequireStatistics();
            // The same C restores a lost one, however the other ledger came by it; the ridge stays this ledger's.
            var restores = session.Setup.Statistics?.Digest == statistics.Digest;
            if (restores) statistics = session.Setup.Statistics!;
            if (!restores) session.Setup.Record(statistics);           // before anything is copied
            var store = stores(request.Ledger);
            store.Take(stores(request.From), statistics);
            return await MeasureKeys.KeepAsync(session, store, statistics, request.Author, token);
        }
    }
}
