using Ledger.Engine.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Ledger.Engine.Models;

/// <summary>
/// GPT-2: learned positions, LayerNorm before each half of a block, GELU, biases everywhere, the head tied to the embedding.
/// Its linear layers are stored transposed (Conv1D: in × out) and turned once when read.
/// </summary>
public sealed class Gpt2 : Decoder
{
    private sealed record Block(
        LayerNorm Norm1,
        Linear Qkv,             // [3 d_v, d_v]
        Linear AttentionOut,    // [d_v, d_v]
        LayerNorm Norm2,
        Linear Up,              // [d_k, d_v]
        Linear Down);           // [d_v, d_k]

    private readonly Tensor tokens, positions, head;
    private readonly LayerNorm lastNorm;
    private readonly Block[] blocks;

    /// <param name="config">Of model type gpt2.</param>
    /// <param name="prefix"><c>transformer.</c>, or empty: the hub has both.</param>
    public Gpt2(ModelConfig config, string prefix, TensorSource read, Device device) : base(config, device)
    {
        long dv = config.Hidden, dk = config.Inner;
        tokens = Own(read($"{prefix}wte.weight", config.Vocabulary, dv));
        positions = Own(read($"{prefix}wpe.weight", config.Positions, dv));
        blocks = [.. Enumerable.Range(0, config.Layers).Select(l => new Block(
            ReadNorm(read, $"{prefix}h.{l}.ln_1"),
            Conv1D($"{prefix}h.{l}.attn.c_attn", dv, 3 * dv),
            Conv1D($"{prefix}h.{l}.attn.c_proj", dv, dv),
            ReadNorm(read, $"{prefix}h.{l}.ln_2"),
            Conv1D($"{prefix}h.{l}.mlp.c_fc", dv, dk),
            Conv1D($"{prefix}h.{l}.mlp.c_proj", dk, dv)))];
        lastNorm = ReadNorm(read, $"{prefix}ln_f");
        head = config.TieEmbeddings ? tokens : Own(read("lm_head.weight", config.Vocabulary, dv));

        Linear Conv1D(string name, long inputs, long outputs)
        {
            using var stored = read($"{name}.weight", inputs, outputs);
            using var turned = stored.t();      // a view: left to the finalizer it would hold on to what was stored
            return new(Own(turned.contiguous()), Own(read($"{name}.bias", outputs)));
        }
    }

    protected override Tensor W(int layer) => blocks[layer].Down.W;

    public override Tensor? Bias(int layer) => blocks[layer].Down.B;

    public override Tensor Embed(Tensor ids, Pass pass) =>
        Lookup(tokens, ids).Plus(Lookup(positions, pass.Positions.clamp_max(positions.shape[0] - 1)));               // [B, S, d_v]

    public override (Tensor Residual, Tensor K) Key(int layer, Tensor x, Pass pass)
    {
        var block = blocks[layer];
        var residual = x.Plus(Attend(block, layer, block.Norm1.Of(x), pass));                           // [B, S, d_v]
        return (residual, Gelu(block.Up.Of(block.Norm2.Of(residual))));                                 // k [B, S, d_k]
    }

    public override Tensor Logits(Tensor x) => functional.linear(lastNorm.Of(x), head);                 // [.., V]

    private Tensor Attend(Block block, int layer, Tensor x, Pass pass)
    {
        var qkv = block.Qkv.Of(x).view(x.shape[0], x.shape[1], 3, Config.Heads, Config.HeadDim).permute(2, 0, 3, 1, 4);         // [3, B, H, S, D]
        return block.AttentionOut.Of(Attention.Attend(qkv[0], qkv[1], qkv[2], layer, pass));            // [B, S, d_v]
    }
}
