using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests;

/// <summary>
/// A small W₀ and b with edits of it, and the naive way to everything: W built in full, in float64. W₀, b and keys are sixteenths, so that
/// W₀k + b is exact in float32 and what differs from the projections is rounding of float64 alone.
/// </summary>
internal sealed class RandomModel
{
    private readonly Random random;
    private readonly float[] w0, b;
    private int made;

    public RandomModel(int seed)
    {
        random = new Random(seed);
        Dv = random.Next(1, 16);
        Dk = random.Next(2, 40);
        w0 = [.. Sixteenths(Dv * Dk)];
        b = [.. Sixteenths(Dv)];
    }

    public int Dv { get; }

    public int Dk { get; }

    public int Below(int n) => random.Next(n);

    /// <summary>An edit computed on a state, under some variant.</summary>
    public EffectiveEdit Edit(IReadOnlyList<RankOneDelta> state) => Edit(state, VariantNames.All[random.Next(3)]);

    public EffectiveEdit Edit(IReadOnlyList<RankOneDelta> state, Variant variant)
    {
        while (true)
        {
            Float32Vector kBar = Key(), noise = Key();
            var kO = new Float32Vector([.. kBar.Span.ToArray().Select((x, i) => x + noise[i] / 2)]);
            var keys = new EditKeys(kBar, kO, Direction(kBar), Direction(kO), BaseOutput(kBar), BaseOutput(kO));
            var vE = Vector(Dv);
            // At a key of two dimensions that is zero nothing can be written: such an edit is never let in.
            var delta = Rederive.Values(keys, vE, variant, state).Factors.Delta;
            if (!delta.IsFinite()) continue;
            var id = new EditId((UInt128)(++made));
            return new EffectiveEdit(id, id, new EditRequest("{} is", $"subject {made}", "so"), keys, vE, variant, delta);
        }
    }

    /// <summary>So many edits, each computed on a state with those before it in effect.</summary>
    public EffectiveEdit[] Edits(int count)
    {
        var edits = new List<EffectiveEdit>();
        while (edits.Count < count) edits.Add(Edit([.. edits.Select(e => e.Delta)]));
        return [.. edits];
    }

    public Float32Vector Key() => new([.. Sixteenths(Dk)]);

    /// <summary>Σ ‖r_j‖|u_j·k|: what rounding at a key is in proportion to.</summary>
    public static double Moves(IEnumerable<EffectiveEdit> state, Float32Vector k) => state.Sum(e => e.Delta.R.Norm() * Math.Abs(e.Delta.U.Dot(k)));

    public Float32Vector Vector(int length) => new([.. Enumerable.Range(0, length).Select(_ => random.NextSingle() * 4 - 2)]);

    /// <summary>W₀ + Σ r uᵀ [d_v, d_k].</summary>
    public double[,] Matrix(IEnumerable<RankOneDelta> state)
    {
        var w = new double[Dv, Dk];
        for (var i = 0; i < Dv; i++)
            for (var j = 0; j < Dk; j++) w[i, j] = w0[i * Dk + j];
        foreach (var (r, u) in state)
            for (var i = 0; i < Dv; i++)
                for (var j = 0; j < Dk; j++) w[i, j] += (double)r[i] * u[j];
        return w;
    }

    /// <summary>W k + b [d_v].</summary>
    public double[] Output(double[,] w, Float32Vector k) => [.. Enumerable.Range(0, Dv).Select(i => b[i] + Enumerable.Range(0, Dk).Sum(j => w[i, j] * k[j]))];

    public double Frobenius(double[,] a, double[,] b)
    {
        var sum = 0.0;
        foreach (var (i, j) in from i in Enumerable.Range(0, Dv) from j in Enumerable.Range(0, Dk) select (i, j)) sum += (a[i, j] - b[i, j]) * (a[i, j] - b[i, j]);
        return Math.Sqrt(sum);
    }

    public static double Distance(double[] a, Float32Vector b) => Math.Sqrt(a.Select((x, i) => (x - b[i]) * (x - b[i])).Sum());

    /// <summary>Unit length, roughly along the key: C⁻¹k of some C.</summary>
    private Float32Vector Direction(Float32Vector k)
    {
        float[] bent = [.. k.Span.ToArray().Select(x => x + (random.NextSingle() - 0.5f))];
        var norm = new Float32Vector(bent).Norm();
        return new Float32Vector([.. bent.Select(x => (float)(x / norm))]);
    }

    private Float32Vector BaseOutput(Float32Vector k) => new([.. Output(Matrix([]), k).Select(x => (float)x)]);

    private IEnumerable<float> Sixteenths(int count) => Enumerable.Range(0, count).Select(_ => random.Next(-32, 33) / 16f);
}

internal static class Close
{
    /// <summary>Equal but for the rounding of some sums in float64.</summary>
    /// <param name="scale">What was cancelled to get there, where that is larger.</param>
    public static void ShouldBeClose(this double actual, double expected, double scale = 0) =>
        Math.Abs(actual - expected).ShouldBeLessThanOrEqualTo(1e-9 * Math.Max(scale, Math.Abs(expected)), $"{actual:g17} for {expected:g17}");
}
