using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Stores.EventStoreDb;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Makes a file that says where a ledger is that lies on a server already.</summary>
public static class ConnectLedger
{
    /// <param name="Name">The file's name here; the ledger keeps its own.</param>
    /// <param name="Ledger">Its id, or a beginning of it; null where the server holds one alone.</param>
    public sealed record Request(ServerAddress Server, string Folder, string Name, string? Ledger) : IRequest<OpenLedgerFeature.Result>;

    public sealed class Handler(TimeProvider time) : IRequestHandler<Request, OpenLedgerFeature.Result>
    {
        public async Task<OpenLedgerFeature.Result> Handle(Request request, CancellationToken token)
        {
            var paths = LedgerPaths.New(request.Folder, request.Name);
            var id = request.Ledger is { } written && LedgerId.TryParse(written, null, out var whole) ? whole : await FindAsync(request, token);
            var store = await EventStoreDbStore.OpenAsync(request.Server, id, time, token);
            await using var session = await LedgerSession.ReadAsync(paths, store, time, token);
            if (session.Setup.Events == 0) throw new LedgerNotFoundException($"{request.Server} holds no ledger {id}.", "see which there are:  ledger connect --server ADDRESS");
            if (session.Setup.Timelines.IsEmpty) throw new LedgerNotFoundException($"The opening of ledger {id} at {request.Server} did not finish: it has no timeline.", "open another one; this one holds no edits");
            paths.Point(new LedgerPointer(request.Server.Text, id));
            return new OpenLedgerFeature.Result(paths, session.Setup);
        }

        private async Task<LedgerId> FindAsync(Request request, CancellationToken token)
        {
            var (all, fit) = (new List<LedgerOpened>(), new List<LedgerOpened>());
            await foreach (var ledger in EventStoreDbStore.LedgersAsync(request.Server, time, token)) all.Add(ledger);
            fit.AddRange(request.Ledger is { } written ? all.Where(l => l.Ledger.ToString().StartsWith(EditId.Normal(written), StringComparison.Ordinal)) : all);
            return fit switch
            {
                [var one] => one.Ledger,
                [] => throw new LedgerNotFoundException($"{request.Server} holds no ledger{(request.Ledger is null ? "" : $" whose id begins with {request.Ledger}")}.", all.Count == 0 ? "open one there:  ledger open NAME --server ADDRESS" : $"there are {List(all)}"),
                _ => throw new LedgerNotFoundException($"{request.Server} holds {fit.Count} such ledgers.", $"say which with --id: {List(fit)}"),
            };
        }

        private static string List(IEnumerable<LedgerOpened> ledgers) => string.Join(", ", ledgers.Select(l => $"{l.Ledger} ({l.Name})"));
    }
}

/// <summary>The ledgers on a server.</summary>
public static class ListServer
{
    public sealed record Request(ServerAddress Server) : IRequest<Result>;

    /// <param name="Ledgers">In the order in which they were opened.</param>
    public sealed record Result(string Server, IReadOnlyList<Line> Ledgers);

    /// <param name="Base">The name of the base checkpoint.</param>
    public sealed record Line(LedgerId Ledger, string Name, string Base);

    public sealed class Handler(TimeProvider time) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var found = new List<Line>();
            await foreach (var ledger in EventStoreDbStore.LedgersAsync(request.Server, time, token)) found.Add(new Line(ledger.Ledger, ledger.Name, ledger.Base.Name));
            return new Result(request.Server.ToString(), found);
        }
    }
}
