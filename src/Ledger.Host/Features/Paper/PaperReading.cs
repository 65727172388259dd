using System.Collections.Immutable;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Features.Watching;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using Ledger.Projections.Evaluation;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Paper;

/// <summary>The experiments' results, from events alone.</summary>
internal static class PaperReading
{
    public static async Task<PaperResults> OfAsync(LedgerSession session, PaperPlan plan, PaperData data, SequentialEdits sequential, CancellationToken token)
    {
        var main = session.Setup.Timeline(LedgerSetup.Main);
        var atBase = await RunsAsync(session, main, token);
        var state = StateId.Of(session.Setup.Base.BaseMatrix, []);
        double? perplexity = data.Text is { } text && atBase.GetValueOrDefault((state, Evaluation.Perplexity(text).Question)) is { } measured ? measured.Totals[0].Value : null;
        var alone = plan.Independent > 0 ? atBase.GetValueOrDefault((state, IndependentEdits.Question(data, plan.Seed))) : null;
        var items = alone?.Items.Where(i => i.Key < plan.Independent).ToArray() ?? [];
        var runs = ImmutableArray.CreateBuilder<SequentialRun>();
        foreach (var variant in plan.Sequential > 0 ? plan.Variants : [])
            runs.Add(await RunAsync(session, plan, variant, sequential, token));
        return new PaperResults(
            session.Setup.Base.Name, session.Setup.Base.Base.Name, [.. Facts(session.Setup, plan, data, alone, runs)], data.Records.Name, data.Text?.Name, perplexity,
            items.Length > 0 ? CounterFactScores.Mean([.. items.Select(i => Scores(i.Value, IndependentEdits.Base))]) : null,
            [.. items.SelectMany(i => VariantNames.All.Select(v => Alone(data.Records.Facts[i.Key], v, i.Value, perplexity)))], runs.ToImmutable());
    }

    /// <summary>What was recorded of a timeline's revisions and of those it inherited.</summary>
    public static async Task<Dictionary<(StateId, EvaluationQuestion), EvaluationRun>> RunsAsync(LedgerSession session, TimelineEntry timeline, CancellationToken token)
    {
        var found = new Dictionary<(StateId, EvaluationQuestion), EvaluationRun>();
        foreach (var line in session.Setup.Ancestry(timeline))
            foreach (var run in EvaluationRun.Of(await session.ObservationsAsync(line.Started.Timeline, token).ToListAsync(token)))
                if (found.GetValueOrDefault((run.State, run.Question)) is not { IsComplete: true }) found[(run.State, run.Question)] = run;
        return found;
    }

    private static async Task<SequentialRun> RunAsync(LedgerSession session, PaperPlan plan, Variant variant, SequentialEdits sequential, CancellationToken token)
    {
        var name = plan.Timeline(variant);
        var history = await session.HistoryAsync(name, token);
        var runs = await RunsAsync(session, session.Setup.Timeline(name), token);
        var distances = StabilitySeries.FromBase(history.Changes, token);
        var elements = session.Setup.Base.Matrix.Elements;
        var (edits, points, stops, policies) = (new List<SequentialEdit>(), new List<SequentialPoint>(), new List<SequentialStop>(), new List<string>());
        EvaluationRun? retained = null;
        foreach (var (past, record, isPoint, asked) in sequential.Questions(history))
        {
            var (revision, state) = (past.Timeline.Revision, past.Timeline.State);
            var measured = asked.Select(a => runs.GetValueOrDefault((state, a.Question))).OfType<EvaluationRun>().ToList();
            if (record is not null)
            {
                var s = measured.FirstOrDefault(m => m.Question.Suite == SequentialEdits.AfterEdit) is { } own ? EvaluationTotals.ScoresOf(own.Items.Values.First()) : Unknown;
                var sizes = record.Signals.Own;
                policies.Add(record.Verdict.Policy);
                edits.Add(new SequentialEdit(
                    name, variant, edits.Count + 1, revision, record.Edit.ToString(), record.Request.Subject, record.Request.Target, record.Verdict.Outcome, sizes.AbsDelta, sizes.KvU / sizes.KuU,
                    distances[revision - 1] / elements, s.ES, s.EM, s.PS, s.PM, s.NS, s.NM));
            }
            if (revision > 0) stops.AddRange(Stops(name, history, history.Rows[(int)revision - 1], edits.Count));
            if (!isPoint) continue;
            points.AddRange(measured.Where(m => m.Question.Suite != SequentialEdits.AfterEdit)
                .SelectMany(m => m.Totals.Select(t => new SequentialPoint(name, variant, edits.Count, revision, state, m.Question.Suite, t.Name, t.Value, t.Count))));
            retained = measured.FirstOrDefault(m => m.Question.Suite == EvaluationTotals.Retention);
        }
        return new SequentialRun(name, variant, plan.Sequential, plan.Gate && await IsOverAsync(session, name, token), history.Timeline.Revision, history.Timeline.State, history.Timeline.InEffect.Count, [.. edits], [.. points], [.. stops], [.. policies.Distinct()], retained is null ? null : Against(retained, history, token));
    }

    private static async Task<bool> IsOverAsync(LedgerSession session, string timeline, CancellationToken token)
    {
        var (log, policy) = (await WatchLog.ReadAsync(session, session.Setup.Timeline(timeline), token), session.Setup.Policy);
        return policy.Stream.Any(rule => log.LastLook(policy, rule.Rule) is { } look && look.Findings.First(f => f.Rule == rule.Rule).Result == FindingResult.Quarantine);
    }

    private static IEnumerable<SequentialStop> Stops(string timeline, TimelineHistory history, RevisionRow row, int edit) => row.Event switch
    {
        EditJudged { Record: var x } when x.Verdict.Caught.Any() =>
            [new(timeline, edit, row.Revision, x.Edit.ToString(), x.Request.Subject, x.Verdict.Outcome == Outcome.Applied ? "observed" : RevisionFacts.What(row.Event), string.Join("; ", x.Verdict.Caught.Select(f => f.InWords())))],
        EditWithheld x => [new(timeline, edit, row.Revision, x.Edit.ToString(), history.Record(x.Edit).Request.Subject, "withheld", x.Reason)],
        _ => [],
    };

    private static RetentionAndDrift Against(EvaluationRun retained, TimelineHistory history, CancellationToken token)
    {
        var margins = retained.Items.Values.ToDictionary(i => i.Name, i => EvaluationTotals.Value(i, EvaluationTotals.NTrue) - EvaluationTotals.Value(i, EvaluationTotals.NNew));
        var drifts = Drift.Of(history.EditsInEffect(), history.DeltasInEffect(), token).Where(d => margins.ContainsKey(d.Edit.ToString())).ToArray();
        double[] kept = [.. drifts.Select(d => margins[d.Edit.ToString()])], atKV = [.. drifts.Select(d => d.AtKV)], atKBar = [.. drifts.Select(d => d.AtKBar)];
        return new RetentionAndDrift(
            drifts.Length, CounterFactScores.Mean([.. retained.Items.Values.Select(EvaluationTotals.ScoresOf)]), atKV.Length == 0 ? double.NaN : EditGate.Median([.. atKV.Order()]),
            RankCorrelation.Of(atKV, kept), RankCorrelation.Of(atKBar, kept));
    }

    private static IndependentEdit Alone(Fact fact, Variant variant, EvaluatedItem item, double? basePerplexity)
    {
        var (name, s) = (variant.Name(), Scores(item, variant.Name()));
        var (kuU, kvU, perplexity) = (Value(item, name, IndependentEdits.KuU), Value(item, name, IndependentEdits.KvU), Value(item, name, EvaluationTotals.Perplexity));
        return new IndependentEdit(
            long.Parse(fact.Name, CultureInfo.InvariantCulture), fact.Request.Subject, fact.Request.Prompt, fact.Request.Target, variant, Value(item, name, IndependentEdits.AbsDelta), kuU, kvU, kvU / kuU, s.ES, s.EM, s.PS, s.PM, s.NS, s.NM,
            Value(item, name, EvaluationTotals.Entropy), Value(item, name, EvaluationTotals.NGramEntropy), perplexity, perplexity / (basePerplexity ?? double.NaN));
    }

    private static CounterFactScores Scores(EvaluatedItem item, string of) => new(
        Value(item, of, "ES"), Value(item, of, "EM"), Value(item, of, "PS"), Value(item, of, "PM"), Value(item, of, "NS"), Value(item, of, "NM"));

    private static double Value(EvaluatedItem item, string of, string measure) => EvaluationTotals.Value(item, $"{of} {measure}");

    private static CounterFactScores Unknown => new(double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);

    private static IEnumerable<(string, string)> Facts(LedgerSetup setup, PaperPlan plan, PaperData data, EvaluationRun? alone, IReadOnlyCollection<SequentialRun> runs)
    {
        var (b, h, c) = (setup.Base, setup.Base.Hyperparameters, setup.RequireStatistics());
        yield return ("model", Text($"{b.Base.Name} ({b.Base.Family}, {b.Base.Layers} layers, {b.Base.Parameters / 1e6:0.0} M parameters), {b.Base.Digest}"));
        yield return ("edited matrix", Text($"{b.Matrix}, fingerprint {b.BaseMatrix}"));
        yield return ("ledger", Text($"{b.Name}, {b.Ledger}"));
        yield return ("base state", StateId.Of(b.BaseMatrix, []).ToString());
        yield return ("search for v_e", Text($"lr {h.LearningRate}, at most {h.Evaluations} evaluations, KL {h.KlFactor}, weight decay {h.WeightDecay}, clamp {h.ClampFactor}, stop under {h.StopLoss}"));
        yield return ("context templates", Text($"{setup.RequireTemplates().Texts.Length}, {(setup.RequireTemplates().Seed is { } seed ? $"seed {seed}" : "given")}"));
        yield return ("C", Text($"{c.Tokens:N0} tokens of {string.Join(", ", c.Files)}, ridge {c.Ridge}, {c.Digest}"));
        yield return ("records", Text($"{data.Records.Name}, {data.Records.Digest}"));
        if (data.Text is { } text) yield return ("text", Text($"{text.Name}, {text.Texts.Length} texts, {text.Digest}"));
        yield return ("downstream", data.Downstream.IsEmpty ? "not measured: no data was named (--downstream)" : string.Join("; ", data.Downstream.Select(d => Text($"{d.Name}, {d.Items.Length} items, {d.Digest}"))));
        yield return ("edited alone", plan.Independent == 0 ? "not run" : Text($"the first {plan.Independent} records, ten texts each with seed {plan.Seed}"));
        yield return ("edited in a row", runs.Count == 0 ? "not run" : Text(
            // Timelines may be longer than is asked for today, and have been judged by an earlier policy.
            $"the first {runs.Max(r => r.Edits.Length)} records as {string.Join(", ", plan.Variants.Select(v => v.Name()))}; measured every {plan.Every} edits; gate {(plan.Gate ? "on" : "off")}, {string.Join(", ", runs.SelectMany(r => r.Policies).Distinct())}"));
        if (alone is not null) yield return ("engine", alone.Recorded.Engine);
        yield return ("program", LedgerSession.Program);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
