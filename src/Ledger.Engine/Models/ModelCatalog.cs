using Ledger.Engine.Checkpoints;
using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>What the engine can run: a config's model type → constructor, and where the family keeps its down-projections.</summary>
public static class ModelCatalog
{
    /// <param name="Blocks">What the names of all blocks' tensors begin with; a block's number follows.</param>
    /// <param name="Down">The down-projection's name within its block.</param>
    /// <param name="Turned">It is stored as [d_k, d_v].</param>
    private sealed record Family(string Blocks, string Down, Func<ModelConfig, TensorSource, Device, Decoder> Build, bool Turned = false)
    {
        public string DownProjection(int layer) => $"{Blocks}{layer}.{Down}.weight";
    }

    /// <summary>The checkpoint's tensor that is the weight of a layer's MLP down-projection; looks only at the header.</summary>
    /// <exception cref="CheckpointException">The weights have no such tensor, one of another shape, or more or fewer layers than the config.</exception>
    public static TensorEntry DownProjection(ModelConfig config, SafetensorsCheckpoint checkpoint, int layer)
    {
        var family = Of(config, checkpoint);
        RequireLayers(config, checkpoint, family);
        return RequireDown(config, checkpoint, family, layer);
    }

    /// <summary>Reads all weights onto the device.</summary>
    /// <param name="token">Stops between tensors.</param>
    /// <exception cref="CheckpointException">A tensor is missing, has another shape or a dtype the engine does not read, or lies in a block without a place for it.</exception>
    public static Decoder Load(ModelConfig config, SafetensorsCheckpoint checkpoint, Device device, CancellationToken token)
    {
        var family = Of(config, checkpoint);
        RequireLayers(config, checkpoint, family);
        var read = new HashSet<string>(StringComparer.Ordinal);
        var model = family.Build(config, (name, shape) =>
        {
            token.ThrowIfCancellationRequested();
            read.Add(name);
            return checkpoint.Read(name, device, shape);
        }, device);
        // A bias or a norm that is there and not computed with would give another model's answers.
        var unread = checkpoint.Tensors.Values.FirstOrDefault(t => t.Name.StartsWith(family.Blocks, StringComparison.Ordinal) && !read.Contains(t.Name) && !CheckpointManifest.IsBuffer(t.Name));
        if (unread is null) return model;
        model.Dispose();
        throw new CheckpointException(unread.File, $"{unread.File} has the tensor {unread}, for which this {config.ModelType} has no place.", SafetensorsCheckpoint.DifferentModels);
    }

    /// <summary>As many blocks as the config says. First of all: a config may say millions.</summary>
    private static void RequireLayers(ModelConfig config, SafetensorsCheckpoint checkpoint, Family family)
    {
        RequireDown(config, checkpoint, family, config.Layers - 1);
        if (checkpoint.Tensors.TryGetValue(family.DownProjection(config.Layers), out var further))
            throw new CheckpointException(further.File, $"The weights have a layer {config.Layers}, config.json says {config.Layers} layers, counted from 0.", SafetensorsCheckpoint.DifferentModels);
    }

    private static TensorEntry RequireDown(ModelConfig config, SafetensorsCheckpoint checkpoint, Family family, int layer) =>
        checkpoint.Require(family.DownProjection(layer), family.Turned ? [config.Inner, config.Hidden] : [config.Hidden, config.Inner]);

    private static Family Of(ModelConfig config, SafetensorsCheckpoint checkpoint)
    {
        switch (config.ModelType)
        {
            case ModelConfig.Gpt2:
                var prefix = checkpoint.Contains("transformer.wte.weight") ? "transformer." : "";    // the hub has both
                return new($"{prefix}h.", "mlp.c_proj", (c, read, device) => new Gpt2(c, prefix, read, device), Turned: true);
            case ModelConfig.GptJ:
                return new("transformer.h.", "mlp.fc_out", (c, read, device) => new GptJ(c, read, device));
            case ModelConfig.GptNeoX:
                var head = checkpoint.Contains("embed_out.weight") ? "embed_out" : "lm_head";         // transformers 5 renames it
                return new("gpt_neox.layers.", "mlp.dense_4h_to_h", (c, read, device) => new GptNeoX(c, head, read, device));
            case ModelConfig.Llama or ModelConfig.Mistral or ModelConfig.Qwen2:
                return new("model.layers.", "mlp.down_proj", (c, read, device) => new Llama(c, read, device));
            default:
                throw new System.Diagnostics.UnreachableException($"{config.ModelType} was read from a config but has no model.");
        }
    }
}
