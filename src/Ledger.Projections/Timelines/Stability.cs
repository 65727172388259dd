using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Analysis;
using Ledger.Projections.Evaluation;

namespace Ledger.Projections.Timelines;

/// <summary>How a timeline stood after a revision: the figures by which one sees it collapse.</summary>
/// <param name="What">What the revision did: applied, withheld, merged.</param>
/// <param name="Edit">The edit it did it to; of several the last.</param>
/// <param name="AbsDelta">|Δ| of the factors the revision brought; null where it brought none.</param>
/// <param name="KuU">k_u·u of the same.</param>
/// <param name="KvU">k_v·u, the division factor.</param>
/// <param name="KeyRatio">k_v·u / k_u·u.</param>
/// <param name="Distance">Cumulative: ‖W_n − W₀‖_F / numel(W).</param>
/// <param name="DriftMedian">Of the edits in effect, at k_v: 0 as written, 1 as far off as the base. Null where it was not asked for, or no edit has one.</param>
/// <param name="DriftMax">The largest of them.</param>
/// <param name="Perplexity">As it was observed of this state, by the stream rules, the gate's probe or an evaluation; null where nobody looked. A probe's stands before an evaluation's.</param>
/// <param name="PerplexityRatio">Over the base's on the same texts.</param>
/// <param name="Entropy">Normalised, of texts that this state generated.</param>
public sealed record StabilityPoint(
    long Revision, DateTimeOffset Time, string What, EditId? Edit, Variant? Variant, double? AbsDelta, double? KuU, double? KvU, double? KeyRatio, long InEffect, double Distance,
    double? DriftMedian, double? DriftMax, double? Perplexity, double? PerplexityRatio, double? Entropy);

/// <summary>The stability of a whole timeline, from its events and what was observed beside it. Nothing of it is kept: it is made anew each time, and comes out the same.</summary>
public static class Stability
{
    /// <param name="history">The timeline.</param>
    /// <param name="observations">What was observed beside it and beside its ancestors, oldest first; of states that it does not have nothing is shown.</param>
    /// <param name="every">Drift is computed after every so many revisions and after the last.</param>
    /// <returns>One for each revision, the base left out.</returns>
    public static ImmutableArray<StabilityPoint> Of(TimelineHistory history, IReadOnlyCollection<EventEnvelope> observations, int every, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        var seen = Seen.Of(observations, history.Timeline.BaseMatrix);
        var distances = StabilitySeries.FromBase(history.Changes, token);
        var past = history.At(0);
        var points = ImmutableArray.CreateBuilder<StabilityPoint>(history.Rows.Count);
        foreach (var row in history.Rows)
        {
            token.ThrowIfCancellationRequested();
            past.Add(row.Envelope, history);
            points.Add(Point(row, past, distances[row.Revision - 1], row.Revision % every == 0 || row.Revision == history.Rows.Count, seen, token));
        }
        return points.MoveToImmutable();
    }

    private static StabilityPoint Point(RevisionRow row, TimelineHistory past, double distance, bool drift, Seen seen, CancellationToken token)
    {
        var (signals, _) = RevisionFacts.Judgement(row.Event);
        var taken = (row.Event as EditsTaken)?.Edits.LastOrDefault(t => t.IsTaken);
        var own = signals?.Own;
        var edits = past.EditsInEffect();
        double[] drifts = drift ? [.. Drift.Of(edits, [.. edits.Select(e => e.Delta)], token).Select(d => d.AtKV).Where(d => !double.IsNaN(d)).Order()] : [];
        var numel = edits.IsEmpty ? 1.0 : (double)edits[0].Delta.R.Length * edits[0].Delta.U.Length;
        var (perplexity, atBase, entropy) = seen.At(past.Timeline.State, row.Event);
        return new StabilityPoint(
            row.Revision, row.Envelope.Metadata.Time, RevisionFacts.What(row.Event), row.Edits.IsEmpty ? null : row.Edits[^1], signals?.Chosen ?? taken?.Variant, own?.AbsDelta ?? taken?.AbsDelta,
            own?.KuU, own?.KvU, own is null ? null : own.KvU / own.KuU, edits.Length, distance / numel,
            drifts.Length == 0 ? null : EditGate.Median(drifts), drifts.Length == 0 ? null : drifts[^1], perplexity, perplexity / atBase, entropy);
    }

    /// <summary>What was measured of states, with a model.</summary>
    private sealed class Seen
    {
        private readonly Dictionary<StateId, (double Perplexity, double Base)> probes = [];
        private readonly Dictionary<StateId, (double Perplexity, double? Base)> perplexities = [];
        private readonly Dictionary<StateId, double> entropies = [];

        public static Seen Of(IReadOnlyCollection<EventEnvelope> observations, Digest baseMatrix)
        {
            var seen = new Seen();
            foreach (var x in observations.Select(o => o.Event).OfType<StabilityObserved>())
                if (x.Probes.FirstOrDefault(p => p.Probe == Rules.Perplexity) is { } probe) seen.probes[x.State] = (probe.Edited, probe.Base);
            var runs = EvaluationRun.Of(observations);
            var atBase = runs.Where(r => r.State == StateId.Of(baseMatrix, [])).ToLookup(r => r.Question);
            foreach (var run in runs.Where(r => r.IsComplete))
            {
                if (run.Question.Suite == EvaluationTotals.Perplexity) seen.perplexities[run.State] = (Total(run, EvaluationTotals.Perplexity), atBase[run.Question].Select(b => (double?)Total(b, EvaluationTotals.Perplexity)).FirstOrDefault());
                if (run.Question.Suite == EvaluationTotals.Generations) seen.entropies[run.State] = Total(run, EvaluationTotals.Entropy);
            }
            return seen;
        }

        /// <summary>What a gate's probe read on an edit on trial is this state's only where the edit was let in.</summary>
        public (double? Perplexity, double? Base, double? Entropy) At(StateId state, TimelineEvent e)
        {
            var readings = e is EditApplied or EditReleased ? RevisionFacts.Judgement(e).Signals!.Probes : [];
            var (perplexity, entropy) = (readings.FirstOrDefault(p => p.Probe == Rules.Perplexity), readings.FirstOrDefault(p => p.Probe == Rules.Entropy)?.Edited);
            entropy ??= entropies.TryGetValue(state, out var known) ? known : null;
            if (perplexity is not null) return (perplexity.Edited, perplexity.Base, entropy);
            if (probes.TryGetValue(state, out var probe)) return (probe.Perplexity, probe.Base, entropy);
            return perplexities.TryGetValue(state, out var measured) ? (measured.Perplexity, measured.Base, entropy) : (null, null, entropy);
        }

        private static double Total(EvaluationRun run, string name) => run.Totals.FirstOrDefault(t => t.Name == name)?.Value ?? double.NaN;
    }
}
