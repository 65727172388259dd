using System.Diagnostics;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Features.Watching;
using Ledger.Host.Sessions;
using Ledger.Projections.Evaluation;
using MediatR;

namespace Ledger.Host.Features.Paper;

/// <summary>
/// The experiments of "Rebuilding ROME" on a ledger's model: records each edited alone, and records edited in a row. Everything is recorded as it comes; given again, the command goes on, and when nothing is left to do it
/// needs no model.
/// </summary>
public static class RunPaper
{
    public sealed record Request(LedgerPaths Ledger, string? Model, PaperPlan Plan, string Author, IProgress<Step>? Progress) : IRequest<PaperResults>, ICarriesCommand
    {
        object ICarriesCommand.Command => new StartBranch(Plan.Timeline(Variant.Rome), RevisionName.Parse($"{LedgerSetup.Main}@0"), null, Author);
    }

    /// <summary>How far one part of the work is.</summary>
    /// <param name="Part">Which, in words.</param>
    /// <param name="Before">So many were done by an earlier run.</param>
    /// <param name="Each">What is counted.</param>
    public sealed record Step(string Part, int Before, int Done, int Total, string Each);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard, Func<LedgerPaths, IKeyStatisticsStore> stores, IMediator mediator) : IRequestHandler<Request, PaperResults>
    {
        public async Task<PaperResults> Handle(Request request, CancellationToken token)
        {
            var plan = request.Plan;
            PaperData data;
            SequentialEdits sequential;
            await using (var session = await sessions.OpenAsync(request.Ledger, token))
            {
                // Files first: a bad one shall cost nothing.
                data = PaperData.Read(plan, session.Setup.Base.FoundAt == BuiltIn.Model);
                session.Setup.RequireStatistics();
                sequential = new SequentialEdits(plan, data, request.Model, request.Author, mediator);
                sequential.RequireNames(session.Setup);
                if (plan.Independent > 0) await EditAloneAsync(session, request, data, token);
            }
            foreach (var variant in plan.Sequential > 0 ? plan.Variants : [])
            {
                await EditInARowAsync(sequential, variant, request, token);
                await MeasureAsync(sequential, variant, request, token);
            }
            await using var last = await sessions.OpenAsync(request.Ledger, token);
            return await PaperReading.OfAsync(last, plan, data, sequential, token);
        }

        private async Task EditAloneAsync(LedgerSession session, Request request, PaperData data, CancellationToken token)
        {
            var (plan, setup) = (request.Plan, session.Setup);
            var main = setup.Timeline(LedgerSetup.Main);
            var history = (await session.HistoryAsync(main, 0, token)).At(0);
            var log = new EvaluationLog(session, new RevisionPoint(main, 0), history);
            var runs = (await log.RunsAsync(token)).ToDictionary(r => r.Question);
            var recorded = Places(runs, IndependentEdits.Question(data, plan.Seed));
            var before = recorded.Count(p => p < plan.Independent);
            var perplexity = data.Text is { } text ? Evaluation.Perplexity(text) : null;
            if (before == plan.Independent && (perplexity is null || Places(runs, perplexity.Question).Count == perplexity.Question.Items)) return;

            // Before the model: factoring C takes several times its size for a moment.
            var c = stores(request.Ledger).Load(setup.RequireStatistics());
            using var bench = Workbench.Load(session, library, guard, request.Model, token);
            if (perplexity is not null) await log.RecordAsync(perplexity, bench, Places(runs, perplexity.Question), request.Author, _ => { }, token);
            var evaluation = IndependentEdits.Of(data, plan.Seed, setup.Base.Hyperparameters, new EditTrials(bench.Editor, setup.RequireTemplates(), c));
            var done = before;
            Told(0);
            await log.RecordAsync(evaluation, bench, recorded.Union(Enumerable.Range(plan.Independent, evaluation.Question.Items - plan.Independent)).ToHashSet(), request.Author, Told, token);

            void Told(int more) => request.Progress?.Report(new Step("edited alone", before, done += more, plan.Independent, "record"));
        }

        private async Task EditInARowAsync(SequentialEdits sequential, Variant variant, Request request, CancellationToken token)
        {
            await using (var session = await sessions.OpenAsync(request.Ledger, token))
            {
                await sequential.StartAsync(session, variant, token);
                // Which records those are, the bulk edit knows; that all are done, the number tells. A run that was killed behind the last may have left a look at the stream rules undone.
                var timeline = request.Plan.Timeline(variant);
                if ((await session.TipAsync(timeline, token)).Timeline.Edits.Count >= request.Plan.Sequential && !(request.Plan.Gate && await IsLookDueAsync(session, timeline, request, token))) return;
            }
            await sequential.EditAsync(request.Ledger, variant, new Edits(request, variant), token);
        }

        private Task<bool> IsLookDueAsync(LedgerSession session, string timeline, Request request, CancellationToken token) =>
            new StreamWatch(session, timeline, guard, request.Model, () => throw new UnreachableException("Whether a look is due shows without the model."), OnConflict.Fail).IsDueAsync(token);

        /// <summary>What is not recorded yet, revision by revision.</summary>
        private async Task MeasureAsync(SequentialEdits sequential, Variant variant, Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var history = await session.HistoryAsync(request.Plan.Timeline(variant), token);
            var timeline = session.Setup.Timeline(history.Name);
            var runs = await PaperReading.RunsAsync(session, timeline, token);
            var seen = new HashSet<(StateId, EvaluationQuestion)>();           // where all between two points was stopped, they are of one state
            Workbench? bench = null;
            try
            {
                foreach (var (past, _, _, asked) in sequential.Questions(history))
                {
                    var state = past.Timeline.State;
                    var open = asked.Where(a => runs.GetValueOrDefault((state, a.Question)) is not { IsComplete: true } && seen.Add((state, a.Question))).ToList();
                    if (open.Count > 0)
                    {
                        token.ThrowIfCancellationRequested();
                        bench ??= Workbench.Load(session, library, guard, request.Model, token);
                        bench.Install(past, token);
                        var log = new EvaluationLog(session, new RevisionPoint(timeline, past.Timeline.Revision), past);
                        foreach (var evaluation in open) await log.RecordAsync(evaluation, bench, Done(runs.GetValueOrDefault((state, evaluation.Question))), request.Author, _ => { }, token);
                    }
                    request.Progress?.Report(new Step($"measured as {variant.Name()}", 0, (int)past.Timeline.Revision + 1, history.Rows.Count + 1, "revision"));
                }
            }
            finally
            {
                bench?.Dispose();
            }
        }

        private static HashSet<int> Places(Dictionary<EvaluationQuestion, EvaluationRun> runs, EvaluationQuestion question) => Done(runs.GetValueOrDefault(question));

        private static HashSet<int> Done(EvaluationRun? run) => run is null ? [] : [.. run.Items.Keys];

        private sealed class Edits(Request request, Variant variant) : IProgress<ApplyEdits.Step>
        {
            private int before;

            public void Report(ApplyEdits.Step value)
            {
                if (value.Edit is null && value.LeftOut is null) before = value.Done;
                request.Progress?.Report(new Step($"edited in a row as {variant.Name()}", before, value.Done, value.Total, "edit"));
            }
        }
    }
}
