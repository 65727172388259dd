using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Watching;

/// <summary>How a timeline stood after each of its revisions; from events alone.</summary>
public static class ShowStability
{
    /// <param name="Every">Drift is computed after every so many revisions.</param>
    public sealed record Request(LedgerPaths Ledger, RevisionName At, int Every) : IRequest<Result>;

    /// <summary>The stable fields of <c>stability --json</c>.</summary>
    /// <param name="Policy">The present one, whose bounds stand beside the figures.</param>
    /// <param name="Texts">What perplexity was measured on; of the first one the points tell.</param>
    /// <param name="Collapses">What the stream rules saw on the way.</param>
    public sealed record Result(string Ledger, string Timeline, long Revision, GatePolicy Policy, ImmutableArray<StabilityPoint> Points, ImmutableArray<TextPerplexity> Texts, ImmutableArray<CollapseDetected> Collapses);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var point = await session.PointAsync(request.At, token);
            var history = (await session.HistoryAsync(point.Timeline, point.Revision, token)).At(point.Revision);
            var observations = new List<EventEnvelope>();
            foreach (var line in session.Setup.Ancestry(point.Timeline))
                await foreach (var e in session.ObservationsAsync(line.Started.Timeline, token)) observations.Add(e);
            // What happened beside an ancestor after it was left is another history's.
            var collapses = observations.Select(e => e.Event).OfType<CollapseDetected>()
                .Where(c => c.Revision <= Math.Min(point.Revision, session.Setup.LastOf(session.Setup.Timelines[c.Timeline], point.Timeline)));
            var (points, texts) = Stability.Of(history, observations, session.Setup.Policies, request.Every, token);
            return new Result(session.Setup.Base.Name, history.Name, history.Timeline.Revision, session.Setup.Policy, points, texts, [.. collapses]);
        }
    }
}
