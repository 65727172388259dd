using System.Buffers;
using System.Runtime.ExceptionServices;
using System.Runtime.Intrinsics;
using Ledger.Domain;
using Ledger.Domain.Editing;

namespace Ledger.Projections.Replay;

/// <summary>
/// The only way a weight ever changes (docs/editing.md §4): for each edit e in ledger order, <c>W[i,j] ← fma(r_e[i], u_e[j], W[i,j])</c>, float32,
/// one rounding an element an edit. Elements do not meet, so every blocking, thread count and vector width gives the same bits on every
/// machine; what must not change is the order of the edits. An edit that is not in effect is left out, never subtracted.
/// </summary>
/// <remarks>
/// Denormals and signed zeros are kept. A finite matrix stays free of NaN: a product inside a fused multiply-add cannot overflow on
/// its own, and a sum that does becomes an infinity, which stays. Infinities and NaN already in W pass through.
/// </remarks>
public static class Fold
{
    /// <summary>Folds the edits into <paramref name="w"/>, in list order, on all processors. For one caller at a time on the same matrix.</summary>
    /// <param name="w">W, row-major float32 [d_v, d_k]; changed in place.</param>
    /// <param name="dv">d_v, rows.</param>
    /// <param name="dk">d_k, columns.</param>
    /// <param name="deltas">r [d_v] and u [d_k] of each edit in effect, in order of taking effect.</param>
    /// <param name="token">Looked at between blocks of edits. A cancelled fold leaves <paramref name="w"/> halfway: throw it away.</param>
    /// <exception cref="ShapeException">A length does not fit; nothing was written.</exception>
    /// <exception cref="NonFiniteDeltaException">A factor holds NaN or an infinity; nothing was written.</exception>
    /// <exception cref="FloatingPointModeException">The processor was switched away from IEEE 754 rounding; <paramref name="w"/> is not to be used.</exception>
    public static void Apply(Memory<float> w, int dv, int dk, IReadOnlyList<RankOneDelta> deltas, CancellationToken token) =>
        Apply(w, dv, dk, deltas, FoldPlan.For((long)dv * dk * deltas.Count), token);

    internal static void Apply(Memory<float> w, int dv, int dk, IReadOnlyList<RankOneDelta> deltas, FoldPlan plan, CancellationToken token)
    {
        Require(w.Length, dv, dk, deltas);
        FloatingPointModeException.ThrowIfNotIeee();
        switch (plan.Width)
        {
            case VectorWidth.Vector512: Apply<Lanes512, Vector512<float>>(w, dv, dk, deltas, plan, token); break;
            case VectorWidth.Vector256: Apply<Lanes256, Vector256<float>>(w, dv, dk, deltas, plan, token); break;
            case VectorWidth.Vector128: Apply<Lanes128, Vector128<float>>(w, dv, dk, deltas, plan, token); break;
            default: Apply<ScalarLanes, float>(w, dv, dk, deltas, plan, token); break;
        }
    }

    /// <summary>All checks come before the first write: a refused fold leaves the matrix as it was.</summary>
    private static void Require(int length, int dv, int dk, IReadOnlyList<RankOneDelta> deltas)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dv);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dk);
        ShapeException.Require(length == (long)dv * dk, "W", (long)dv * dk, length);
        for (var e = 0; e < deltas.Count; e++)
        {
            var (r, u) = deltas[e];
            if (r.Length != dv) throw new ShapeException($"r of edit {e}", dv, r.Length);
            if (u.Length != dk) throw new ShapeException($"u of edit {e}", dk, u.Length);
            if (!r.IsFinite()) throw new NonFiniteDeltaException(e, "r");
            if (!u.IsFinite()) throw new NonFiniteDeltaException(e, "u");
        }
    }

    /// <summary>Edits go block by block, and inside a block each column panel of W is one thread's; the factors are copied a block at a time, never all.</summary>
    private static void Apply<TLanes, T>(
        Memory<float> w, int dv, int dk, IReadOnlyList<RankOneDelta> deltas, FoldPlan plan, CancellationToken token)
        where TLanes : struct, ILanes<T>
        where T : struct
    {
        var columns = Tile<TLanes, T>.Columns;
        var panels = (dk + columns - 1) / columns;
        var options = new ParallelOptions { MaxDegreeOfParallelism = plan.Threads, CancellationToken = token };
        using var r = new RowFactors(dv, Tile<TLanes, T>.Rows, Math.Min(plan.EditsPerBlock, deltas.Count));
        for (var first = 0; first < deltas.Count; first += plan.EditsPerBlock)
        {
            token.ThrowIfCancellationRequested();
            var block = new EditBlock(deltas, first, Math.Min(plan.EditsPerBlock, deltas.Count - first));
            r.Pack(block);
            if (plan.Threads == 1)
            {
                var u = ArrayPool<float>.Shared.Rent(block.Count * columns);
                for (var panel = 0; panel < panels; panel++) ColumnPanel<TLanes, T>.Fold(w.Span, dv, dk, panel * columns, r, block, u);
                ArrayPool<float>.Shared.Return(u);
            }
            else
            {
                Run(panels, options, block.Count * columns, (panel, u) => ColumnPanel<TLanes, T>.Fold(w.Span, dv, dk, panel * columns, r, block, u));
            }
        }
    }

    private static void Run(int panels, ParallelOptions options, int scratch, Action<int, float[]> fold)
    {
        try
        {
            Parallel.For(0, panels, options,
                () =>
                {
                    FloatingPointModeException.ThrowIfNotIeee();                    // a property of each thread
                    return ArrayPool<float>.Shared.Rent(scratch);
                },
                (panel, _, u) =>
                {
                    fold(panel, u);
                    return u;
                },
                u => ArrayPool<float>.Shared.Return(u));
        }
        catch (AggregateException e) when (e.InnerException is LedgerException inner)
        {
            ExceptionDispatchInfo.Throw(inner);
        }
    }
}

/// <summary>How a fold is cut up: speed only, never the bits.</summary>
/// <param name="Width">float32 at once.</param>
/// <param name="Threads">Column panels worked on at once.</param>
/// <param name="EditsPerBlock">Edits a tile of W takes between being loaded and stored.</param>
internal readonly record struct FoldPlan(VectorWidth Width, int Threads, int EditsPerBlock)
{
    /// <summary>Measured at 1600 × 6400: 128 edits a block cost a good tenth more, 1024 gain nothing; the panel of u stays within a second-level cache.</summary>
    private const int Edits = 512;

    /// <summary>Below this many multiply-adds waking threads takes longer than the work.</summary>
    private const long WorthThreads = 1 << 18;

    public static VectorWidth Widest =>
        Vector512.IsHardwareAccelerated ? VectorWidth.Vector512
        : Vector256.IsHardwareAccelerated ? VectorWidth.Vector256
        : Vector128.IsHardwareAccelerated ? VectorWidth.Vector128
        : VectorWidth.Scalar;

    public static FoldPlan For(long multiplyAdds) => new(Widest, multiplyAdds < WorthThreads ? 1 : Environment.ProcessorCount, Edits);
}
