using Ledger.Engine.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Ledger.Engine.Models;

/// <summary>
/// The Llama family: rotary positions, RMSNorm before each half of a block, key/value heads shared by groups of query heads, an MLP gated by
/// SiLU (so that the key is <c>silu(gate) · up</c>), the head tied to the embedding or not. Qwen2 has biases on q, k and v, otherwise there
/// are none; Mistral differs in its config alone. Projections of one input are read into one matrix each.
/// </summary>
public sealed class Llama : Decoder
{
    private sealed record Block(
        Tensor Norm1,           // [d_v]
        Linear Qkv,             // [(H + 2 H_kv) D, d_v]
        Tensor AttentionOut,    // [d_v, H D]
        Tensor Norm2,           // [d_v]
        Tensor GateUp,          // [2 d_k, d_v]
        Tensor Down);           // [d_v, d_k]

    private readonly Tensor tokens, head, lastNorm;
    private readonly Rotary rotary;
    private readonly Block[] blocks;

    /// <param name="config">Of model type llama, mistral or qwen2.</param>
    public Llama(ModelConfig config, TensorSource read, Device device) : base(config, device)
    {
        long dv = config.Hidden, dk = config.Inner, q = (long)config.Heads * config.HeadDim, kv = (long)config.KvHeads * config.HeadDim;
        tokens = Own(read("model.embed_tokens.weight", config.Vocabulary, dv));
        blocks = [.. Enumerable.Range(0, config.Layers).Select(l => $"model.layers.{l}").Select(name => new Block(
            Own(read($"{name}.input_layernorm.weight", dv)),
            Qkv($"{name}.self_attn"),
            Own(read($"{name}.self_attn.o_proj.weight", dv, q)),
            Own(read($"{name}.post_attention_layernorm.weight", dv)),
            Stack(read($"{name}.mlp.gate_proj.weight", dk, dv), read($"{name}.mlp.up_proj.weight", dk, dv)),
            Own(read($"{name}.mlp.down_proj.weight", dv, dk))))];
        lastNorm = Own(read("model.norm.weight", dv));
        head = config.TieEmbeddings ? tokens : Own(read("lm_head.weight", config.Vocabulary, dv));
        rotary = MakeRotary(interleaved: false);

        Linear Qkv(string name) => new(
            Stack(read($"{name}.q_proj.weight", q, dv), read($"{name}.k_proj.weight", kv, dv), read($"{name}.v_proj.weight", kv, dv)),
            config.AttentionBias ? Stack(read($"{name}.q_proj.bias", q), read($"{name}.k_proj.bias", kv), read($"{name}.v_proj.bias", kv)) : null);
    }

    protected override Tensor W(int layer) => blocks[layer].Down;

    public override Tensor? Bias(int layer) => null;

    public override Tensor Embed(Tensor ids, Pass pass) => Lookup(tokens, ids);                         // [B, S, d_v]

    public override (Tensor Residual, Tensor K) Key(int layer, Tensor x, Pass pass)
    {
        var block = blocks[layer];
        var residual = x.Plus(Attend(block, layer, Norm(x, block.Norm1), pass));                        // [B, S, d_v]
        var gateUp = functional.linear(Norm(residual, block.Norm2), block.GateUp).chunk(2, -1);         // 2 × [B, S, d_k]
        return (residual, functional.silu(gateUp[0]) * gateUp[1]);
    }

    public override Tensor Logits(Tensor x) => functional.linear(Norm(x, lastNorm), head);              // [.., V]

    private Tensor Attend(Block block, int layer, Tensor x, Pass pass)
    {
        int heads = Config.Heads, kvHeads = Config.KvHeads;
        var qkv = block.Qkv.Of(x).view(x.shape[0], x.shape[1], heads + 2 * kvHeads, Config.HeadDim).transpose(1, 2); // [B, H + 2 H_kv, S, D]
        var qk = rotary.Turn(qkv.narrow(1, 0, heads + kvHeads), pass);                                  // [B, H + H_kv, S, D]
        var a = Attention.Attend(qk.narrow(1, 0, heads), qk.narrow(1, heads, kvHeads), qkv.narrow(1, heads + kvHeads, kvHeads), layer, pass);
        return functional.linear(a, block.AttentionOut);                                                // [B, S, d_v]
    }

    private Tensor Norm(Tensor x, Tensor weight) => x * rsqrt((x * x).mean([-1], true).Plus(Config.NormEpsilon)) * weight;
}
