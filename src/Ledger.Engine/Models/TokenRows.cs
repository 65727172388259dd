using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>Token rows of different lengths side by side in columns, shifted so that each row's anchor lies in the same column.</summary>
public sealed class TokenRows
{
    private readonly IReadOnlyList<IReadOnlyList<int>> rows;
    private readonly int[] starts;

    private TokenRows(IReadOnlyList<IReadOnlyList<int>> rows, Func<int, int> anchor)
    {
        this.rows = rows;
        Anchor = Enumerable.Range(0, rows.Count).Max(anchor);
        starts = [.. Enumerable.Range(0, rows.Count).Select(i => Anchor - anchor(i))];
        Columns = Enumerable.Range(0, rows.Count).Max(End);
    }

    /// <summary>All rows begin in column 0: padding on the right.</summary>
    public static TokenRows FromLeft(IReadOnlyList<IReadOnlyList<int>> rows) => new(rows, _ => 0);

    /// <summary>All rows end in the last column: padding on the left.</summary>
    public static TokenRows ToRight(IReadOnlyList<IReadOnlyList<int>> rows) => new(rows, i => rows[i].Count);

    /// <summary>Token <paramref name="index"/>[i] of row i lies in column <see cref="Anchor"/>.</summary>
    public static TokenRows At(IReadOnlyList<IReadOnlyList<int>> rows, IReadOnlyList<int> index) => new(rows, i => index[i]);

    /// <summary>Rows cut into batches, those of like length side by side: less padding.</summary>
    /// <param name="columns">How many columns a row takes.</param>
    /// <param name="tokens">Of all rows of a batch with their padding, at most; a longer row is a batch of its own.</param>
    public static IEnumerable<T[]> Batches<T>(IEnumerable<T> rows, Func<T, int> columns, int tokens)
    {
        var sorted = rows.OrderBy(columns).ToArray();
        for (var at = 0; at < sorted.Length;)
        {
            var count = 1;
            while (at + count < sorted.Length && (count + 1) * columns(sorted[at + count]) <= tokens) count++;
            yield return sorted[at..(at + count)];
            at += count;
        }
    }

    public int Count => rows.Count;

    /// <summary>The column in which the anchors lie.</summary>
    public int Anchor { get; }

    /// <summary>Columns in all.</summary>
    public int Columns { get; }

    /// <summary>Each row's first column.</summary>
    public ReadOnlySpan<int> Starts => starts;

    /// <summary>The column after a row's last token.</summary>
    public int End(int row) => starts[row] + rows[row].Count;

    /// <summary>Token ids of all columns [B, columns] int64; padding is 0.</summary>
    public Tensor Ids(Device device)
    {
        var ids = new long[Count * Columns];
        for (var i = 0; i < Count; i++)
            for (var t = 0; t < rows[i].Count; t++) ids[i * Columns + starts[i] + t] = rows[i][t];
        return tensor(ids, [Count, Columns], device: device);
    }
}
