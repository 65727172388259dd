using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Jobs;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features.Working;

/// <summary>Has a worker measure a revision. The files are read now, to see that they are in order, and again by the worker, who must have the same.</summary>
public static class QueueEvaluation
{
    public sealed record Request(EvaluateRevision.Request Evaluation) : IRequest<QueuedJob>, ICarriesCommand
    {
        object ICarriesCommand.Command => Evaluation.Command;
    }

    public sealed class Handler(LedgerSessions sessions, LedgerJobs jobs) : IRequestHandler<Request, QueuedJob>
    {
        public async Task<QueuedJob> Handle(Request request, CancellationToken token)
        {
            var asked = request.Evaluation;
            var records = asked.Records is { } file ? FactFile.Read(file, asked.Format, asked.First) : null;
            var (texts, tasks) = (asked.Texts.Select(TextFile.Read).ToList(), asked.Downstream.SelectMany(DownstreamFile.Find).Select(DownstreamFile.Read).ToList());
            var (key, author) = ($"job|{Guid.NewGuid()}", asked.Command.Author);
            RevisionPoint point;
            await using (var session = await sessions.OpenAsync(asked.Ledger, token)) point = await session.PointAsync(asked.Command.At, token);
            var e = new EvaluationQueued(
                JobId.Of(key), 0, point.Timeline.Started.Timeline, point.Revision, records is null ? null : new DataFile(records.Name, records.Digest), asked.Format?.Name(), asked.First, asked.Generations,
                [.. texts.Select(t => new DataFile(t.Name, t.Digest))], [.. tasks.Select(t => new DataFile(t.Name, t.Digest))], asked.Retention, asked.Seed, author);
            RequireOwnNames(e);
            await using var log = await jobs.LogAsync(asked.Ledger, token);
            return await log.QueueAsync(e, author, token);
        }

        /// <summary>A worker looks for all of them in one folder.</summary>
        private static void RequireOwnNames(EvaluationQueued e)
        {
            if (e.Files().Distinct().GroupBy(f => f.Name).FirstOrDefault(g => g.Count() > 1) is { } two)
                throw new SetupException($"Two files that are called {two.Key} are different: a worker finds them by their names in one folder.", "give one of them another name, or queue two jobs");
        }
    }

    /// <summary>Every file that is needed.</summary>
    internal static ImmutableArray<DataFile> Files(this EvaluationQueued e) => [.. e.Records is { } records ? [records] : ImmutableArray<DataFile>.Empty, .. e.Texts, .. e.Downstream];
}
