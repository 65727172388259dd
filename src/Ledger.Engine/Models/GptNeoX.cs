using Ledger.Engine.Checkpoints;
using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>
/// GPT-NeoX, which Pythia is: rotary positions on the first part of each head, in halves; a LayerNorm each for attention and MLP, which as a rule
/// both start from the block's input; q, k and v of a head stored together.
/// </summary>
public sealed class GptNeoX : Decoder
{
    private sealed record Block(
        LayerNorm Norm1,
        Linear Qkv,             // [H 3 D, d_v]
        Linear AttentionOut,    // [d_v, d_v]
        LayerNorm Norm2,
        Linear Up,              // [d_k, d_v]
        Linear Down);           // [d_v, d_k]

    private readonly Tensor tokens;
    private readonly LayerNorm lastNorm;
    private readonly Linear head;
    private readonly Rotary rotary;
    private readonly Block[] blocks;

    /// <param name="config">Of model type gpt_neox.</param>
    /// <param name="headName"><c>embed_out</c>, or <c>lm_head</c> as transformers 5 writes it.</param>
    public GptNeoX(ModelConfig config, string headName, TensorSource read, Device device) : base(config, device)
    {
        long dv = config.Hidden, dk = config.Inner;
        tokens = Own(read("gpt_neox.embed_in.weight", config.Vocabulary, dv));
        blocks = [.. Enumerable.Range(0, config.Layers).Select(l => $"gpt_neox.layers.{l}").Select(name => new Block(
            ReadNorm(read, $"{name}.input_layernorm"),
            ReadLinear(read, $"{name}.attention.query_key_value", dv, 3 * dv, config.AttentionBias),
            ReadLinear(read, $"{name}.attention.dense", dv, dv, config.AttentionBias),
            ReadNorm(read, $"{name}.post_attention_layernorm"),
            ReadLinear(read, $"{name}.mlp.dense_h_to_4h", dv, dk),
            ReadLinear(read, $"{name}.mlp.dense_4h_to_h", dk, dv)))];
        lastNorm = ReadNorm(read, "gpt_neox.final_layer_norm");
        head = config.TieEmbeddings ? new(tokens, null) : ReadLinear(read, headName, dv, config.Vocabulary, bias: false);
        rotary = MakeRotary(interleaved: false);
    }

    protected override Tensor W(int layer) => blocks[layer].Down.W;

    public override Tensor? Bias(int layer) => blocks[layer].Down.B;

    public override Tensor Embed(Tensor ids, Pass pass) => Lookup(tokens, ids);             // [B, S, d_v]

    public override (Tensor Residual, Tensor K) Key(int layer, Tensor x, Pass pass)
    {
        var block = blocks[layer];
        var residual = x.Plus(Attend(block, layer, block.Norm1.Of(x), pass));               // [B, S, d_v]
        return (residual, Gelu(block.Up.Of(block.Norm2.Of(Config.ParallelResidual ? x : residual))));           // k [B, S, d_k]
    }

    public override Tensor Logits(Tensor x) => head.Of(lastNorm.Of(x));                     // [.., V]

    private Tensor Attend(Block block, int layer, Tensor x, Pass pass)
    {
        var qkv = block.Qkv.Of(x).view(x.shape[0], x.shape[1], Config.Heads, 3, Config.HeadDim).permute(3, 0, 2, 1, 4);    // [3, B, H, S, D]
        return block.AttentionOut.Of(Attention.Attend(rotary.Turn(qkv[0], pass), rotary.Turn(qkv[1], pass), qkv[2], layer, pass));
    }
}
