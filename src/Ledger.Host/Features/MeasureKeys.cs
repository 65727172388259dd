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
            RequireMissing(session.Setup, store);
            using var bench = Workbench.Load(session, library, guard, request.Model, token);
            var measured = bench.Editor.Measure(store, request.Source, request.Progress, token);
            return await KeepAsync(session, store, measured, request.Author, token);
        }
    }

    /// <exception cref="SetupException">The ledger has its C, and it is there.</exception>
    internal static void RequireMissing(LedgerSetup setup, IKeyStatisticsStore store)
    {
        if (setup.Statistics is { } known && store.Has(known)) setup.Record(known);            // says why not
    }

    /// <summary>Records a C that now lies in the store, or sees that it is the recorded one.</summary>
    internal static async Task<Result> KeepAsync(LedgerSession session, IKeyStatisticsStore store, KeyStatistics found, string author, CancellationToken token)
    {
        // Measuring takes long: whatever else was set up meanwhile is no reason to do it again.
        if (await session.DecideAsync(s => s.Statistics is null ? s.Record(found) : null, CommandContext.For(author), token) is not null) return new Result(found, store.Folder, Restored: false);
        var recorded = session.Setup.RequireStatistics();
        if (recorded.Digest == found.Digest) return new Result(recorded, store.Folder, Restored: true);
        throw new SetupException($"This gives another C ({found.Digest.Short()}) than the one this ledger recorded ({recorded.Digest.Short()}).", $"{Again(recorded)}: {string.Join(", ", recorded.Files)}, {recorded.Tokens:N0} tokens");
    }

    private static string Again(KeyStatistics recorded) => recorded.Origin == KeyStatisticsOrigin.Imported ? "import the recorded file again"
        : $"measure the recorded corpus again{(recorded.Column is { } column ? $" (--column {column})" : "")}{(recorded.Context is { } context ? $", --context {context}" : "")}";
}
