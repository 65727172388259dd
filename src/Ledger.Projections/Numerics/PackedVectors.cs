using Ledger.Domain;

namespace Ledger.Projections.Numerics;

/// <summary>Dot products of some rows with some columns.</summary>
/// <param name="Values">[rows, Stride]; the columns past the last are zero, and so are up to three rows past the last.</param>
internal readonly record struct DotProducts(double[] Values, int Stride)
{
    public double this[int row, int column] => Values[row * Stride + column];
}

/// <summary>
/// Vectors laid side by side, so that their dot products with many others are found many at a time. Each has the bits of
/// <see cref="Float32Vector.Dot"/>: products of float32 are exact in float64, and the terms of one sum are added in index order.
/// </summary>
internal sealed class PackedVectors
{
    /// <summary>How many vectors to take at once: whole tiles at any vector width, and at d_k 1536 within a second-level cache.</summary>
    public const int Block = 72;

    /// <summary>Components between load and store of a sum: what a tile reads of them stays in the caches.</summary>
    private const int Components = 512;

    private const int RowsAPart = 64;

    private readonly double[] packed;                               // [panels, Length, Tile64.Columns]

    /// <exception cref="ShapeException">The lengths differ.</exception>
    public PackedVectors(IReadOnlyList<Float32Vector> vectors)
    {
        Length = vectors.Count == 0 ? 0 : vectors[0].Length;
        Stride = Tile64.Padded(vectors.Count);
        packed = new double[checked(Stride * Length)];
        var columns = Tile64.Columns;
        for (var v = 0; v < vectors.Count; v++)
        {
            ShapeException.Require(vectors[v].Length == Length, $"vector {v}", Length, vectors[v].Length);
            var values = vectors[v].Span;
            var target = v / columns * Length * columns + v % columns;
            for (var t = 0; t < values.Length; t++) packed[target + t * columns] = values[t];
        }
    }

    public int Length { get; }

    /// <summary>How many vectors there are room for: <see cref="Tile64.Padded"/>.</summary>
    public int Stride { get; }

    /// <summary>The dot product of every row with every one of these vectors.</summary>
    /// <exception cref="ShapeException">A row has another length.</exception>
    public DotProducts Dots(IReadOnlyList<Float32Vector> rows, CancellationToken token) =>
        Dots(rows, Workers.For((long)rows.Count * Stride * Length), token);

    internal DotProducts Dots(IReadOnlyList<Float32Vector> rows, int threads, CancellationToken token)
    {
        for (var r = 0; r < rows.Count; r++) ShapeException.Require(rows[r].Length == Length, $"row {r}", Length, rows[r].Length);
        var products = new double[checked((rows.Count + Tile64.Rows - 1) / Tile64.Rows * Tile64.Rows * Stride)];
        Workers.Run((rows.Count + RowsAPart - 1) / RowsAPart, threads, part => Multiply(rows, part * RowsAPart, products), token);
        return new DotProducts(products, Stride);
    }

    private void Multiply(IReadOnlyList<Float32Vector> rows, int firstRow, double[] products)
    {
        Span<double> a = stackalloc double[Tile64.Rows * Components];
        var end = Math.Min(firstRow + RowsAPart, rows.Count);
        for (var first = 0; first < Length; first += Components)
        {
            var count = Math.Min(Components, Length - first);
            for (var row = firstRow; row < end; row += Tile64.Rows)
            {
                Interleave(rows, row, first, count, a);
                for (var column = 0; column < Stride; column += Tile64.Columns)
                    Tile64.Accumulate(ref products[row * Stride + column], Stride, ref a[0], Tile64.Rows, ref packed[column * Length + first * Tile64.Columns], count);
            }
        }
    }

    /// <summary>Four rows, some components of them, as a tile reads them; zeros for rows past the last.</summary>
    private static void Interleave(IReadOnlyList<Float32Vector> rows, int row, int first, int count, Span<double> a)
    {
        for (var i = 0; i < Tile64.Rows; i++)
        {
            if (row + i < rows.Count)
            {
                var values = rows[row + i].Span.Slice(first, count);
                for (var t = 0; t < values.Length; t++) a[t * Tile64.Rows + i] = values[t];
            }
            else
            {
                for (var t = 0; t < count; t++) a[t * Tile64.Rows + i] = 0;
            }
        }
    }
}
