using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Sessions;
using Ledger.Projections.Evaluation;
using MediatR;

namespace Ledger.Host.Features.Evaluating;

/// <summary>Measures a revision and records it beside its timeline. Given again, the command goes on where it was stopped, and asks nothing twice.</summary>
public static class EvaluateRevision
{
    /// <param name="Records">A file of facts, or null.</param>
    /// <param name="First">Only so many of its records, or null for all.</param>
    /// <param name="Generations">Generate about them, too.</param>
    /// <param name="Texts">Files of texts for perplexity.</param>
    /// <param name="Downstream">Files of tasks, or folders of them.</param>
    /// <param name="Retention">Score the facts of the edits in effect.</param>
    public sealed record Request(
        MeasureRevision Command, LedgerPaths Ledger, string? Model, string? Records, BulkFormat? Format, int? First, bool Generations, IReadOnlyList<string> Texts, IReadOnlyList<string> Downstream, bool Retention, long Seed,
        IProgress<Step>? Progress) : IRequest<Result>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    /// <param name="Done">Items that are behind us, of all suites.</param>
    /// <param name="Suite">The one that is being asked.</param>
    public sealed record Step(int Before, int Done, int Total, string Suite);

    /// <param name="InEffect">How many edits are.</param>
    public sealed record Result(string Timeline, long Revision, StateId State, int InEffect, ImmutableArray<Line> Evaluations);

    /// <summary>The stable fields of <c>evaluate --json</c>.</summary>
    /// <param name="Source">What the data is called.</param>
    /// <param name="Before">Items that were recorded before.</param>
    /// <param name="Totals">Over all items.</param>
    /// <param name="Base">The same question's answer at the base; null where that is not recorded whole.</param>
    public sealed record Line(
        string Timeline, long Revision, StateId State, Digest Fingerprint, string Suite, string Source, Digest Data, int Items, string Settings, long? Seed, int Before, string Engine,
        ImmutableArray<Measurement> Totals, ImmutableArray<Measurement>? Base);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            // Files first: a bad one shall cost nothing.
            var asked = Read(request).ToList();
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var point = await session.PointAsync(request.Command.At, token);
            var history = (await session.HistoryAsync(point.Timeline, point.Revision, token)).At(point.Revision);
            if (request.Retention) asked.Add(Evaluation.Retention(history));

            var log = new EvaluationLog(session, point, history);
            var before = ByQuestion(await log.RunsAsync(token));
            var done = asked.ConvertAll(a => before.TryGetValue(a.Question, out var run) ? run.Items.Keys.ToHashSet() : []);
            var now = before;
            if (asked.Zip(done).Any(a => a.Second.Count < a.First.Question.Items))
            {
                using var bench = Workbench.Load(session, library, guard, request.Model, token);
                bench.Install(history, token);
                var (skipped, total) = (done.Sum(d => d.Count), asked.Sum(a => a.Question.Items));
                var behind = skipped;
                foreach (var (evaluation, places) in asked.Zip(done))
                {
                    request.Progress?.Report(new Step(skipped, behind, total, evaluation.Question.Suite));
                    await log.RecordAsync(evaluation, bench, places, request.Command.Author, count => request.Progress?.Report(new Step(skipped, behind += count, total, evaluation.Question.Suite)), token);
                }
                now = ByQuestion(await log.RunsAsync(token));
            }
            var atBase = ByQuestion(await log.BaseRunsAsync(token));
            return new Result(point.Name, point.Revision, history.Timeline.State, history.Timeline.InEffect.Count, [.. asked.Zip(done, (a, d) => Of(point, now[a.Question], d.Count, atBase.GetValueOrDefault(a.Question)))]);
        }

        private static IEnumerable<Evaluation> Read(Request request)
        {
            if (request.Records is { } records)
            {
                var file = FactFile.Read(records, request.Format, request.First);
                yield return Evaluation.CounterFact(file);
                if (request.Generations) yield return Evaluation.Generations(file, request.Seed);
            }
            foreach (var text in request.Texts) yield return Evaluation.Perplexity(TextFile.Read(text));
            foreach (var task in request.Downstream.SelectMany(DownstreamFile.Find)) yield return Evaluation.Downstream(DownstreamFile.Read(task));
        }

        private static Dictionary<EvaluationQuestion, EvaluationRun> ByQuestion(IEnumerable<EvaluationRun> runs) => runs.ToDictionary(r => r.Question);

        private static Line Of(RevisionPoint point, EvaluationRun run, int before, EvaluationRun? atBase) => new(
            point.Name, point.Revision, run.State, run.Recorded.Fingerprint, run.Question.Suite, run.Recorded.Source, run.Question.Data, run.Question.Items, run.Question.Settings, run.Question.Seed, before,
            run.Recorded.Engine, run.Totals, atBase is { IsComplete: true } ? atBase.Totals : null);
    }
}
