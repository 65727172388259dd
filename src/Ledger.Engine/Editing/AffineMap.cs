using Ledger.Domain;

namespace Ledger.Engine.Editing;

/// <summary>W k + b outside the model: in float64, in index order, rounded once, so that the same W, k and b give the same bits everywhere.</summary>
/// <param name="w">Row-major [d_v, d_k].</param>
/// <param name="b">[d_v], or null for none.</param>
internal sealed class AffineMap(ReadOnlyMemory<float> w, float[]? b)
{
    public Float32Vector Apply(Float32Vector k)
    {
        var rows = w.Length / k.Length;
        ShapeException.Require(w.Length == (long)rows * k.Length, nameof(k), w.Length / Math.Max(1, rows), k.Length);
        return Float32Vector.Create(rows, output =>
        {
            for (var i = 0; i < output.Length; i++)
            {
                var sum = 0.0;
                var row = w.Span.Slice(i * k.Length, k.Length);
                for (var j = 0; j < row.Length; j++) sum += (double)row[j] * k[j];
                output[i] = (float)(sum + (b?[i] ?? 0));
            }
        });
    }
}
