using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Projections.Evaluation;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Evaluating;

/// <summary>
/// Evaluations of a revision in the stream beside its timeline: those that are there, and new ones batch by batch. They belong to a state and a question: what another revision of the same state was asked already
/// is not asked again.
/// </summary>
public sealed class EvaluationLog(LedgerSession session, RevisionPoint point, TimelineHistory history)
{
    private readonly TimelineId owner = session.Setup.Owner(point.Timeline, point.Revision).Started.Timeline;

    /// <summary>What is recorded of this state, on the timeline or on those that it came from.</summary>
    public async Task<IReadOnlyList<EvaluationRun>> RunsAsync(CancellationToken token)
    {
        var observed = new List<EventEnvelope>();
        foreach (var line in session.Setup.Ancestry(point.Timeline)) observed.AddRange(await session.ObservationsAsync(line.Started.Timeline, token).ToListAsync(token));
        return [.. EvaluationRun.Of(observed).Where(r => r.State == history.Timeline.State)];
    }

    /// <summary>What is recorded of the base.</summary>
    public async Task<IReadOnlyList<EvaluationRun>> BaseRunsAsync(CancellationToken token)
    {
        var (main, state) = (session.Setup.Timeline(LedgerSetup.Main).Started.Timeline, StateId.Of(session.Setup.Base.BaseMatrix, []));
        return [.. EvaluationRun.Of(await session.ObservationsAsync(main, token).ToListAsync(token)).Where(r => r.State == state)];
    }

    /// <summary>Asks what is not recorded yet and records it, a batch at a time.</summary>
    /// <param name="bench">Runs with this revision's state.</param>
    /// <param name="done">Places that are recorded.</param>
    /// <param name="recorded">Told how many items were recorded after each batch.</param>
    public async Task RecordAsync(Evaluation evaluation, Workbench bench, IReadOnlySet<int> done, string author, Action<int> recorded, CancellationToken token)
    {
        var evaluator = new Evaluator(bench.Editor);
        var (question, correlation) = (evaluation.Question, Guid.NewGuid());
        for (var at = 0; at < question.Items;)
        {
            token.ThrowIfCancellationRequested();
            var count = 0;
            while (count < evaluation.Batch && at + count < question.Items && !done.Contains(at + count)) count++;
            if (count == 0)
            {
                at++;
                continue;
            }
            var e = new EvaluationRecorded(
                owner, point.Revision, history.Timeline.State, bench.Fingerprint, question, evaluation.Source, at, evaluation.Ask(evaluator, at, count, token), bench.Editor.Engine);
            // The same items of the same question to the same state are the same observation, whoever is first.
            var key = $"evaluation|{owner}|{history.Timeline.State}|{JsonSerializer.Serialize(question, EventJson.Options)}|{at}|{count}";
            await session.ObserveAsync(owner, e, new CommandContext(author, correlation, key), token);
            at += count;
            recorded(count);
        }
    }
}
