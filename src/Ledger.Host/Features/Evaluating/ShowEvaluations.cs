using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Projections.Evaluation;
using MediatR;

namespace Ledger.Host.Features.Evaluating;

/// <summary>What a timeline was measured to be, inherited revisions included; from events alone.</summary>
public static class ShowEvaluations
{
    public sealed record Request(LedgerPaths Ledger, string Timeline) : IRequest<ImmutableArray<Line>>;

    /// <summary>The stable fields of <c>evaluations --json</c>.</summary>
    /// <param name="Timeline">The one whose own stream holds the revision.</param>
    /// <param name="Revision">Where it was measured last.</param>
    /// <param name="Done">How many items are recorded; fewer than <paramref name="Items"/> where the command was stopped.</param>
    /// <param name="Totals">Over those.</param>
    /// <param name="By">Who measured last, at <paramref name="Time"/>.</param>
    public sealed record Line(
        string Timeline, long Revision, StateId State, Digest Fingerprint, string Suite, string Source, Digest Data, int Done, int Items, string Settings, long? Seed, string Engine,
        ImmutableArray<Measurement> Totals, string By, DateTimeOffset Time);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, ImmutableArray<Line>>
    {
        public async Task<ImmutableArray<Line>> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var timeline = session.Setup.Timeline(request.Timeline);
            var lines = new List<Line>();
            foreach (var line in session.Setup.Ancestry(timeline))
            {
                var last = session.Setup.LastOf(line, timeline);
                lines.AddRange(EvaluationRun.Of(await session.ObservationsAsync(line.Started.Timeline, token).ToListAsync(token)).Where(r => r.Recorded.Revision <= last).Select(r => Of(line.Started.Name, r)));
            }
            return [.. lines.OrderBy(l => l.Revision)];
        }

        private static Line Of(string timeline, EvaluationRun run) => new(
            timeline, run.Recorded.Revision, run.State, run.Recorded.Fingerprint, run.Question.Suite, run.Recorded.Source, run.Question.Data, run.Items.Count, run.Question.Items, run.Question.Settings, run.Question.Seed,
            run.Recorded.Engine, run.Totals, run.Latest.Metadata.Actor, run.Latest.Metadata.Time);
    }
}
