using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
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
/// <param name="Perplexity">On the first of <see cref="TimelineStability.Texts"/> alone, as it was observed of this state; null where nobody looked.</param>
/// <param name="PerplexityRatio">Over the base's on the same text.</param>
/// <param name="PerplexityOf">What that text is called; null where nobody looked.</param>
/// <param name="Entropy">Normalised, of texts that this state generated.</param>
public sealed record StabilityPoint(
    long Revision, DateTimeOffset Time, string What, EditId? Edit, Variant? Variant, double? AbsDelta, double? KuU, double? KvU, double? KeyRatio, long InEffect, double Distance,
    double? DriftMedian, double? DriftMax, double? Perplexity, double? PerplexityRatio, string? PerplexityOf, double? Entropy);

/// <summary>Perplexities on one text, by the gate's probe, the stream rules or an evaluation: none of them says anything beside one of another text.</summary>
/// <param name="Name">"probe of guarded@1", or an evaluated file's name with a short digest.</param>
/// <param name="Digest">Of the probe's texts, or of the file.</param>
/// <param name="IsProbe">Whether it is the present policy's probe, which its bounds are for.</param>
/// <param name="Readings">At each revision whose state was looked at; at least one.</param>
public sealed record TextPerplexity(string Name, Digest Digest, bool IsProbe, ImmutableArray<TextReading> Readings);

/// <param name="Ratio">Over the base's; null where that was not measured.</param>
public readonly record struct TextReading(long Revision, double Perplexity, double? Ratio);

/// <param name="Points">One for each revision, the base left out.</param>
/// <param name="Texts">What perplexity was measured on: the present policy's probe first, then those that were read at more revisions.</param>
public sealed record TimelineStability(ImmutableArray<StabilityPoint> Points, ImmutableArray<TextPerplexity> Texts);

/// <summary>The stability of a whole timeline, from its events and what was observed beside it. Nothing of it is kept: it is made anew each time, and comes out the same.</summary>
public static class Stability
{
    /// <param name="history">The timeline.</param>
    /// <param name="observations">What was observed beside it and beside its ancestors, oldest first; of states that it does not have nothing is shown.</param>
    /// <param name="policies">All that were set, the present one last: a look and a verdict name the policy alone, whose probe it was.</param>
    /// <param name="every">Drift is computed after every so many revisions and after the last.</param>
    public static TimelineStability Of(TimelineHistory history, IReadOnlyCollection<EventEnvelope> observations, IReadOnlyList<GatePolicy> policies, int every, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        var seen = new Seen(observations, policies, history.Timeline.BaseMatrix);
        var distances = StabilitySeries.FromBase(history.Changes, token);
        var past = history.At(0);
        var points = ImmutableArray.CreateBuilder<StabilityPoint>(history.Rows.Count);
        var readings = new List<(Digest Text, TextReading Reading)>();
        foreach (var row in history.Rows)
        {
            token.ThrowIfCancellationRequested();
            past.Add(row.Envelope, history);
            points.Add(Point(row, past, distances[row.Revision - 1], row.Revision % every == 0 || row.Revision == history.Rows.Count, seen, token));
            foreach (var (text, (perplexity, atBase)) in seen.PerplexitiesAt(past.Timeline.State, row.Event)) readings.Add((text, new TextReading(row.Revision, perplexity, perplexity / atBase)));
        }
        TextPerplexity[] texts = [.. readings.GroupBy(r => r.Text, r => r.Reading).Select(g => new TextPerplexity(seen.Names[g.Key], g.Key, g.Key == seen.Probe, [.. g]))];
        texts = [.. texts.OrderByDescending(t => t.IsProbe).ThenByDescending(t => t.Readings.Length).ThenByDescending(t => t.Readings[^1].Revision)];
        if (texts is [var shown, ..])
            foreach (var (revision, perplexity, ratio) in shown.Readings)
                points[(int)revision - 1] = points[(int)revision - 1] with { Perplexity = perplexity, PerplexityRatio = ratio, PerplexityOf = shown.Name };
        return new TimelineStability(points.MoveToImmutable(), [.. texts]);
    }

    private static StabilityPoint Point(RevisionRow row, TimelineHistory past, double distance, bool drift, Seen seen, CancellationToken token)
    {
        var (signals, _) = RevisionFacts.Judgement(row.Event);
        var taken = (row.Event as EditsTaken)?.Edits.LastOrDefault(t => t.IsTaken);
        var own = signals?.Own;
        var edits = past.EditsInEffect();
        var drifts = drift ? Drift.AllAtKV(edits, token) : [];
        var numel = edits.IsEmpty ? 1.0 : (double)edits[0].Delta.R.Length * edits[0].Delta.U.Length;
        return new StabilityPoint(
            row.Revision, row.Envelope.Metadata.Time, RevisionFacts.What(row.Event), row.Edits.IsEmpty ? null : row.Edits[^1], signals?.Chosen ?? taken?.Variant, own?.AbsDelta ?? taken?.AbsDelta,
            own?.KuU, own?.KvU, own is null ? null : own.KvU / own.KuU, edits.Length, distance / numel,
            drifts.Length == 0 ? null : EditGate.Median(drifts), drifts.Length == 0 ? null : drifts[^1], null, null, null, seen.EntropyAt(past.Timeline.State, row.Event));
    }

    /// <summary>What was measured of states, with a model.</summary>
    private sealed class Seen
    {
        private readonly Dictionary<string, Digest> probes = [];
        private readonly Dictionary<StateId, Dictionary<Digest, (double Perplexity, double? Base)>> perplexities = [];
        private readonly Dictionary<StateId, double> entropies = [];

        public Seen(IReadOnlyCollection<EventEnvelope> observations, IReadOnlyList<GatePolicy> policies, Digest baseMatrix)
        {
            foreach (var policy in policies)
            {
                if (policy.Probe is not { Texts.IsEmpty: false } probe) continue;
                var texts = Digest.Of(JsonSerializer.SerializeToUtf8Bytes(probe.Texts, EventJson.Options));
                probes[policy.Observed().ToString()] = probes[policy.ToString()] = texts;
                Names[texts] = $"probe of {policy}";
            }
            Probe = policies.Count > 0 && probes.TryGetValue(policies[^1].ToString(), out var present) ? present : null;
            foreach (var x in observations.Select(o => o.Event).OfType<StabilityObserved>())
                if (Perplexity(x.Probes) is { } read) Read(x.State)[ProbeOf(x.Policy)] = (read.Edited, read.Base);
            var runs = EvaluationRun.Of(observations).Where(r => r.IsComplete).ToArray();
            var atBase = runs.Where(r => r.State == StateId.Of(baseMatrix, [])).ToLookup(r => r.Question);
            foreach (var run in runs)
            {
                if (run.Question.Suite == EvaluationTotals.Perplexity)
                {
                    Read(run.State)[run.Question.Data] = (Total(run, EvaluationTotals.Perplexity), atBase[run.Question].Select(b => (double?)Total(b, EvaluationTotals.Perplexity)).FirstOrDefault());
                    Names[run.Question.Data] = $"{run.Recorded.Source} ({run.Question.Data.Short()})";
                }
                if (run.Question.Suite == EvaluationTotals.Generations) entropies[run.State] = Total(run, EvaluationTotals.Entropy);
            }
        }

        /// <summary>What texts are called, by digest.</summary>
        public Dictionary<Digest, string> Names { get; } = [];

        /// <summary>The texts of the present policy's probe; null where it has none.</summary>
        public Digest? Probe { get; }

        public IReadOnlyDictionary<Digest, (double Perplexity, double? Base)> PerplexitiesAt(StateId state, TimelineEvent e)
        {
            var known = perplexities.GetValueOrDefault(state, []);
            return Perplexity(Own(e)) is { } own ? new Dictionary<Digest, (double, double?)>(known) { [ProbeOf(RevisionFacts.Judgement(e).Verdict!.Policy)] = (own.Edited, own.Base) } : known;
        }

        public double? EntropyAt(StateId state, TimelineEvent e) => Own(e).FirstOrDefault(p => p.Probe == Rules.Entropy)?.Edited ?? (entropies.TryGetValue(state, out var known) ? known : null);

        /// <summary>What a gate's probe read on an edit on trial is this state's only where the edit was let in.</summary>
        private static IEnumerable<ProbeReading> Own(TimelineEvent e) => e is EditApplied or EditReleased ? RevisionFacts.Judgement(e).Signals!.Probes : [];

        private static ProbeReading? Perplexity(IEnumerable<ProbeReading> probes) => probes.FirstOrDefault(p => p.Probe == Rules.Perplexity);

        /// <summary>Of a policy that is not known, whose texts nobody knows either, they are texts of their own.</summary>
        private Digest ProbeOf(string policy)
        {
            if (probes.TryGetValue(policy, out var texts)) return texts;
            texts = probes[policy] = Digest.Of(Encoding.UTF8.GetBytes(policy));
            Names[texts] = $"probe of {policy}";
            return texts;
        }

        private Dictionary<Digest, (double Perplexity, double? Base)> Read(StateId state) => perplexities.TryGetValue(state, out var of) ? of : perplexities[state] = [];

        private static double Total(EvaluationRun run, string name) => run.Totals.FirstOrDefault(t => t.Name == name)?.Value ?? double.NaN;
    }
}
