using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Analysis;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Bench;

/// <summary>What is read out of factors alone, each beside one exact fold of the same edits and, from a part of the edits, beside plain loops.</summary>
public static class ProjectionsBench
{
    private const int Dv = 576, Dk = 1536;                                                      // SmolLM2-135M

    /// <param name="args">How many edits; 1000 unless told.</param>
    /// <returns>0 when replayed values have the bits of plain loops, else 1.</returns>
    public static int Run(string[] args)
    {
        var count = args is [var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 1000;
        Console.WriteLine($"{count} edits on {Dv} × {Dk}, {Environment.ProcessorCount} processors");
        var random = new Random(count);
        EffectiveEdit[] edits = [.. Enumerable.Range(1, count).Select(n => Edit(random, n))];
        RankOneDelta[] deltas = [.. edits.Select(e => e.Delta)];
        Fold.Apply(new float[Dv * Dk], Dv, Dk, deltas.AsSpan(0, 8).ToArray(), default);         // warm
        var fold = Seconds(() => Fold.Apply(new float[Dv * Dk], Dv, Dk, deltas, default));

        var replayed = new Float32Vector[count];
        Say("exact fold", fold);
        Say("values replayed, all let in", Seconds(() => Replay(edits, replayed, reverts: false)));
        var plain = Enumerable.Range(0, 4).Select(i => i * (count - 1) / 3).ToArray();           // of a rising cost, so these four stand for all
        var same = true;
        var alone = Seconds(() =>
        {
            foreach (var i in plain) same &= Rederive.Values(edits[i].Keys, edits[i].VE, edits[i].Variant, deltas.AsSpan(0, i).ToArray()).M0.Equals(replayed[i]);
        });
        Say("  the same by plain loops, from four of them", alone / plain.Length * count);
        Say("  every tenth taken out again", Seconds(() => Replay(edits, replayed, reverts: true)));
        Say("drift of all", Seconds(() => Drift.Of(edits, deltas, default)));
        Say("interference, the 100 largest pairs", Seconds(() => Interference.Largest(edits, edits, 0, 100, default)));
        Say("distance after each", Seconds(() => StabilitySeries.FromBase([.. deltas.Select(d => new[] { new WeightedDelta(d, 1) }.ToImmutableArray())], default)));
        Say("difference of two states, half of each its own", Seconds(() => StateDifference.Of(edits[..(count * 2 / 3)], edits[(count / 3)..], default)));
        Say("blame of a prompt of 40 positions", Seconds(() => Blame.Rank(edits, [.. edits.Take(40).Select(e => e.Keys.KO)], default)));
        Console.WriteLine(same ? "replayed values: same bits as plain loops" : "replayed values: OTHER BITS");
        return same ? 0 : 1;

        void Say(string what, double seconds) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what,-50} {seconds,8:f3} s {seconds / fold,8:f2} × the fold"));
    }

    private static void Replay(EffectiveEdit[] edits, Float32Vector[] replayed, bool reverts)
    {
        var replay = new ValueReplay([.. edits.Select(e => e.Keys)]);
        var inEffect = new List<RankOneDelta>();
        for (var i = 0; i < edits.Length; i++)
        {
            (replayed[i], var outKBar) = replay.At(i, inEffect, default);
            foreach (var variant in VariantNames.All) _ = VariantSignals.Of(Rederive.Values(edits[i].Keys, edits[i].VE, variant, replayed[i], outKBar));
            inEffect.Add(edits[i].Delta);
            if (reverts && i % 10 == 9) inEffect.RemoveAt(inEffect.Count - 5);
        }
    }

    private static EffectiveEdit Edit(Random random, int n)
    {
        var keys = new EditKeys(Vector(Dk, 1), Vector(Dk, 1), Vector(Dk, 0.04f), Vector(Dk, 0.04f), Vector(Dv, 1), Vector(Dv, 1));
        var variant = VariantNames.All[n % 3];
        return new EffectiveEdit(
            new EditId((UInt128)n), new EditId((UInt128)n), new EditRequest("{} is", $"subject {n}", "so"), keys, Vector(Dv, 2), variant,
            new RankOneDelta(Vector(Dv, 0.1f), Factors.UsesUBar(variant) ? keys.UBar : keys.UO));

        Float32Vector Vector(int length, float scale) => Float32Vector.Create(length, span =>
        {
            foreach (ref var v in span) v = (random.NextSingle() - 0.5f) * scale;
        });
    }

    private static double Seconds(Action run)
    {
        var start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
