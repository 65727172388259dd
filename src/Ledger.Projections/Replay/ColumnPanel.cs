using System.Runtime.InteropServices;

namespace Ledger.Projections.Replay;

/// <summary>One block of edits on all rows of a few columns of W: what one thread does at a time.</summary>
internal static class ColumnPanel<TLanes, T>
    where TLanes : struct, ILanes<T>
    where T : struct
{
    /// <param name="w">[d_v, d_k]; only columns from <paramref name="column"/> on, a tile's width of them, are touched.</param>
    /// <param name="u">Scratch for at least [block.Count, Tile.Columns].</param>
    public static void Fold(Span<float> w, int dv, int dk, int column, RowFactors r, EditBlock block, float[] u)
    {
        int rows = Tile<TLanes, T>.Rows, columns = Tile<TLanes, T>.Columns;
        var width = Math.Min(columns, dk - column);
        Pack(block, column, width, u);
        for (var panel = 0; panel < r.Panels; panel++)
        {
            var height = Math.Min(rows, dv - panel * rows);
            var corner = w[(int)((long)panel * rows * dk + column)..];
            if (height == rows && width == columns)
                Tile<TLanes, T>.Fold(ref MemoryMarshal.GetReference(corner), dk, ref r[panel], ref u[0], block.Count);
            else
                FoldEdge(corner, dk, height, width, ref r[panel], ref u[0], block.Count);
        }
    }

    /// <summary>An incomplete tile goes through a full one; what the missing rows and columns make is not copied back. They are zero because odd leftovers could be slow.</summary>
    private static void FoldEdge(Span<float> corner, int dk, int height, int width, ref float r, ref float u, int edits)
    {
        var columns = Tile<TLanes, T>.Columns;
        Span<float> tile = stackalloc float[Tile<TLanes, T>.Rows * columns];
        tile.Clear();
        for (var i = 0; i < height; i++) corner.Slice(i * dk, width).CopyTo(tile[(i * columns)..]);
        Tile<TLanes, T>.Fold(ref MemoryMarshal.GetReference(tile), columns, ref r, ref u, edits);
        for (var i = 0; i < height; i++) tile.Slice(i * columns, width).CopyTo(corner.Slice(i * dk, width));
    }

    private static void Pack(EditBlock block, int column, int width, float[] u)
    {
        var columns = Tile<TLanes, T>.Columns;
        for (var e = 0; e < block.Count; e++)
        {
            var target = u.AsSpan(e * columns, columns);
            block.U(e).Slice(column, width).CopyTo(target);
            target[width..].Clear();
        }
    }
}
