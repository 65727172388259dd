using System.Buffers;
using Ledger.Domain.Editing;

namespace Ledger.Projections.Replay;

/// <summary>Some consecutive edits of the list, folded together.</summary>
internal readonly record struct EditBlock(IReadOnlyList<RankOneDelta> Deltas, int First, int Count)
{
    public ReadOnlySpan<float> R(int e) => Deltas[First + e].R.Span;

    public ReadOnlySpan<float> U(int e) => Deltas[First + e].U.Span;
}

/// <summary>
/// The r of one block of edits, laid out as the kernel reads them: for each panel of rows, for each edit, that panel's entries.
/// Rows past d_v are zero. Read by all threads, written by <see cref="Pack"/> between blocks.
/// </summary>
internal sealed class RowFactors(int dv, int rows, int edits) : IDisposable
{
    private readonly int panels = (dv + rows - 1) / rows;
    private readonly float[] packed = ArrayPool<float>.Shared.Rent(checked((dv + rows - 1) / rows * rows * edits));

    public int Panels => panels;

    public void Pack(EditBlock block)
    {
        for (var e = 0; e < block.Count; e++)
        {
            var r = block.R(e);
            for (var panel = 0; panel < panels; panel++)
            {
                var target = packed.AsSpan((panel * edits + e) * rows, rows);
                var source = r.Slice(panel * rows, Math.Min(rows, dv - panel * rows));
                source.CopyTo(target);
                target[source.Length..].Clear();
            }
        }
    }

    /// <summary>[edits, rows].</summary>
    public ref float this[int panel] => ref packed[panel * edits * rows];

    public void Dispose() => ArrayPool<float>.Shared.Return(packed);
}
