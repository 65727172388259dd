using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;
using static TorchSharp.torch;

namespace Ledger.Engine;

/// <summary>Opens Hugging Face checkpoints: GPT-2, GPT-J, GPT-NeoX (Pythia), and the Llama family with Mistral and Qwen2.</summary>
/// <param name="device">A torch device: <c>cpu</c>, <c>cuda:0</c>.</param>
public sealed class ModelLibrary(string device) : IModelLibrary
{
    public EngineReport Check()
    {
        DeviceException.Open(device);
        return new EngineReport(EngineName(device), get_num_threads(), cuda_is_available());
    }

    public BaseCheckpoint Describe(string path, CancellationToken token)
    {
        var folder = CheckpointFolder.Open(path);
        using var checkpoint = SafetensorsCheckpoint.Open(folder);
        // A tokenizer that cannot be read is found out now, not at the first edit.
        TokenizerLoader.Load(folder);
        var storedAs = ModelCatalog.DownProjection(folder.Config, checkpoint, 0).Dtype;
        var (digest, parameters) = CheckpointManifest.Compute(folder, checkpoint, token);
        return new BaseCheckpoint(digest, folder.Config.ModelType, folder.Name, folder.Config.Layers, parameters, storedAs);
    }

    public Digest Stamp(string path) => CheckpointManifest.Stamp(CheckpointFolder.Open(path));

    public MatrixAddress Address(string path, int layer)
    {
        var folder = CheckpointFolder.Open(path);
        LayerOutOfRangeException.Require(layer, folder.Config.Layers);
        using var checkpoint = SafetensorsCheckpoint.Open(folder);
        return new MatrixAddress(layer, ModelCatalog.DownProjection(folder.Config, checkpoint, layer).Name, folder.Config.Hidden, folder.Config.Inner);
    }

    public int DefaultLayer(string path) => Editing.DefaultLayer.Of(CheckpointFolder.Open(path).Config);

    public float[] ReadMatrix(string path, MatrixAddress matrix)
    {
        var folder = CheckpointFolder.Open(path);
        using var checkpoint = SafetensorsCheckpoint.Open(folder);
        return ReadMatrix(folder, checkpoint, matrix);
    }

    public IModelEditor Load(string path, MatrixAddress matrix, CancellationToken token)
    {
        var folder = CheckpointFolder.Open(path);
        LayerOutOfRangeException.Require(matrix.Layer, folder.Config.Layers);
        var on = DeviceException.Open(device);
        var tokenizer = TokenizerLoader.Load(folder);
        using var checkpoint = SafetensorsCheckpoint.Open(folder);
        // What was read until now left megabytes of garbage, gigabytes where C was factored. The weights will lie outside the collector's heap: it cannot know that it is in their way.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var w0 = ReadMatrix(folder, checkpoint, matrix);
        return new ModelEditor(ModelCatalog.Load(folder.Config, checkpoint, on, token), tokenizer, matrix, w0, CheckpointManifest.Stamp(folder), device);
    }

    /// <summary>Engine, libraries and device, as recorded in events.</summary>
    internal static string EngineName(string device) =>
        $"ledger {typeof(ModelLibrary).Assembly.GetName().Version!.ToString(3)}, TorchSharp {typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(3)}, libtorch {__version__}, {device}";

    /// <summary>Row-major [d_v, d_k]: as a Linear stores it; GPT-2's Conv1D stores the transpose.</summary>
    private static float[] ReadMatrix(CheckpointFolder folder, SafetensorsCheckpoint checkpoint, MatrixAddress matrix)
    {
        if (!checkpoint.Contains(matrix.Parameter))
            throw new CheckpointException(folder.Path, $"{folder.Path} has no tensor {matrix.Parameter}.", "name the checkpoint that the ledger was opened over");
        var turned = folder.Config.ModelType == ModelConfig.Gpt2;
        checkpoint.Require(matrix.Parameter, turned ? [matrix.Dk, matrix.Dv] : [matrix.Dv, matrix.Dk]);
        var stored = checkpoint.ReadFloats(matrix.Parameter);
        if (!turned) return stored;
        using var scope = NewDisposeScope();
        return tensor(stored, [matrix.Dk, matrix.Dv]).t().Floats();
    }
}
