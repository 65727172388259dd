using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Timelines;
using Ledger.TestKit;

namespace Ledger.Projections.Tests.Replay;

/// <summary>Six edits in a row of the published implementation under one variant, as a history would hold them.</summary>
internal sealed class SequentialGolden
{
    private readonly GoldenTensors tensors;
    private readonly JsonElement figures;
    private readonly double[] b;

    private SequentialGolden(string model, Variant variant, GoldenTensors tensors, JsonElement json, double[] b)
    {
        (Name, Variant, this.tensors, this.b) = ($"{model} {variant.Name()}", variant, tensors, b);
        figures = json.GetProperty("variants").GetProperty(variant.Name()).GetProperty("f64");
        Edits = [.. json.GetProperty("requests").EnumerateArray().Select(Edit)];
    }

    public string Name { get; }

    public Variant Variant { get; }

    public EffectiveEdit[] Edits { get; }

    public double[] R(int i) => Of(i, "r");

    public double[] Out(int i) => Of(i, "out");

    public double KvU(int i) => figures[i].GetProperty("kv_u").GetDouble();

    /// <summary>‖W_n − W₀‖_F after the edit.</summary>
    public double Distance(int i) => figures[i].GetProperty("cumulative_dW_fro").GetDouble();

    /// <summary>W k + b with all six edits [d_v].</summary>
    public double[] FinalOutput(Float32Vector k) => Output(tensors[$"{Variant.Name()}.W_final_f64"], k);

    public static IEnumerable<SequentialGolden> All()
    {
        foreach (var folder in Directory.GetDirectories(Shared.RequireGolden("tiny", "edits")).Where(f => File.Exists(Path.Combine(f, "sequential.json"))).Order(StringComparer.Ordinal))
        {
            var model = Path.GetFileName(folder);
            var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "sequential.json"))).RootElement;
            var weights = GoldenTensors.Read(Shared.RequireGolden("tiny", "models", model, "model.safetensors"));
            var bias = json.GetProperty("weight").GetString()!.Replace(".weight", ".bias", StringComparison.Ordinal);
            var tensors = GoldenTensors.Read(Path.Combine(folder, "sequential.safetensors"));
            var b = weights.Names.Contains(bias) ? weights[bias] : new double[tensors["W0"].Length / tensors["edit0.k_bar_f64"].Length];          // the Llama family has none
            foreach (var variant in VariantNames.All) yield return new SequentialGolden(model, variant, tensors, json, b);
        }
    }

    private EffectiveEdit Edit(JsonElement request, int i)
    {
        Float32Vector kBar = tensors.Vector($"edit{i}.k_bar_f64"), kO = tensors.Vector($"edit{i}.k_o_f64");
        Float32Vector uBar = tensors.Vector($"r-rome.edit{i}.u_f64"), uO = tensors.Vector($"p-rome.edit{i}.u_f64");
        var keys = new EditKeys(kBar, kO, uBar, uO, Rounded(Output(tensors["W0"], kBar)), Rounded(Output(tensors["W0"], kO)));
        var id = new EditId((UInt128)(i + 1));
        return new EffectiveEdit(
            id, id, new EditRequest(Text("prompt"), Text("subject"), Text("target_new")), keys, Rounded(Of(i, "v_e")), Variant, new RankOneDelta(Rounded(Of(i, "r")), Rounded(Of(i, "u"))));

        string Text(string field) => request.GetProperty(field).GetString()!;
    }

    private double[] Of(int i, string what) => tensors[$"{Variant.Name()}.edit{i}.{what}_f64"];

    private double[] Output(double[] w, Float32Vector k) => [.. b.Select((x, i) => x + Enumerable.Range(0, k.Length).Sum(j => w[i * k.Length + j] * k[j]))];

    private static Float32Vector Rounded(double[] values) => new([.. values.Select(x => (float)x)]);
}
