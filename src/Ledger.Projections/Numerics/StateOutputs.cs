using Ledger.Domain;
using Ledger.Domain.Editing;

namespace Ledger.Projections.Numerics;

/// <summary>A key and what the base gives there.</summary>
/// <param name="Key">k [d_k].</param>
/// <param name="BaseOutput">W₀k + b [d_v].</param>
internal readonly record struct KeyPoint(Float32Vector Key, Float32Vector BaseOutput);

/// <summary>
/// W k + b at some keys while edits take effect and leave: W₀k + b + Σ_j r_j (u_j·k) in order of taking effect, in float64. The same sums in the same
/// order as <see cref="Replay.Rederive.Output(Float32Vector, Float32Vector, IReadOnlyList{RankOneDelta})"/>, before its rounding.
/// </summary>
internal sealed class StateOutputs
{
    private readonly IReadOnlyList<KeyPoint> points;
    private readonly PackedVectors keys;
    private readonly double[] sums;                                 // [keys.Stride, stride]
    private readonly int dv, stride;
    private readonly List<Float32Vector> r = [];                    // of the edits in effect
    private double[] dots = [];                                     // u_j·k of each of them, [edits, keys.Stride]
    private int summed;                                             // how many of them are in the sums

    /// <param name="points">At least one; all of the same d_k and d_v.</param>
    /// <exception cref="ShapeException">The lengths differ.</exception>
    public StateOutputs(IReadOnlyList<KeyPoint> points)
    {
        this.points = points;
        keys = new PackedVectors([.. points.Select(p => p.Key)]);
        dv = points[0].BaseOutput.Length;
        stride = Tile64.Padded(dv);
        sums = new double[checked(keys.Stride * stride)];
        for (var i = 0; i < points.Count; i++) ShapeException.Require(points[i].BaseOutput.Length == dv, $"base output {i}", dv, points[i].BaseOutput.Length);
        Restart();
    }

    /// <summary>The next edits take effect.</summary>
    /// <exception cref="ShapeException">r or u has another length; nothing was added.</exception>
    public void Add(IReadOnlyList<RankOneDelta> deltas, CancellationToken token)
    {
        if (deltas.Count == 0) return;
        for (var e = 0; e < deltas.Count; e++) ShapeException.Require(deltas[e].R.Length == dv, $"r of edit {e}", dv, deltas[e].R.Length);
        var more = keys.Dots([.. deltas.Select(d => d.U)], token);      // [edits, keys]
        var (end, room) = (r.Count * keys.Stride, more.Values.Length);
        if (dots.Length < end + room) Array.Resize(ref dots, Math.Max(end + room, 2 * dots.Length));
        more.Values.CopyTo(dots, end);
        r.AddRange(deltas.Select(d => d.R));
    }

    /// <summary>Some edits leave. Sums do not forget: they are made again from the dot products that are left.</summary>
    /// <param name="kept">The places of those that stay in effect, rising.</param>
    public void Keep(IReadOnlyList<int> kept)
    {
        if (kept.Count == r.Count) return;
        for (var i = 0; i < kept.Count; i++)
        {
            r[i] = r[kept[i]];
            dots.AsSpan(kept[i] * keys.Stride, keys.Stride).CopyTo(dots.AsSpan(i * keys.Stride));
        }
        r.RemoveRange(kept.Count, r.Count - kept.Count);
        Restart();
    }

    /// <summary>W k + b [d_v] at the i-th key, with the edits in effect.</summary>
    public ReadOnlySpan<double> At(int i, CancellationToken token)
    {
        if (summed < r.Count)
        {
            try
            {
                RankOneSums.Add(sums, stride, new DotProducts(dots, keys.Stride), r, summed, dv, token);
                summed = r.Count;
            }
            catch
            {
                Restart();                                          // half of the sums may have the edits, half not
                throw;
            }
        }
        return sums.AsSpan(i * stride, dv);
    }

    private void Restart()
    {
        for (var i = 0; i < points.Count; i++)
            for (var j = 0; j < dv; j++) sums[i * stride + j] = points[i].BaseOutput[j];
        summed = 0;
    }
}
