using Ledger.Engine.Checkpoints;
using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>
/// GPT-J: rotary positions on the first numbers of each head, in neighbouring pairs; one LayerNorm from which attention and MLP start side by
/// side, both added to the block's input; no biases in attention, biases in the MLP and on the head.
/// </summary>
public sealed class GptJ : Decoder
{
    private sealed record Block(
        LayerNorm Norm,
        Linear Qkv,             // [3 d_v, d_v]
        Linear AttentionOut,    // [d_v, d_v]
        Linear Up,              // [d_k, d_v]
        Linear Down);           // [d_v, d_k]

    private readonly Tensor tokens;
    private readonly LayerNorm lastNorm;
    private readonly Linear head;
    private readonly Rotary rotary;
    private readonly Block[] blocks;

    /// <param name="config">Of model type gptj.</param>
    public GptJ(ModelConfig config, TensorSource read, Device device) : base(config, device)
    {
        long dv = config.Hidden, dk = config.Inner;
        tokens = Own(read("transformer.wte.weight", config.Vocabulary, dv));
        blocks = [.. Enumerable.Range(0, config.Layers).Select(l => $"transformer.h.{l}").Select(name => new Block(
            ReadNorm(read, $"{name}.ln_1"),
            new(Stack(read($"{name}.attn.q_proj.weight", dv, dv), read($"{name}.attn.k_proj.weight", dv, dv), read($"{name}.attn.v_proj.weight", dv, dv)), null),
            ReadLinear(read, $"{name}.attn.out_proj", dv, dv, bias: false),
            ReadLinear(read, $"{name}.mlp.fc_in", dv, dk),
            ReadLinear(read, $"{name}.mlp.fc_out", dk, dv)))];
        lastNorm = ReadNorm(read, "transformer.ln_f");
        // A tied head shares the embedding's weight and has a bias all the same.
        head = new(config.TieEmbeddings ? tokens : Own(read("lm_head.weight", config.Vocabulary, dv)), Own(read("lm_head.bias", config.Vocabulary)));
        rotary = MakeRotary(interleaved: true);
    }

    protected override Tensor W(int layer) => blocks[layer].Down.W;

    public override Tensor? Bias(int layer) => blocks[layer].Down.B;

    public override Tensor Embed(Tensor ids, Pass pass) => Lookup(tokens, ids);             // [B, S, d_v]

    public override (Tensor Residual, Tensor K) Key(int layer, Tensor x, Pass pass)
    {
        var block = blocks[layer];
        var h = block.Norm.Of(x);                                                           // [B, S, d_v]
        return (x.Plus(Attend(block, layer, h, pass)), Gelu(block.Up.Of(h)));               // k [B, S, d_k]
    }

    public override Tensor Logits(Tensor x) => head.Of(lastNorm.Of(x));                     // [.., V]

    private Tensor Attend(Block block, int layer, Tensor x, Pass pass)
    {
        var heads = Config.Heads;
        var qkv = block.Qkv.Of(x).view(x.shape[0], x.shape[1], 3 * heads, Config.HeadDim).transpose(1, 2);     // [B, 3 H, S, D]
        var qk = rotary.Turn(qkv.narrow(1, 0, 2 * heads), pass);                            // [B, 2 H, S, D]
        return block.AttentionOut.Of(Attention.Attend(qk.narrow(1, 0, heads), qk.narrow(1, heads, heads), qkv.narrow(1, 2 * heads, heads), layer, pass));
    }
}
