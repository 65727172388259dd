using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Jobs;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features.Working;

/// <summary>Has a worker replay a history. What is asked for is checked and resolved now: what comes to the source later is not the replay's matter.</summary>
public static class QueueReplay
{
    public sealed record Request(ReplayTimeline.Request Replay) : IRequest<QueuedJob>, ICarriesCommand
    {
        object ICarriesCommand.Command => ((ICarriesCommand)Replay).Command;
    }

    public sealed class Handler(LedgerSessions sessions, LedgerJobs jobs) : IRequestHandler<Request, QueuedJob>
    {
        public async Task<QueuedJob> Handle(Request request, CancellationToken token)
        {
            var replay = request.Replay;
            ReplayOrder order;
            await using (var session = await sessions.OpenAsync(replay.Ledger, token)) order = await ReplayOrder.OfAsync(session, replay, token);
            await using var log = await jobs.LogAsync(replay.Ledger, token);
            var (e, key) = (order.Started, $"job|{Guid.NewGuid()}");
            return await log.QueueAsync(
                new ReplayQueued(
                    JobId.Of(key), 0, replay.As, e.Source, e.From, e.To, e.Mode, e.Variant, e.Without, e.Order, replay.Gate == ReplayOrder.GateOff ? replay.Gate : e.Gate, e.OutcomesAsRecorded,
                    replay.Purpose ?? order.Purpose, replay.Author),
                replay.Author, token);
        }
    }
}
