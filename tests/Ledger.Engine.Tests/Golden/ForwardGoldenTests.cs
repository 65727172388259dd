using System.Text.Json;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;
using Ledger.TestKit;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Golden;

/// <summary>Every layer of every prompt of the published models' forward passes; golden/tiny/README.md, "Forward".</summary>
public sealed class ForwardGoldenTests
{
    /// <summary>The same weights in other clothes: their results must equal the named model's.</summary>
    private static readonly Dictionary<string, string> Clothes = new() { ["gpt2-hubnames"] = "gpt2", ["llama-sharded"] = "llama" };

    public static TheoryData<string> Models() => GoldenModels.All();

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_layer_of_every_prompt_is_the_published_one(string name)
    {
        using var model = GoldenModels.Load(name);
        var goldens = Path.Combine(Shared.RequireGolden("tiny", "forward"), Clothes.GetValueOrDefault(name, name));
        if (!Directory.Exists(goldens)) Assert.Skip($"the golden set has no forward passes of {name}");
        using var tensors = new GoldenTensors(Path.Combine(goldens, "forward.safetensors"));
        var json = GoldenTensors.Json(Path.Combine(goldens, "forward.json"));
        var differences = new Differences();
        var rows = new List<int[]>();
        foreach (var (prompt, i) in json.GetProperty("prompts").EnumerateArray().Select((p, i) => (p, i)))
        {
            var ids = model.Tokenizer.Encode(prompt.GetProperty("text").GetString()!).ToArray();
            ids.ShouldBe(Ids(prompt, "ids"));
            rows.Add(ids);
            var (hidden, keys, outs, logits) = model.Forward(ids);
            differences.Relative("hidden", $"prompt {i}", hidden, tensors[$"prompt{i}.hidden"], 1e-5);
            differences.Relative("keys", $"prompt {i}", keys, tensors[$"prompt{i}.keys"], 1e-5);
            differences.Relative("mlp_out", $"prompt {i}", outs, tensors[$"prompt{i}.mlp_out"], 1e-5);
            differences.Relative("logits", $"prompt {i}", logits, tensors[$"prompt{i}.logits"], 1e-5);
            differences.Absolute("logits, absolute", $"prompt {i}", logits, tensors[$"prompt{i}.logits"], 1e-3);
            differences.Absolute("last logits in float64", $"prompt {i}", logits[^model.Vocabulary..], tensors[$"prompt{i}.logits_f64"], 1e-3);
            model.Greedy(ids, Ids(prompt, "greedy_ids").Length).ShouldBe(Ids(prompt, "greedy_ids"), $"greedy continuation of prompt {i}");
        }
        // Padded on either side, a row says what it says alone.
        foreach (var side in new[] { TokenRows.FromLeft([.. rows]), TokenRows.ToRight([.. rows]) })
        {
            var batch = model.BatchLogits(side);
            for (var i = 0; i < rows.Count; i++) differences.Absolute("padded batch", $"prompt {i}", batch[i], tensors[$"prompt{i}.logits"], 5e-4);
        }
        differences.Check();
    }

    private static int[] Ids(JsonElement e, string name) => [.. e.GetProperty(name).EnumerateArray().Select(x => x.GetInt32())];
}

/// <summary>The tiny golden checkpoints.</summary>
internal static class GoldenModels
{
    public static TheoryData<string> All()
    {
        var root = Path.Combine(Shared.Golden, "tiny", "models");
        // Discovery comes before skipping: where the goldens are absent one case stands for all and skips with the reason.
        return Directory.Exists(root) ? [.. Directory.GetDirectories(root).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)] : ["any"];
    }

    public static LoadedModel Load(string name) => new(Shared.RequireGolden("tiny", "models", name));
}

/// <summary>A model with its tokenizer, run layer by layer.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly Decoder model;

    public LoadedModel(string path)
    {
        var folder = CheckpointFolder.Open(path);
        using var checkpoint = SafetensorsCheckpoint.Open(folder);
        model = ModelCatalog.Load(folder.Config, checkpoint, CPU, TestContext.Current.CancellationToken);
        Tokenizer = TokenizerLoader.Load(folder);
    }

    public ITextTokenizer Tokenizer { get; }

    public int Vocabulary => model.Config.Vocabulary;

    /// <returns>hidden [layers + 1, T, d_v], keys [layers, T, d_k], outs [layers, T, d_v], logits [T, V].</returns>
    public (double[] Hidden, double[] Keys, double[] Outs, double[] Logits) Forward(int[] ids)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft([ids]);
        using var pass = Pass.Over(rows, CPU);
        List<double> hidden = [], keys = [], outs = [];
        var x = model.Embed(rows.Ids(CPU), pass);
        hidden.AddRange(Numbers(x));
        for (var layer = 0; layer < model.Config.Layers; layer++)
        {
            x = model.Run(x, pass, layer, layer + 1, (_, k, m) =>
            {
                keys.AddRange(Numbers(k));
                outs.AddRange(Numbers(m));
            });
            hidden.AddRange(Numbers(x));
        }
        return ([.. hidden], [.. keys], [.. outs], Numbers(model.Logits(x)));
    }

    /// <returns>For each row, the logits at its real positions [T, V].</returns>
    public double[][] BatchLogits(TokenRows rows)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var pass = Pass.Over(rows, CPU);
        var logits = model.Logits(model.Run(model.Embed(rows.Ids(CPU), pass), pass, 0, model.Config.Layers));       // [B, columns, V]
        return [.. Enumerable.Range(0, rows.Count).Select(i => Numbers(logits[i].narrow(0, rows.Starts[i], rows.End(i) - rows.Starts[i])))];
    }

    /// <summary>Token by token through the key/value cache.</summary>
    public int[] Greedy(int[] ids, int count)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var past = new KeyValueCache(model.Config.Layers);
        var made = new List<int>();
        for (int first = 0, next = -1; made.Count < count; made.Add(next))
        {
            int[] run = made.Count == 0 ? ids : [next];
            using var pass = new Pass([0], first, run.Length, past, keep: true, CPU);
            var x = model.Run(model.Embed(tensor([.. run.Select(i => (long)i)], [1, run.Length]), pass), pass, 0, model.Config.Layers);
            next = (int)model.Logits(x[0, run.Length - 1]).argmax().item<long>();
            first += run.Length;
        }
        return [.. made];
    }

    public void Dispose() => model.Dispose();

    private static double[] Numbers(Tensor t) => [.. t.contiguous().data<float>().ToArray().Select(v => (double)v)];
}
