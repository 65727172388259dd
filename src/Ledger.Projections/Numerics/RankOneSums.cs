using System.Buffers;
using Ledger.Domain;

namespace Ledger.Projections.Numerics;

/// <summary>Sums of scaled vectors in float64: <c>c[i] += Σ_t a[t, i] · b_t</c>, the terms in order of t, each product rounded and then added.</summary>
internal static class RankOneSums
{
    /// <summary>Terms between load and store of a sum.</summary>
    private const int Terms = 512;

    /// <param name="c">[a.Stride, stride]; added to in place.</param>
    /// <param name="stride">A padded row of <paramref name="c"/>: <see cref="Tile64.Padded"/> of the vectors' length.</param>
    /// <param name="a">[terms, rows]: the factors.</param>
    /// <param name="b">The vectors, one a term.</param>
    /// <param name="from">The first term to add; those before it are in c already.</param>
    /// <param name="length">Their length.</param>
    /// <exception cref="ShapeException">A vector has another length; nothing was added.</exception>
    public static void Add(double[] c, int stride, DotProducts a, IReadOnlyList<Float32Vector> b, int from, int length, CancellationToken token) =>
        Add(c, stride, a, b, from, length, Workers.For((long)(b.Count - from) * a.Stride * stride), token);

    internal static void Add(double[] c, int stride, DotProducts a, IReadOnlyList<Float32Vector> b, int from, int length, int threads, CancellationToken token)
    {
        for (var t = from; t < b.Count; t++) ShapeException.Require(b[t].Length == length, $"vector {t}", length, b[t].Length);
        Workers.Run((length + Tile64.Columns - 1) / Tile64.Columns, threads, panel => AddPanel(c, stride, a, b, from, length, panel * Tile64.Columns), token);
    }

    /// <summary>All terms on a few columns of c: what one thread does at a time.</summary>
    private static void AddPanel(double[] c, int stride, DotProducts a, IReadOnlyList<Float32Vector> b, int from, int length, int column)
    {
        var columns = Tile64.Columns;
        var width = Math.Min(columns, length - column);
        var panel = ArrayPool<double>.Shared.Rent(Math.Min(Terms, b.Count - from) * columns);
        for (var first = from; first < b.Count; first += Terms)
        {
            var count = Math.Min(Terms, b.Count - first);
            for (var t = 0; t < count; t++)
            {
                var target = panel.AsSpan(t * columns, columns);
                var source = b[first + t].Span.Slice(column, width);
                for (var j = 0; j < source.Length; j++) target[j] = source[j];
                target[width..].Clear();
            }
            for (var row = 0; row < a.Stride; row += Tile64.Rows)
                Tile64.Accumulate(ref c[row * stride + column], stride, ref a.Values[first * a.Stride + row], a.Stride, ref panel[0], count);
        }
        ArrayPool<double>.Shared.Return(panel);
    }
}
