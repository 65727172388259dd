using System.Runtime.CompilerServices;

namespace Ledger.Projections.Replay;

/// <summary>
/// The kernel: a tile of W, 4 rows by 3 vectors, lives in registers while all edits of a block go over it, so W is loaded and stored
/// once a block instead of once an edit. Twelve sums, three vectors of u and one of r are the sixteen registers every
/// 64-bit processor has, and twelve independent chains are enough to hide the latency of a multiply-add.
/// </summary>
internal static class Tile<TLanes, T>
    where TLanes : struct, ILanes<T>
    where T : struct
{
    public const int Rows = 4;

    public static int Columns => 3 * TLanes.Count;

    /// <summary><c>W[i,j] ← fma(r_e[i], u_e[j], W[i,j])</c> for e in order.</summary>
    /// <param name="w">The tile's corner.</param>
    /// <param name="stride">Floats from one row of W to the next.</param>
    /// <param name="r">[edits, Rows].</param>
    /// <param name="u">[edits, Columns].</param>
    /// <param name="edits">Edits in the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]      // hot from its first call: tiering would start it slow
    public static void Fold(ref float w, nint stride, ref float r, ref float u, int edits)
    {
        nint n = TLanes.Count;
        ref var row0 = ref w;
        ref var row1 = ref Unsafe.Add(ref row0, stride);
        ref var row2 = ref Unsafe.Add(ref row1, stride);
        ref var row3 = ref Unsafe.Add(ref row2, stride);
        T w00 = TLanes.Load(ref row0), w01 = TLanes.Load(ref Unsafe.Add(ref row0, n)), w02 = TLanes.Load(ref Unsafe.Add(ref row0, 2 * n));
        T w10 = TLanes.Load(ref row1), w11 = TLanes.Load(ref Unsafe.Add(ref row1, n)), w12 = TLanes.Load(ref Unsafe.Add(ref row1, 2 * n));
        T w20 = TLanes.Load(ref row2), w21 = TLanes.Load(ref Unsafe.Add(ref row2, n)), w22 = TLanes.Load(ref Unsafe.Add(ref row2, 2 * n));
        T w30 = TLanes.Load(ref row3), w31 = TLanes.Load(ref Unsafe.Add(ref row3, n)), w32 = TLanes.Load(ref Unsafe.Add(ref row3, 2 * n));

        for (var e = 0; e < edits; e++)
        {
            T u0 = TLanes.Load(ref u), u1 = TLanes.Load(ref Unsafe.Add(ref u, n)), u2 = TLanes.Load(ref Unsafe.Add(ref u, 2 * n));

            var ri = TLanes.Broadcast(r);
            w00 = TLanes.FusedMultiplyAdd(ri, u0, w00);
            w01 = TLanes.FusedMultiplyAdd(ri, u1, w01);
            w02 = TLanes.FusedMultiplyAdd(ri, u2, w02);

            ri = TLanes.Broadcast(Unsafe.Add(ref r, 1));
            w10 = TLanes.FusedMultiplyAdd(ri, u0, w10);
            w11 = TLanes.FusedMultiplyAdd(ri, u1, w11);
            w12 = TLanes.FusedMultiplyAdd(ri, u2, w12);

            ri = TLanes.Broadcast(Unsafe.Add(ref r, 2));
            w20 = TLanes.FusedMultiplyAdd(ri, u0, w20);
            w21 = TLanes.FusedMultiplyAdd(ri, u1, w21);
            w22 = TLanes.FusedMultiplyAdd(ri, u2, w22);

            ri = TLanes.Broadcast(Unsafe.Add(ref r, 3));
            w30 = TLanes.FusedMultiplyAdd(ri, u0, w30);
            w31 = TLanes.FusedMultiplyAdd(ri, u1, w31);
            w32 = TLanes.FusedMultiplyAdd(ri, u2, w32);

            r = ref Unsafe.Add(ref r, Rows);
            u = ref Unsafe.Add(ref u, 3 * n);
        }

        TLanes.Store(w00, ref row0); TLanes.Store(w01, ref Unsafe.Add(ref row0, n)); TLanes.Store(w02, ref Unsafe.Add(ref row0, 2 * n));
        TLanes.Store(w10, ref row1); TLanes.Store(w11, ref Unsafe.Add(ref row1, n)); TLanes.Store(w12, ref Unsafe.Add(ref row1, 2 * n));
        TLanes.Store(w20, ref row2); TLanes.Store(w21, ref Unsafe.Add(ref row2, n)); TLanes.Store(w22, ref Unsafe.Add(ref row2, 2 * n));
        TLanes.Store(w30, ref row3); TLanes.Store(w31, ref Unsafe.Add(ref row3, n)); TLanes.Store(w32, ref Unsafe.Add(ref row3, 2 * n));
    }
}
