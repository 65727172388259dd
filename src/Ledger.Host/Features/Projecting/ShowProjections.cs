using Ledger.Domain.Events;
using Ledger.Host.Projecting;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features.Projecting;

/// <summary>What rows are kept of a ledger, and how far they lag behind its events. Nothing is written: rows of a history that is there no more count as not made.</summary>
public static class ShowProjections
{
    /// <summary>So many events behind are counted, each of which has to be read for it.</summary>
    public const int MostCounted = 1_000;

    public sealed record Request(LedgerPaths Ledger) : IRequest<Result>;

    /// <summary>The stable fields of <c>projections --json</c>.</summary>
    /// <param name="Name">The projection's.</param>
    /// <param name="File">Where the rows lie, or would.</param>
    /// <param name="Position">The store's position of the last event that the rows hold; null before the first.</param>
    /// <param name="Behind">How many events the store has that they do not hold.</param>
    /// <param name="OrMore">Whether it has still more.</param>
    /// <param name="Since">When the first of these was written.</param>
    /// <param name="Lag">How long that is, in seconds; 0 where nothing is missing.</param>
    public sealed record Result(string Name, string File, RowCounts Rows, long? Position, long Behind, bool OrMore, DateTimeOffset? Since, double Lag);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            return await OfAsync(session, token);
        }
    }

    internal static async Task<Result> OfAsync(LedgerSession session, CancellationToken token)
    {
        var path = session.Paths.Projections;
        var there = await RowFile.LookAsync(path, session.Setup.Base.Ledger, async file =>
            file.Place is { } at && await CatchUp.HasAsync(session.Store, at, token) ? new There(file.Count(), at) : null);
        var (behind, since) = (0L, (DateTimeOffset?)null);
        await foreach (var e in session.Store.ReadAllAsync(there?.Upto.Position ?? StorePosition.Start, token))
        {
            since ??= EventJson.Current.ReadMetadata(e).Time;
            if (++behind > MostCounted) break;
        }
        return new Result(
            "audit", path, there?.Rows ?? new RowCounts(0, 0, 0), there?.Upto.Position.Value, Math.Min(behind, MostCounted), behind > MostCounted, since, since is { } time ? Math.Max(0, (session.Time.GetUtcNow() - time).TotalSeconds) : 0);
    }

    private sealed record There(RowCounts Rows, Place Upto);
}
