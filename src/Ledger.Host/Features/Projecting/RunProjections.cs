using Ledger.Host.Projecting;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Stores.EventStoreDb;
using MediatR;

namespace Ledger.Host.Features.Projecting;

/// <summary>Takes a ledger's events into its rows: those that are there, or all that will ever come.</summary>
public static class RunProjections
{
    /// <param name="Follow">Whether to stay until cancelled.</param>
    /// <param name="Progress">Told of each batch when it is there to be read.</param>
    /// <param name="Away">Told when the server is away that is followed, and with null when it is there again.</param>
    public sealed record Request(LedgerPaths Ledger, bool Follow, IProgress<Batch>? Progress, IProgress<ServerAwayException?>? Away) : IRequest<Result>;

    /// <summary>The stable fields of a line of <c>projections run --follow --json</c>.</summary>
    /// <param name="Name">The projection's.</param>
    /// <param name="Events">How many became rows.</param>
    /// <param name="Position">Of the last of them.</param>
    /// <param name="Lag">Seconds from when the last was written until now; null for events that make no rows.</param>
    public sealed record Batch(string Name, int Events, long Position, double? Lag);

    /// <param name="Events">How many became rows in this run.</param>
    public sealed record Result(long Events, ShowProjections.Result Now);

    public sealed class Handler(LedgerSessions sessions, TimeProvider time) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var events = await RowFile.UseAsync(session.Paths.Projections, session.Setup.Base.Ledger, async file =>
            {
                var (run, all, patience) = (new CatchUp(session.Store, file, time), 0L, new ServerPatience(request.Away, time));
                while (true)
                    try
                    {
                        await run.CheckAsync(token);
                        patience.Back();
                        await foreach (var taken in request.Follow ? run.FollowAsync(token) : run.ToEndAsync(token))
                        {
                            all += taken.Events;
                            request.Progress?.Report(new Batch("audit", taken.Events, taken.Position.Value, taken.Time is { } at ? Math.Max(0, (time.GetUtcNow() - at).TotalSeconds) : null));
                        }
                        return all;
                    }
                    catch (HistoryReplacedException) when (request.Follow)
                    {
                        // The server was restored: the rows are held against it, and made anew.
                    }
                    catch (ServerAwayException fault) when (request.Follow)
                    {
                        await patience.WaitAsync(fault, token);
                    }
            });
            return new Result(events, await ShowProjections.OfAsync(session, token));
        }
    }
}
