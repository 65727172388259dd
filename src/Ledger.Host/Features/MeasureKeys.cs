using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Measures C over text and records it; run again, it restores a lost matrix of the same digest.</summary>
public static class MeasureKeys
{
    public sealed record Request(LedgerPaths Ledger, string? Model, KeyStatisticsSource Source, string Author, IProgress<MeasureProgress>? Progress) : IRequest<Result>;

    /// <param name="Restored">True when the ledger had these statistics and only the matrix was missing.</param>
    public sealed record Result(KeyStatistics Statistics, string Folder, bool Restored);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard, Func<LedgerPaths, IKeyStatisticsStore> stores) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var store = stores(request.Ledger);
            if (session.Setup.Statistics is { } known && store.Has(known))
                session.Setup.Record(known);            // says why not

            using var bench = Workbench.Load(session, library, guard, request.Model, token);
            var measured = bench.Editor.Measure(store, request.Source, request.Progress, token);
            if (session.Setup.Statistics is { } recorded)
            {
                if (recorded.Digest == measured.Digest) return new Result(recorded, store.Folder, Restored: true);
                throw new SetupException(
                    $"These texts give another C ({measured.Digest.Short()}) than the one this ledger recorded ({recorded.Digest.Short()}).",
                    $"measure the recorded corpus again: {string.Join(", ", recorded.Files)}, {recorded.Tokens:N0} tokens");
            }
            await session.AppendAsync(session.Setup.Record(measured), CommandContext.For(request.Author), token);
            return new Result(measured, store.Folder, Restored: false);
        }
    }
}
