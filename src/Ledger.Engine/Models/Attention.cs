using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Ledger.Engine.Models;

internal static class Attention
{
    /// <summary>softmax(q kᵀ/√D + mask) v over the past and the new columns; groups of G = H/H_kv query heads share a key and a value.</summary>
    /// <param name="q">[B, H, S, D].</param>
    /// <param name="k">New keys [B, H_kv, S, D].</param>
    /// <param name="v">New values, same shape.</param>
    /// <returns>[B, S, H · D].</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, int layer, Pass pass)
    {
        if (pass.Past is { } past) (k, v) = past.With(layer, k, v, pass.Keep);                  // [B, H_kv, P + S, D]
        long rows = q.shape[0], heads = q.shape[1], count = q.shape[2], width = q.shape[3], kvHeads = k.shape[1], group = heads / kvHeads;
        Tensor a;
        if (pass.IsCausal)
        {
            // Long texts come this way: without a mask, S × S numbers need not exist.
            if (group > 1) (k, v) = (k.repeat_interleave(group, 1), v.repeat_interleave(group, 1));
            a = scaled_dot_product_attention(q, k, v, is_casual: true);                         // [B, H, S, D]
        }
        else
        {
            // A group's heads as more rows of one query: the shared keys and values are not copied.
            a = scaled_dot_product_attention(q.reshape(rows, kvHeads, group * count, width), k, v, pass.MaskFor(group)); // [B, H_kv, G S, D]
            a = a.view(rows, heads, count, width);                                              // [B, H, S, D]
        }
        return a.transpose(1, 2).reshape(rows, count, heads * width);
    }
}
