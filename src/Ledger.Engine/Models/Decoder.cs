using Ledger.Engine.Checkpoints;
using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>Gives the model its weights: float32, contiguous, on the model's device; the model owns them from then on.</summary>
/// <param name="name">As the checkpoint spells it.</param>
/// <param name="shape">What the model expects; another one is an error.</param>
public delegate Tensor TensorSource(string name, params long[] shape);

/// <summary>
/// A decoder-only transformer, cut where editing cuts it: a block is <see cref="Key"/>, up to the input k of its MLP's down-projection, and
/// <see cref="Value"/>, the down-projection <c>W k + b</c>. Scoring, generation, key statistics and the edit all are runs of the same blocks.
/// Weights never ask for gradients. One thread at a time; the caller's dispose scope owns what comes out.
/// </summary>
/// <remarks>Shapes: B rows, S new columns, d_v hidden width, d_k inner width, V vocabulary.</remarks>
public abstract class Decoder(ModelConfig config, Device device) : IDisposable
{
    private readonly List<Tensor> owned = [];

    public ModelConfig Config { get; } = config;

    public Device Device { get; } = device;

    /// <summary>W [d_v, d_k] of the block's down-projection; written to only by <see cref="Install"/>.</summary>
    protected abstract Tensor W(int layer);

    /// <summary>b [d_v] of the block's down-projection, or null where the family has none.</summary>
    public abstract Tensor? Bias(int layer);

    /// <summary>Token ids [B, S] to the first block's input [B, S, d_v].</summary>
    public abstract Tensor Embed(Tensor ids, Pass pass);

    /// <summary>A block up to its down-projection.</summary>
    /// <param name="layer">ℓ, from 0.</param>
    /// <param name="x">The block's input [B, S, d_v].</param>
    /// <param name="pass">Where the columns stand and what they may see.</param>
    /// <returns>The residual stream the MLP's output will be added to [B, S, d_v], and k [B, S, d_k].</returns>
    public abstract (Tensor Residual, Tensor K) Key(int layer, Tensor x, Pass pass);

    /// <summary>W k + b: [.., d_k] to [.., d_v].</summary>
    public Tensor Value(int layer, Tensor k) => nn.functional.linear(k, W(layer), Bias(layer));

    /// <summary>The last block's output, any rows of it [.., d_v], to logits [.., V].</summary>
    public abstract Tensor Logits(Tensor x);

    /// <summary>Blocks <paramref name="from"/> to <paramref name="to"/> (excluded).</summary>
    /// <param name="x">The first block's input [B, S, d_v].</param>
    /// <param name="see">Shown every block's number, k and W k + b; must copy what it keeps.</param>
    /// <returns>The last block's output [B, S, d_v].</returns>
    public Tensor Run(Tensor x, Pass pass, int from, int to, Action<int, Tensor, Tensor>? see = null)
    {
        for (var layer = from; layer < to; layer++)
        {
            using var scope = NewDisposeScope();
            var (residual, k) = Key(layer, x, pass);        // [B, S, d_v], [B, S, d_k]
            var m = Value(layer, k);                        // [B, S, d_v]
            see?.Invoke(layer, k, m);
            var next = residual.Plus(m).MoveToOuterDisposeScope();
            if (layer > from) x.Dispose();                  // between blocks: nobody else has it
            x = next;
        }
        return x;
    }

    /// <summary>The block's down-projection is this from now on; copied.</summary>
    /// <param name="w">Row-major [d_v, d_k].</param>
    public void Install(int layer, float[] w)
    {
        Domain.ShapeException.Require(w.Length == (long)Config.Hidden * Config.Inner, nameof(w), (long)Config.Hidden * Config.Inner, w.Length);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        W(layer).copy_(tensor(w, [Config.Hidden, Config.Inner], device: Device));
    }

    /// <summary>Rows of a table [N, d] by number [B, S]: [B, S, d].</summary>
    protected static Tensor Lookup(Tensor table, Tensor numbers) => table.index_select(0, numbers.view(-1)).view(numbers.shape[0], numbers.shape[1], -1);

    /// <summary>GELU of an up-projection, exact or by the tanh formula.</summary>
    protected Tensor Gelu(Tensor up) =>
        nn.functional.gelu(up, Config.Activation == "gelu" ? TorchSharp.Modules.GELU.Approximate.none : TorchSharp.Modules.GELU.Approximate.tanh);

    /// <summary>Takes a weight out of any dispose scope; it is released with the model.</summary>
    protected Tensor Own(Tensor weight)
    {
        owned.Add(weight.DetachFromDisposeScope());
        return weight;
    }

    /// <summary>Projections of one input as one matrix: fewer, larger products.</summary>
    protected Tensor Stack(params Tensor[] parts)
    {
        var stacked = Own(cat(parts, 0));
        foreach (var part in parts) part.Dispose();
        return stacked;
    }

    /// <summary><paramref name="name"/>.weight [outputs, inputs] and, where there is one, .bias.</summary>
    private protected Linear ReadLinear(TensorSource read, string name, long inputs, long outputs, bool bias = true) =>
        new(Own(read($"{name}.weight", outputs, inputs)), bias ? Own(read($"{name}.bias", outputs)) : null);

    private protected LayerNorm ReadNorm(TensorSource read, string name) =>
        new(Own(read($"{name}.weight", Config.Hidden)), Own(read($"{name}.bias", Config.Hidden)), Config.NormEpsilon);

    private protected Rotary MakeRotary(bool interleaved) => new(Own(tensor(Rotary.Frequencies(Config), device: Device)), interleaved);

    public void Dispose()
    {
        foreach (var weight in owned) weight.Dispose();
        owned.Clear();
        GC.SuppressFinalize(this);
    }
}
