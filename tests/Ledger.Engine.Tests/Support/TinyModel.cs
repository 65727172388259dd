using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Support;

/// <summary>A tiny model on disk and in memory.</summary>
internal sealed class TinyModel : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public TinyModel(string kind, int seed = 1)
    {
        TinyModels.Write(Folder, kind, seed);
        var opened = CheckpointFolder.Open(Folder);
        using var checkpoint = SafetensorsCheckpoint.Open(opened);
        Model = ModelCatalog.Load(opened.Config, checkpoint, CPU, CancellationToken.None);
        Tokenizer = TokenizerLoader.Load(opened);
    }

    public string Folder => folder.Path;

    public Decoder Model { get; }

    public ITextTokenizer Tokenizer { get; }

    public MatrixAddress Matrix(int layer) => new ModelLibrary("cpu").Address(Folder, layer);

    public float[] W0(int layer) => new ModelLibrary("cpu").ReadMatrix(Folder, Matrix(layer));

    /// <summary>The same model behind the port; dispose it.</summary>
    public IModelEditor Editor(int layer) => new ModelLibrary("cpu").Load(Folder, Matrix(layer), CancellationToken.None);

    /// <summary>Logits of one row alone, all at once [T][V].</summary>
    public float[][] Logits(IReadOnlyList<int> ids)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft([ids]);
        using var pass = Pass.Over(rows, CPU);
        return [.. Model.Logits(Model.Run(Model.Embed(rows.Ids(CPU), pass), pass, 0, Model.Config.Layers)).Floats().Chunk(Model.Config.Vocabulary)];
    }

    public void Dispose()
    {
        Model.Dispose();
        folder.Dispose();
    }
}
