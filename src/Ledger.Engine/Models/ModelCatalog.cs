using Ledger.Engine.Checkpoints;
using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>What the engine can run: a config's model type → constructor, and where the family keeps its down-projections.</summary>
public static class ModelCatalog
{
    private sealed record Family(Func<int, string> DownProjection, Func<ModelConfig, TensorSource, Device, Decoder> Build);

    /// <summary>The checkpoint's name for the weight of a layer's MLP down-projection.</summary>
    public static string DownProjection(ModelConfig config, SafetensorsCheckpoint checkpoint, int layer) => Of(config, checkpoint).DownProjection(layer);

    /// <summary>Reads all weights onto the device.</summary>
    /// <param name="token">Stops between tensors.</param>
    public static Decoder Load(ModelConfig config, SafetensorsCheckpoint checkpoint, Device device, CancellationToken token) =>
        Of(config, checkpoint).Build(config, (name, shape) =>
        {
            token.ThrowIfCancellationRequested();
            return checkpoint.Read(name, device, shape);
        }, device);

    private static Family Of(ModelConfig config, SafetensorsCheckpoint checkpoint)
    {
        switch (config.ModelType)
        {
            case ModelConfig.Gpt2:
                var prefix = checkpoint.Contains("transformer.wte.weight") ? "transformer." : "";    // the hub has both
                return new(l => $"{prefix}h.{l}.mlp.c_proj.weight", (c, read, device) => new Gpt2(c, prefix, read, device));
            case ModelConfig.GptJ:
                return new(l => $"transformer.h.{l}.mlp.fc_out.weight", (c, read, device) => new GptJ(c, read, device));
            case ModelConfig.GptNeoX:
                var head = checkpoint.Contains("embed_out.weight") ? "embed_out" : "lm_head";         // transformers 5 renames it
                return new(l => $"gpt_neox.layers.{l}.mlp.dense_4h_to_h.weight", (c, read, device) => new GptNeoX(c, head, read, device));
            case ModelConfig.Llama or ModelConfig.Mistral or ModelConfig.Qwen2:
                return new(l => $"model.layers.{l}.mlp.down_proj.weight", (c, read, device) => new Llama(c, read, device));
            default:
                throw new System.Diagnostics.UnreachableException($"{config.ModelType} was read from a config but has no model.");
        }
    }
}
