using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Numerics;

namespace Ledger.Projections.Timelines;

/// <summary>A delta that takes effect (weight 1) or leaves (−1).</summary>
public readonly record struct WeightedDelta(RankOneDelta Delta, int Weight)
{
    /// <summary>‖Σ weight · r uᵀ‖_F, from factors, in float64: every element of the sum is formed, so what cancels is gone to the last digits.</summary>
    /// <remarks>n·d_v·d_k multiply-adds; of the matrix only a few rows are held at a time. The same bits on every machine.</remarks>
    /// <exception cref="ShapeException">A vector has another length than the others.</exception>
    public static double FrobeniusNorm(IReadOnlyList<WeightedDelta> terms, CancellationToken token)
    {
        if (terms.Count == 0) return 0;
        var (dv, dk) = (terms[0].Delta.R.Length, terms[0].Delta.U.Length);
        for (var t = 0; t < terms.Count; t++) ShapeException.Require(terms[t].Delta.R.Length == dv, $"r of edit {t}", dv, terms[t].Delta.R.Length);
        Float32Vector[] u = [.. terms.Select(t => t.Delta.U)];
        var squared = 0.0;
        for (var first = 0; first < dv; first += PackedVectors.Block)
        {
            var rows = Math.Min(PackedVectors.Block, dv - first);
            var (stride, width) = (Tile64.Padded(rows), Tile64.Padded(dk));
            var r = new double[terms.Count * stride];
            for (var t = 0; t < terms.Count; t++)
                for (var i = 0; i < rows; i++) r[t * stride + i] = (double)terms[t].Weight * terms[t].Delta.R[first + i];
            var sums = new double[stride * width];                  // these rows of the sum, [stride, width]
            RankOneSums.Add(sums, width, new DotProducts(r, stride), u, 0, dk, token);
            foreach (var x in sums) squared += x * x;
        }
        return Math.Sqrt(squared);
    }
}
