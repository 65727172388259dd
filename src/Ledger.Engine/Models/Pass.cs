using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>
/// Where the columns of one run stand and what they may see. Rows of different lengths lie side by side in columns; row i begins at column
/// starts[i], and what lies left of that, or right of its end, is padding. A column sees its own row's columns up to itself, so padding on
/// the right is never seen, and padding on the left is masked. Outlives dispose scopes; dispose it.
/// </summary>
public sealed class Pass : IDisposable
{
    private readonly Tensor? mask;
    private Tensor? groupMask;
    private (Tensor Cos, Tensor Sin)? rotation;

    /// <param name="starts">Each row's first column.</param>
    /// <param name="first">First column of this run; what lies left of it is in <paramref name="past"/>.</param>
    /// <param name="count">S, the columns of this run.</param>
    /// <param name="past">Keys and values of the columns before <paramref name="first"/>, or null when nothing is or will be kept.</param>
    /// <param name="keep">Whether the past grows by this run's columns.</param>
    /// <param name="shared">Columns at the left that belong to every row and have no padding; <paramref name="starts"/> then counts from behind them.</param>
    public Pass(ReadOnlySpan<int> starts, int first, int count, KeyValueCache? past, bool keep, Device device, int shared = 0)
    {
        Past = past;
        Keep = keep;
        Positions = PositionsOf(starts, first, count, device);
        var padded = starts.ContainsAnyExcept(0);
        IsCausal = first == 0 && !padded;
        mask = IsCausal || (count == 1 && !padded) ? null : MaskOf(starts, first, count, shared, device);
    }

    /// <summary>All columns at once, nothing kept.</summary>
    public static Pass Over(TokenRows rows, Device device) => new(rows.Starts, 0, rows.Columns, null, keep: false, device);

    /// <summary>Each column's place in its row [B, S] int64; 0 for padding on the left.</summary>
    public Tensor Positions { get; }

    /// <summary>Nothing is hidden but the future, and there is no past.</summary>
    public bool IsCausal { get; }

    public KeyValueCache? Past { get; }

    public bool Keep { get; }

    /// <summary>What is added to the scores of G heads' queries, one head after the other: 0 or −∞ [B, 1, G S, columns so far]; null where nothing is hidden.</summary>
    internal Tensor? MaskFor(long group)
    {
        if (mask is null || group == 1) return mask;
        return groupMask ??= mask.repeat(1, 1, group, 1).DetachFromDisposeScope();
    }

    /// <summary>Rotary cosines and sines of the positions, made once a run.</summary>
    internal (Tensor Cos, Tensor Sin) Rotation(Func<Tensor, (Tensor Cos, Tensor Sin)> make)
    {
        if (rotation is { } made) return made;
        using var scope = NewDisposeScope();
        var (cos, sin) = make(Positions);
        rotation = (cos.DetachFromDisposeScope(), sin.DetachFromDisposeScope());
        return rotation.Value;
    }

    public void Dispose()
    {
        Positions.Dispose();
        mask?.Dispose();
        groupMask?.Dispose();
        rotation?.Cos.Dispose();
        rotation?.Sin.Dispose();
    }

    private static Tensor PositionsOf(ReadOnlySpan<int> starts, int first, int count, Device device)
    {
        var positions = new long[starts.Length * count];
        for (var i = 0; i < starts.Length; i++)
            for (var s = 0; s < count; s++) positions[i * count + s] = Math.Max(0, first + s - starts[i]);
        return tensor(positions, [starts.Length, count], device: device).DetachFromDisposeScope();
    }

    private static Tensor MaskOf(ReadOnlySpan<int> starts, int first, int count, int shared, Device device)
    {
        var columns = first + count;
        var mask = new float[starts.Length * count * columns];
        mask.AsSpan().Fill(float.NegativeInfinity);
        for (var i = 0; i < starts.Length; i++)
            for (var s = 0; s < count; s++)
            {
                var self = first + s;
                var seen = Math.Min(shared + starts[i], self);   // padding sees itself: a softmax over nothing would be NaN, and spread
                var row = mask.AsSpan((i * count + s) * columns);
                row[..Math.Min(shared, self)].Clear();
                row[seen..(self + 1)].Clear();
            }
        return tensor(mask, [starts.Length, 1, count, columns], device: device).DetachFromDisposeScope();
    }
}
