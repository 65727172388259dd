using System.Text.Json.Nodes;
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
    private readonly string kind;

    public TinyModel(string kind, int seed = 1)
    {
        this.kind = kind;
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

    /// <summary>The most likely token again and again, the whole row run anew for each.</summary>
    public List<int> Greedy(string prompt, int count)
    {
        List<int> ids = [.. Tokenizer.Encode(prompt)], made = [];
        while (made.Count < count)
        {
            var logits = Logits([.. ids, .. made])[^1];
            made.Add(Array.IndexOf(logits, logits.Max()));
        }
        return made;
    }

    /// <summary>Editors made from now on take this token, too, for an end of text.</summary>
    public void EndAlsoAt(int token)
    {
        var config = TinyModels.Config(kind);
        config["eos_token_id"] = new JsonArray(TinyTokenizer.EndOfTextId, token);
        File.WriteAllText(Path.Combine(Folder, "config.json"), config.ToJsonString());
    }

    public void Dispose()
    {
        Model.Dispose();
        folder.Dispose();
    }
}
