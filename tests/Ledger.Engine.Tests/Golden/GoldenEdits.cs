using System.Text.Json;
using Ledger.Domain.Editing;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Editing;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;
using Ledger.TestKit;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Golden;

/// <summary>A tiny golden model with its templates and its C, edited as the golden set was.</summary>
internal sealed class GoldenEdits : IDisposable
{
    private readonly Decoder model;
    private readonly ITextTokenizer tokenizer;
    private readonly int layer;
    private readonly ContextTemplates templates;
    private readonly GoldenMoment moment;
    private readonly float[] w0;
    private readonly float[]? bias;
    private float[] w;

    public GoldenEdits(string name, string set)
    {
        var goldens = Shared.RequireGolden("tiny", "edits", name);
        Json = GoldenTensors.Json(Path.Combine(goldens, set + ".json"));
        Tensors = new GoldenTensors(Path.Combine(goldens, set + ".safetensors"));
        using (var edits = new GoldenTensors(Path.Combine(goldens, "edits.safetensors"))) moment = new GoldenMoment(edits.Floats("C"));
        templates = ContextTemplates.Given(Json.GetProperty("context_templates").EnumerateArray().Select(t => t.GetString()!));
        layer = Json.GetProperty("layer").GetInt32();

        var folder = CheckpointFolder.Open(Shared.RequireGolden("tiny", "models", name));
        using var checkpoint = SafetensorsCheckpoint.Open(folder);
        model = ModelCatalog.Load(folder.Config, checkpoint, CPU, TestContext.Current.CancellationToken);
        tokenizer = TokenizerLoader.Load(folder);
        var parameter = ModelCatalog.DownProjection(folder.Config, checkpoint, layer).Name;
        parameter.ShouldBe(Json.GetProperty("weight").GetString());
        var stored = checkpoint.ReadFloats(parameter);
        w0 = folder.Config.ModelType == "gpt2" ? Transposed(stored, folder.Config.Inner, folder.Config.Hidden) : stored;
        bias = model.Bias(layer)?.data<float>().ToArray();
        w = (float[])w0.Clone();
    }

    public JsonElement Json { get; }

    public GoldenTensors Tensors { get; }

    public static EditRequest Request(JsonElement e) => new(e.GetProperty("prompt").GetString()!, e.GetProperty("subject").GetString()!, e.GetProperty("target_new").GetString()!, null, null, [], []);

    public static Hyperparameters Hyperparameters(JsonElement e) => new(
        LearningRate: e.GetProperty("v_lr").GetDouble(), Evaluations: e.GetProperty("v_num_grad_steps").GetInt32(), KlFactor: e.GetProperty("kl_factor").GetDouble(),
        WeightDecay: e.GetProperty("v_weight_decay").GetDouble(), ClampFactor: e.GetProperty("clamp_norm_factor").GetDouble(), StopLoss: 0.05);

    public static int[] Ids(JsonElement e) => [.. e.EnumerateArray().Select(x => x.GetInt32())];

    public IEnumerable<IReadOnlyList<int>> RowsOf(EditRequest request) => EditRows.Of(tokenizer, request, templates, model.Config.Positions).Rows;

    public IEnumerable<int> LookupsOf(EditRequest request) => EditRows.Of(tokenizer, request, templates, model.Config.Positions).Lookups;

    public EditComputation Compute(EditRequest request, Hyperparameters h) =>
        new RankOneEditor(model, tokenizer, layer, new AffineMap(w0, bias), new AffineMap(w, bias)).Compute(request, templates, h, moment, null, TestContext.Current.CancellationToken);

    public void Reset() => Run((float[])w0.Clone());

    /// <summary>docs/editing.md §4, word for word.</summary>
    public void Fold(RankOneDelta delta)
    {
        var next = (float[])w.Clone();
        for (var i = 0; i < delta.R.Length; i++)
            for (var j = 0; j < delta.U.Length; j++) next[i * delta.U.Length + j] = MathF.FusedMultiplyAdd(delta.R[i], delta.U[j], next[i * delta.U.Length + j]);
        Run(next);
    }

    public double Distance() => Math.Sqrt(w.Zip(w0).Sum(p => Math.Pow((double)p.First - p.Second, 2)));

    public double[] Delta(EditComputation x) => [.. Enumerable.Range(0, x.VE.Length).Select(i => (double)x.VE[i] - x.M0[i])];

    public void CompareComputation(Differences differences, EditComputation x, string prefix, string where, double deltaTolerance)
    {
        differences.Relative("k_bar", where, x.KBar.Span, Tensors[$"{prefix}.k_bar_f64"], 2e-5);
        differences.Relative("k_o", where, x.KO.Span, Tensors[$"{prefix}.k_o_f64"], 2e-5);
        differences.Relative("m0", where, x.M0.Span, Tensors[$"{prefix}.m0_f64"], 2e-5);
        differences.Relative("delta", where, Delta(x), Tensors[$"{prefix}.delta_f64"], deltaTolerance);
        differences.Relative("v_e", where, x.VE.Span, Tensors[$"{prefix}.v_e_f64"], deltaTolerance);
    }

    /// <summary>Factors against the golden's, and the equation they solve: W'k_v + b = v_e.</summary>
    public void CompareFactors(Differences differences, Factors factors, EditComputation x, string prefix, string where, double uTolerance, double rTolerance)
    {
        differences.Relative("u", where, factors.Delta.U.Span, Tensors[$"{prefix}.u_f64"], uTolerance);
        differences.Relative("r", where, factors.Delta.R.Span, Tensors[$"{prefix}.r_f64"], rTolerance);
        differences.Relative("out", where, factors.Out.Span, Tensors[$"{prefix}.out_f64"], prefix.StartsWith("req", StringComparison.Ordinal) ? 2e-5 : rTolerance);
        var solved = Enumerable.Range(0, x.VE.Length).Select(i => factors.Out[i] + factors.Delta.R[i] * factors.KvU);
        differences.Relative("W'k_v + b against v_e", where, solved, [.. x.VE.Span.ToArray().Select(v => (double)v)], 1e-6);
    }

    public void CompareFinal(Differences differences, string variant)
    {
        var expected = Tensors[$"{variant}.W_final_f64"];
        var start = Tensors.Has("W0") ? Tensors["W0"] : [.. w0.Select(x => (double)x)];
        start.ShouldBe(w0.Select(x => (double)x));
        differences.Relative("W_final - W0", variant, w.Zip(start, (a, b) => a - b), [.. expected.Zip(start, (a, b) => a - b)], 5e-3);

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft([tokenizer.Encode(Json.GetProperty("probe_prompt").GetString()!)]);
        using var pass = Pass.Over(rows, CPU);
        var logits = model.Logits(model.Run(model.Embed(rows.Ids(CPU), pass), pass, 0, model.Config.Layers)[0, rows.Columns - 1]).data<float>().ToArray();
        differences.Absolute("logits_after", variant, logits.Select(v => (double)v), Tensors[$"{variant}.logits_after_f64"], 2e-2);
    }

    public void Dispose()
    {
        model.Dispose();
        Tensors.Dispose();
    }

    private void Run(float[] next)
    {
        model.Install(layer, next);
        w = next;
    }

    /// <param name="m">[rows, columns].</param>
    private static float[] Transposed(float[] m, int rows, int columns)
    {
        var t = new float[m.Length];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++) t[j * rows + i] = m[i * columns + j];
        return t;
    }
}
