using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Replay;

namespace Ledger.Bench;

/// <summary>The exact fold's time an edit, beside plainer ways to the same bits, in one run.</summary>
public static class FoldBench
{
    private static readonly (int Dv, int Dk, string Model)[] Shapes = [(1600, 6400, "GPT-2 XL"), (576, 1536, "SmolLM2-135M")];

    /// <summary>Folds the deltas into w, row-major with rows as long as u.</summary>
    private delegate void Way(float[] w, ReadOnlySpan<RankOneDelta> deltas);

    private static readonly (string Name, int Runs, Way Fold)[] Ways =
    [
        ("exact fold", 3, (w, deltas) => Fold.Apply(w, deltas[0].R.Length, deltas[0].U.Length, deltas.ToArray(), CancellationToken.None)),
        ("a pass an edit, vectors, all processors", 1, PassesOnAllProcessors),
        ("a pass an edit, vectors, one processor", 1, Passes),
        ("a pass an edit, scalar, one processor", 1, ScalarPasses),
    ];

    /// <param name="args">How many edits; 1000 unless told.</param>
    /// <returns>0 when every way gave the same bits, else 1.</returns>
    public static int Run(string[] args)
    {
        var edits = args is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 1000;
        return Shapes.Count(shape => !Compare(shape.Dv, shape.Dk, shape.Model, edits)) == 0 ? 0 : 1;
    }

    private static bool Compare(int dv, int dk, string model, int edits)
    {
        Console.WriteLine($"{edits} edits on {dv} × {dk} ({model}), {Environment.ProcessorCount} processors");
        var random = new Random(dv);
        var w0 = Values(random, dv * dk);
        var deltas = Enumerable.Range(0, edits).Select(_ => new RankOneDelta(new(Values(random, dv)), new(Values(random, dk)))).ToArray();

        (double Milliseconds, Digest Fingerprint)? own = null;
        var same = true;
        foreach (var (name, runs, fold) in Ways)
        {
            fold(w0.ToArray(), deltas.AsSpan(0, 1));                                        // warm
            var (milliseconds, fingerprint) = Enumerable.Range(0, runs).Select(_ => Time(fold, w0, deltas)).MinBy(run => run.Milliseconds);
            own ??= (milliseconds, fingerprint);
            same &= fingerprint == own.Value.Fingerprint;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {name,-40} {milliseconds / edits,8:f3} ms an edit {milliseconds / own.Value.Milliseconds,7:f1} ×   {(fingerprint == own.Value.Fingerprint ? "same bits" : "OTHER BITS")}"));
        }
        return same;
    }

    private static (double Milliseconds, Digest Fingerprint) Time(Way fold, float[] w0, RankOneDelta[] deltas)
    {
        var w = w0.ToArray();
        var start = Stopwatch.GetTimestamp();
        fold(w, deltas);
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, WeightFingerprint.Of(w));
    }

    private static void PassesOnAllProcessors(float[] w, ReadOnlySpan<RankOneDelta> deltas)
    {
        foreach (var delta in deltas)
        {
            int dv = delta.R.Length, parts = Environment.ProcessorCount;
            Parallel.For(0, parts, part => Pass(w, delta, dv * part / parts, dv * (part + 1) / parts));
        }
    }

    private static void Passes(float[] w, ReadOnlySpan<RankOneDelta> deltas)
    {
        foreach (var delta in deltas) Pass(w, delta, 0, delta.R.Length);
    }

    /// <summary>W[i,·] ← fma(r[i], u, W[i,·]) for some rows i: the whole of them comes from memory and goes back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pass(float[] w, RankOneDelta delta, int firstRow, int endRow)
    {
        var u = delta.U.Span;
        for (var i = firstRow; i < endRow; i++)
        {
            var row = w.AsSpan(i * u.Length, u.Length);
            var r = new Vector<float>(delta.R[i]);
            var j = 0;
            for (; j <= row.Length - Vector<float>.Count; j += Vector<float>.Count)
                Vector.FusedMultiplyAdd(r, new Vector<float>(u[j..]), new Vector<float>(row[j..])).CopyTo(row[j..]);
            for (; j < row.Length; j++) row[j] = MathF.FusedMultiplyAdd(delta.R[i], u[j], row[j]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScalarPasses(float[] w, ReadOnlySpan<RankOneDelta> deltas)
    {
        foreach (var delta in deltas)
        {
            ReadOnlySpan<float> r = delta.R.Span, u = delta.U.Span;
            for (var i = 0; i < r.Length; i++)
            {
                var row = w.AsSpan(i * u.Length, u.Length);
                for (var j = 0; j < row.Length; j++) row[j] = MathF.FusedMultiplyAdd(r[i], u[j], row[j]);
            }
        }
    }

    private static float[] Values(Random random, int count)
    {
        var values = new float[count];
        foreach (ref var v in values.AsSpan()) v = random.NextSingle() - 0.5f;
        return values;
    }
}
