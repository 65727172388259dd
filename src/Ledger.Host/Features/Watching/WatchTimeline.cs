using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features.Watching;

/// <summary>Has the policy's stream rules look at a timeline as it stands now.</summary>
public static class WatchTimeline
{
    /// <param name="DryRun">Measure and search, record nothing.</param>
    public sealed record Request(LedgerPaths Ledger, string Timeline, string? Model, bool DryRun, OnConflict OnConflict, IProgress<WatchStep>? Progress) : IRequest<WatchReport>;

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard) : IRequestHandler<Request, WatchReport>
    {
        public async Task<WatchReport> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            session.Setup.RequireOpen(session.Setup.Timeline(request.Timeline).Started.Timeline);
            Workbench? bench = null;
            try
            {
                var watch = new StreamWatch(session, request.Timeline, guard, request.Model, () => bench ??= Workbench.Load(session, library, guard, request.Model, token), request.OnConflict);
                return await watch.LookAsync(request.DryRun, request.Progress, token);
            }
            catch (TimelineConflictException conflict)
            {
                throw conflict.Advising("what was recorded stays; the same command goes on");
            }
            finally
            {
                bench?.Dispose();
            }
        }
    }
}
