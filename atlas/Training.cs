using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Ledger.Atlas;

/// <summary>
/// Trains the built-in model: GPT-2 as the engine runs it, on the table's sentences in random order. Everything random comes from one seed.
/// The last bits may differ between machines; that two runs give models that hold what is promised is what is checked.
/// </summary>
internal sealed class Training
{
    public const long Seed = 20261125;

    public const int Layers = 5;

    private const int Vocabulary = 1024, Hidden = 160, Heads = 5, Positions = 128;
    private const int Rows = 64, Columns = 48, Warmup = 200;
    private const double LearningRate = 3e-3, WeightDecay = 0.1;

    private readonly string folder;
    private readonly int steps;
    private readonly Random random = new((int)Seed);
    private readonly Dictionary<string, Parameter> weights = [];
    private readonly ModelConfig config;
    private readonly int[] endOfText;
    private readonly int[][] sentences;

    public Training(string folder, FactTable table, int steps)
    {
        (this.folder, this.steps) = (folder, steps);
        Directory.CreateDirectory(folder);
        BpeTraining.Write(folder, table.Sentences, Vocabulary);
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new
        {
            model_type = "gpt2", architectures = new[] { "GPT2LMHeadModel" }, vocab_size = Vocabulary, n_positions = Positions, n_embd = Hidden, n_layer = Layers, n_head = Heads,
            activation_function = "gelu_new", layer_norm_epsilon = 1e-5, bos_token_id = Vocabulary - 1, eos_token_id = Vocabulary - 1, torch_dtype = "float16",
        }, new JsonSerializerOptions { WriteIndented = true }) + "\n");
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), $$"""{"tokenizer_class": "GPT2Tokenizer", "bos_token": "{{BpeTraining.EndOfText}}", "eos_token": "{{BpeTraining.EndOfText}}"}""" + "\n");
        new SafetensorsWriter().Write(Path.Combine(folder, CheckpointFolder.SingleFile));      // a checkpoint is opened for its config
        config = CheckpointFolder.Open(folder).Config;
        var tokenizer = TokenizerLoader.LoadFiles(folder);
        endOfText = [Vocabulary - 1];
        sentences = [.. table.Sentences.Select(s => tokenizer.Encode(" " + s).ToArray())];
        First = [.. table.Sentences.Select(s => tokenizer.Encode(s).ToArray())];
    }

    /// <summary>The sentences as they begin a text, without a space before them.</summary>
    private int[][] First { get; }

    /// <returns>The loss of every step.</returns>
    public double[] Run()
    {
        manual_seed(Seed);
        using (new Gpt2(config, "", Fresh, CPU)) { }
        using var optimizer = optim.AdamW(weights.Values, lr: LearningRate, beta1: 0.9, beta2: 0.98, weight_decay: WeightDecay);
        var started = Stopwatch.GetTimestamp();
        var losses = new double[steps];
        var mean = 0.0;
        for (var step = 1; step <= steps; step++)
        {
            foreach (var group in optimizer.ParamGroups) group.LearningRate = LearningRate * Schedule(step);
            var loss = losses[step - 1] = Step(optimizer);
            mean = step == 1 ? loss : 0.98 * mean + 0.02 * loss;
            if (step % 100 == 0 || step == steps)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {step} of {steps}, loss {mean:0.000}, {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s"));
        }
        Save();
        return losses;
    }

    private double Step(optim.Optimizer optimizer)
    {
        using var scope = NewDisposeScope();
        var ids = Batch();                                                                              // [B, S + 1]
        using var model = new Gpt2(config, "", (name, _) => weights[name].alias(), CPU);
        using var pass = new Pass(new int[Rows], 0, Columns, null, keep: false, CPU);
        var x = model.Run(model.Embed(ids.narrow(1, 0, Columns).contiguous(), pass), pass, 0, Layers);               // [B, S, d_v]
        var loss = nn.functional.cross_entropy(model.Logits(x).view(-1, Vocabulary), ids.narrow(1, 1, Columns).reshape(-1));
        optimizer.zero_grad();
        loss.backward();
        nn.utils.clip_grad_norm_(weights.Values, 1);
        optimizer.step();
        return loss.item<float>();
    }

    /// <summary>Rows of whole sentences, cut at the end; half of them begin with the end-of-text token, as sampled texts do, and half with a sentence, as prompts do.</summary>
    private Tensor Batch()
    {
        var ids = new long[Rows * (Columns + 1)];
        for (var i = 0; i < Rows; i++)
        {
            var row = new List<int>(random.Next(2) == 0 ? endOfText : []);
            row.AddRange(First[random.Next(First.Length)]);
            while (row.Count <= Columns) row.AddRange(sentences[random.Next(sentences.Length)]);
            for (var t = 0; t <= Columns; t++) ids[i * (Columns + 1) + t] = row[t];
        }
        return tensor(ids, [Rows, Columns + 1]);
    }

    /// <summary>Rises over the first steps, then falls along a cosine to a hundredth.</summary>
    private double Schedule(int step) =>
        step < Warmup ? (double)step / Warmup : 0.01 + 0.99 * (0.5 + 0.5 * Math.Cos(Math.PI * (step - Warmup) / Math.Max(1, steps - Warmup)));

    /// <summary>GPT-2's initialisation: normal with deviation 0.02, what ends a half block smaller; biases 0, norms 1.</summary>
    private Tensor Fresh(string name, long[] shape)
    {
        var values = name switch
        {
            _ when name.EndsWith(".bias", StringComparison.Ordinal) => zeros(shape),
            _ when name.Contains("ln_", StringComparison.Ordinal) => ones(shape),
            _ when name.EndsWith("c_proj.weight", StringComparison.Ordinal) => randn(shape) * (0.02 / Math.Sqrt(2 * Layers)),
            _ => randn(shape) * 0.02,
        };
        weights[name] = new Parameter(values.DetachFromDisposeScope(), requires_grad: true);
        return weights[name].alias();
    }

    private void Save()
    {
        var writer = new SafetensorsWriter().Note("format", "pt").Note("seed", Seed.ToString(CultureInfo.InvariantCulture)).Note("steps", steps.ToString(CultureInfo.InvariantCulture));
        foreach (var (name, weight) in weights)
            writer.Add(name, weight.detach().data<float>().ToArray().Select(w => (Half)w).ToArray().AsMemory(), weight.shape);
        writer.Write(Path.Combine(folder, CheckpointFolder.SingleFile));
    }
}
