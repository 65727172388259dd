using System.Numerics;
using System.Runtime.CompilerServices;

namespace Ledger.Projections.Numerics;

/// <summary>
/// The kernel under every float64 sum of many vectors: 4 rows by 3 vectors of sums live in registers while the terms go over them. Different
/// sums run side by side; the terms of one are added one after the other, product rounded and then sum, so every vector width, blocking
/// and thread count gives the bits of the plain loop.
/// </summary>
internal static class Tile64
{
    public const int Rows = 4;

    public static int Columns => 3 * Vector<double>.Count;

    /// <summary>The next count that fills whole tiles either way: 12 or 24 at a time.</summary>
    public static int Padded(int count)
    {
        var whole = Math.Max(12, Columns);
        return (count + whole - 1) / whole * whole;
    }

    /// <summary><c>c[i, j] += a[t, i] · b[t, j]</c>, t in order.</summary>
    /// <param name="c">[Rows, Columns], its rows <paramref name="strideC"/> apart.</param>
    /// <param name="a">[terms, Rows], its rows <paramref name="strideA"/> apart.</param>
    /// <param name="b">[terms, Columns], without gaps.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]      // hot from its first call: tiering would start it slow
    public static void Accumulate(ref double c, nint strideC, ref double a, nint strideA, ref double b, int terms)
    {
        nuint n = (nuint)Vector<double>.Count;
        ref var row0 = ref c;
        ref var row1 = ref Unsafe.Add(ref row0, strideC);
        ref var row2 = ref Unsafe.Add(ref row1, strideC);
        ref var row3 = ref Unsafe.Add(ref row2, strideC);
        Vector<double> c00 = Vector.LoadUnsafe(ref row0), c01 = Vector.LoadUnsafe(ref row0, n), c02 = Vector.LoadUnsafe(ref row0, 2 * n);
        Vector<double> c10 = Vector.LoadUnsafe(ref row1), c11 = Vector.LoadUnsafe(ref row1, n), c12 = Vector.LoadUnsafe(ref row1, 2 * n);
        Vector<double> c20 = Vector.LoadUnsafe(ref row2), c21 = Vector.LoadUnsafe(ref row2, n), c22 = Vector.LoadUnsafe(ref row2, 2 * n);
        Vector<double> c30 = Vector.LoadUnsafe(ref row3), c31 = Vector.LoadUnsafe(ref row3, n), c32 = Vector.LoadUnsafe(ref row3, 2 * n);

        for (var t = 0; t < terms; t++)
        {
            Vector<double> b0 = Vector.LoadUnsafe(ref b), b1 = Vector.LoadUnsafe(ref b, n), b2 = Vector.LoadUnsafe(ref b, 2 * n);

            var ai = Vector.Create(a);
            c00 += ai * b0;
            c01 += ai * b1;
            c02 += ai * b2;

            ai = Vector.Create(Unsafe.Add(ref a, 1));
            c10 += ai * b0;
            c11 += ai * b1;
            c12 += ai * b2;

            ai = Vector.Create(Unsafe.Add(ref a, 2));
            c20 += ai * b0;
            c21 += ai * b1;
            c22 += ai * b2;

            ai = Vector.Create(Unsafe.Add(ref a, 3));
            c30 += ai * b0;
            c31 += ai * b1;
            c32 += ai * b2;

            a = ref Unsafe.Add(ref a, strideA);
            b = ref Unsafe.Add(ref b, 3 * n);
        }

        c00.StoreUnsafe(ref row0); c01.StoreUnsafe(ref row0, n); c02.StoreUnsafe(ref row0, 2 * n);
        c10.StoreUnsafe(ref row1); c11.StoreUnsafe(ref row1, n); c12.StoreUnsafe(ref row1, 2 * n);
        c20.StoreUnsafe(ref row2); c21.StoreUnsafe(ref row2, n); c22.StoreUnsafe(ref row2, 2 * n);
        c30.StoreUnsafe(ref row3); c31.StoreUnsafe(ref row3, n); c32.StoreUnsafe(ref row3, 2 * n);
    }
}
