using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>Attention's keys and values of the columns already run, per layer [B, H_kv, columns, D]. Outlives dispose scopes; dispose it.</summary>
public sealed class KeyValueCache(int layers) : IDisposable
{
    private readonly (Tensor K, Tensor V)?[] past = new (Tensor, Tensor)?[layers];

    /// <summary>The past's columns, then these.</summary>
    /// <param name="k">New keys [B, H_kv, S, D].</param>
    /// <param name="v">New values, same shape.</param>
    /// <param name="keep">Whether the result is the past of the next run.</param>
    internal (Tensor K, Tensor V) With(int layer, Tensor k, Tensor v, bool keep)
    {
        if (past[layer] is { } before) (k, v) = (cat([before.K, k], 2), cat([before.V, v], 2));
        if (keep)
        {
            Release(layer);
            // Contiguous: a view would hold on to the whole projection it was cut from.
            past[layer] = (k.contiguous().DetachFromDisposeScope(), v.contiguous().DetachFromDisposeScope());
            (k, v) = past[layer]!.Value;
        }
        return (k, v);
    }

    /// <summary>The past of one row as that of many: nothing is copied until it grows.</summary>
    public KeyValueCache ForRows(int rows)
    {
        var repeated = new KeyValueCache(layers);
        for (var layer = 0; layer < layers; layer++)
            if (past[layer] is { } before) repeated.past[layer] = (Rows(before.K), Rows(before.V));
        return repeated;

        Tensor Rows(Tensor one) => one.expand(rows, -1, -1, -1).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        for (var layer = 0; layer < past.Length; layer++) Release(layer);
    }

    private void Release(int layer)
    {
        past[layer]?.K.Dispose();
        past[layer]?.V.Dispose();
        past[layer] = null;
    }
}
