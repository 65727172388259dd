using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using Some = Ledger.Projections.Tests.Timelines.Some;

namespace Ledger.Projections.Tests.Replay;

/// <summary>
/// Random timelines whose edits are computed in place, as the engine does it: W is the float32 fold of what is in effect, out and m₀ are W k + b
/// of that very matrix. Stops, releases, reverts, reinstatements, withholdings, dismissals, branches and merges happen in between.
/// </summary>
internal sealed class PlacedHistory
{
    private readonly Random random;
    private readonly float[] bias;
    private long number;

    /// <param name="merges">Whether some of it comes from branches, with the factors it has there.</param>
    public PlacedHistory(int seed, bool merges = true)
    {
        random = new Random(seed);
        (Dv, Dk) = (random.Next(1, 5), random.Next(2, 9));
        W0 = Floats(Dv * Dk, 1);
        bias = Floats(Dv, 0.5);
        Main = TimelineHistory.Start(new TimelineStarted(new TimelineId(1), "main", null, "", TimelineOrigin.Opened), default, WeightFingerprint.Of(W0));
        var length = random.Next(1, 14);
        while (Main.Timeline.Revision < length) Step(Main, mayMerge: merges);
    }

    public int Dv { get; }

    public int Dk { get; }

    public float[] W0 { get; }

    public TimelineHistory Main { get; }

    public float[] Fold(IEnumerable<RankOneDelta> deltas) => NaiveFold.Of(W0, Dv, Dk, deltas);

    public EditId? Any() => Main.Records.Count == 0 ? null : Main.Records.ElementAt(random.Next(Main.Records.Count)).Edit;

    public EditId[] Shuffled(IEnumerable<EditId> edits)
    {
        var all = edits.ToArray();
        random.Shuffle(all);
        return all;
    }

    /// <summary>A timeline that leaves <see cref="Main"/> at a revision.</summary>
    public TimelineHistory Branch(long at, string name, UInt128 id, TimelineOrigin origin = TimelineOrigin.Branched) =>
        Main.Branch(new TimelineStarted(new TimelineId(id), name, new Fork(Main.Timeline.Id, at, default), "", origin), default);

    /// <summary>The history as if an edit had never been asked for; what was reverted to make room for it stays reverted, as somebody decided.</summary>
    public TimelineHistory Without(EditId edit)
    {
        var history = TimelineHistory.Start(Main.Started, default, Main.Timeline.BaseMatrix);
        foreach (var row in Main.Rows)
        {
            var e = row.Event switch
            {
                TimelineMerged x => x with { Edits = [.. x.Edits.Where(t => t.Edit != edit).Select(t => t with { Over = t.Over.Remove(edit) })] },
                var x when row.Edits.Contains(edit) => null,
                var x => x,
            };
            if (e is not null) history.Add(row.Envelope with { Event = e }, Main);
            if (row.Event is TimelineMerged merged)
                foreach (var over in merged.Edits.Where(t => t.Edit == edit).SelectMany(t => t.GivingWay))
                    history.Add(row.Envelope with { Event = history.Timeline.Revert(over, merged.Reason, null) });
        }
        return history;
    }

    private void Step(TimelineHistory history, bool mayMerge)
    {
        var timeline = history.Timeline;
        EditId[] Standing(EditStatus status) => [.. timeline.Edits.Values.Where(e => e.Status == status).OrderBy(e => e.Edit.Value).Select(e => e.Edit)];
        var (inEffect, quarantined, reverted) = (Standing(EditStatus.InEffect), Standing(EditStatus.Quarantined), Standing(EditStatus.Reverted));
        TimelineEvent? e = random.Next(14) switch
        {
            0 or 1 when quarantined.Length > 0 => Release(history, Pick(quarantined)),
            2 when quarantined.Length > 0 => timeline.Dismiss(Pick(quarantined), "why"),
            3 or 4 when inEffect.Length > 0 => timeline.Revert(Pick(inEffect), "why", null),
            5 when inEffect.Length > 0 => timeline.Withhold(Pick(inEffect), "why", [], null),
            6 or 7 when reverted.Length > 0 => timeline.Reinstate(Pick(reverted), "why", null),
            8 or 9 when mayMerge => Merge(history),
            _ => Edit(history),
        };
        if (e is not null) Add(history, e, history);
    }

    /// <summary>A branch of some past revision lives on by itself, and some of what it has is taken over.</summary>
    private TimelineEvent? Merge(TimelineHistory history)
    {
        var side = Branch(random.NextInt64(history.Timeline.Revision + 1), $"side-{number}", (UInt128)(1000 + number));
        for (var steps = random.Next(1, 6); steps > 0; steps--) Step(side, mayMerge: false);
        var taken = side.Timeline.Edits.Values.OrderBy(x => x.Revision).ThenBy(x => x.Edit.Value)
            .Where(x => random.Next(3) > 0 && !(history.Timeline.Edits.GetValueOrDefault(x.Edit) is { } here && here.Status == x.Status && here.Delta == x.Delta))
            .Where(x => history.Timeline.Edits.GetValueOrDefault(x.Edit)?.Status is not (EditStatus.Dismissed or EditStatus.Rejected))
            .Select(x => new TakenEdit(x.Edit, Pick([Resolution.Theirs, Resolution.Both, Resolution.Ours, Resolution.Skip]), [], x.Delta, x.Status, x.Variant, x.Delta, x.AbsDelta, []))
            .ToImmutableArray();
        if (taken.IsEmpty) return null;
        var over = history.Timeline.InEffect.Except(taken.Select(t => t.Edit)).ToArray();
        if (over.Length > 0 && taken[^1].Resolution == Resolution.Theirs) taken = taken.SetItem(taken.Length - 1, taken[^1] with { Over = [Pick(over)] });
        var e = history.Timeline.Merge(side.Timeline.Id, side.Name, side.Timeline.Revision, ReplayMode.Factors, taken, "why", null);
        Add(history, e, side);
        return null;
    }

    private TimelineEvent Edit(TimelineHistory history)
    {
        var w = Fold(history.DeltasInEffect());
        var kBar = Floats(Dk, 1);
        var kO = kBar.Select((x, i) => x + (float)(0.3 * (random.NextDouble() - 0.5))).ToArray();
        var m0 = Output(w, kO);
        var vE = m0.Zip(Floats(Dv, 2), (a, d) => a + d).ToArray();
        var x = new EditComputation
        {
            KBar = new(kBar), KO = new(kO), UBar = Unit(kBar), UO = Unit(kO), BaseOutKBar = new(Output(W0, kBar)), BaseOutKO = new(Output(W0, kO)),
            OutKBar = new(Output(w, kBar)), M0 = new(m0), VE = new(vE), Loss = [], DeltaNorm = 1, M0Norm = 1,
        };
        var variant = Pick([.. VariantNames.All]);
        var outcome = (Outcome)(random.Next(6) switch { < 4 => 0, 4 => 1, _ => 2 });
        var factors = Factors.Of(variant, x);
        var plain = Some.Record(new EditId((UInt128)(number + 1)), [0], [0], [0], outcome);
        return history.Timeline.Record(plain with { Variant = variant, Keys = EditKeys.Of(x), Solution = EditSolution.Of(x, factors), Signals = Signals.Of(variant, x, null, null) }, null, null);
    }

    private TimelineEvent Release(TimelineHistory history, EditId edit)
    {
        var record = history.Record(edit);
        var (variant, vE) = (Pick([.. VariantNames.All]), record.Solution.VE);
        var (factors, m0, outKBar) = Rederive.Values(record.Keys, vE, variant, history.DeltasInEffect());
        return history.Timeline.Release(
            edit, variant, ReleaseMode.Values, EditSolution.Of(m0, vE, factors), factors.Delta, record.Signals.OnState(variant, record.Keys, vE, m0, outKBar), Some.Verdict(Outcome.Applied), "why", null);
    }

    private void Add(TimelineHistory history, TimelineEvent e, TimelineHistory source) => history.Add(Some.Envelope(number++, e), source);

    private float[] Output(float[] w, float[] k) => [.. Enumerable.Range(0, Dv).Select(i =>
    {
        var sum = bias[i];
        for (var j = 0; j < Dk; j++) sum += w[i * Dk + j] * k[j];          // float32, as an engine would
        return sum;
    })];

    private static Float32Vector Unit(float[] k)
    {
        var norm = new Float32Vector(k).Norm();
        return new Float32Vector([.. k.Select(x => (float)(x / norm))]);
    }

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];

    private float[] Floats(int count, double size) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * 2 * size))];
}
