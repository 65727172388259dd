using System.Text.Json;
using Ledger.Domain.Editing;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Editing;

/// <summary>From the reference's keys, directions and v_e to its factors.</summary>
public sealed class FactorsGoldenTests
{
    [Fact]
    public void The_factors_of_the_tiny_models_edits_are_the_published_ones()
    {
        var differences = new Differences();
        foreach (var folder in Directory.EnumerateDirectories(Shared.RequireGolden("tiny", "edits")).Order(StringComparer.Ordinal))
        {
            var tensors = GoldenTensors.Read(Path.Combine(folder, "edits.safetensors"));
            using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "edits.json")));
            var requests = json.RootElement.GetProperty("requests").EnumerateArray().ToArray();
            for (var i = 0; i < requests.Length; i++)
                foreach (var variant in VariantNames.All)
                {
                    var where = $"{Path.GetFileName(folder)}, request {i}, {variant.Name()}";
                    var x = Computation(tensors, $"req{i}.", "_f64", outKBar: tensors.Vector($"req{i}.r-rome.out_f64"));
                    var factors = Factors.Of(variant, x);
                    var expected = requests[i].GetProperty("variants").GetProperty(variant.Name()).GetProperty("f64");
                    differences.Relative("u", factors.Delta.U, tensors[$"req{i}.{variant.Name()}.u_f64"], 5e-5, where);
                    differences.Relative("r", factors.Delta.R, tensors[$"req{i}.{variant.Name()}.r_f64"], 1e-3, where);
                    differences.Relative("out", factors.Out, tensors[$"req{i}.{variant.Name()}.out_f64"], 2e-5, where);
                    differences.Relative("k_u·u", factors.KuU, expected.GetProperty("ku_u").GetDouble(), 1e-4, where);
                    differences.Relative("k_v·u", factors.KvU, expected.GetProperty("kv_u").GetDouble(), 1e-4, where);
                    differences.Relative("‖ΔW‖_F", factors.FrobeniusNorm, expected.GetProperty("dW_fro").GetDouble(), 1e-3, where);
                    differences.Relative("|Δ|", factors.AbsDelta, expected.GetProperty("abs_delta").GetDouble(), 1e-3, where);
                    Solved(differences, factors, x, tensors[$"req{i}.v_e_f64"], where);
                }
        }
        differences.Print();
    }

    [Fact]
    public void The_factors_of_the_real_models_edits_are_the_published_ones()
    {
        var differences = new Differences();
        var tensors = GoldenTensors.Read(Shared.RequireGolden("smollm2", "edits.safetensors"));
        using var json = JsonDocument.Parse(File.ReadAllBytes(Shared.RequireGolden("smollm2", "edits.json")));
        foreach (var edit in json.RootElement.EnumerateArray())
        {
            var id = edit.GetProperty("case_id").GetInt64();
            var disabling = edit.GetProperty("disabling_candidate").GetBoolean();
            // W k̄ + b is not in the file, so r-ROME's r cannot be made anew from it.
            foreach (var variant in VariantNames.All.Where(v => !Factors.SolvesAtKBar(v)))
            {
                var where = $"{id}, {variant.Name()}";
                var x = Computation(tensors, $"{id}.", "", outKBar: tensors.Vector($"{id}.m0"));
                var factors = Factors.Of(variant, x);
                var expected = edit.GetProperty("variants").GetProperty(variant.Name());
                var loose = disabling && variant == Variant.Rome;
                differences.Relative("r", factors.Delta.R, tensors[$"{id}.{variant.Name()}.r"], loose ? 2e-3 : 1e-3, where);
                differences.Relative("k_v·u", factors.KvU, expected.GetProperty("kv_u").GetDouble(), loose ? 1e-3 : 1e-4, where);
                differences.Relative("|Δ|", factors.AbsDelta, expected.GetProperty("abs_delta").GetDouble(), loose ? 2e-3 : 1e-3, where);
            }
        }
        differences.Print();
    }

    private static EditComputation Computation(GoldenTensors t, string prefix, string suffix, Float32Vector outKBar)
    {
        Float32Vector m0 = t.Vector($"{prefix}m0{suffix}"), delta = t.Vector($"{prefix}delta{suffix}");
        return new EditComputation
        {
            KBar = t.Vector($"{prefix}k_bar{suffix}"),
            KO = t.Vector($"{prefix}k_o{suffix}"),
            UBar = t.Vector($"{prefix}r-rome.u{suffix}"),
            UO = t.Vector($"{prefix}p-rome.u{suffix}"),
            BaseOutKBar = outKBar,
            BaseOutKO = m0,
            OutKBar = outKBar,
            M0 = m0,
            VE = Float32Vector.Create(m0.Length, span =>
            {
                for (var i = 0; i < span.Length; i++) span[i] = (float)(t[$"{prefix}m0{suffix}"][i] + t[$"{prefix}delta{suffix}"][i]);
            }),
            Loss = [],
            DeltaNorm = delta.Norm(),
            M0Norm = m0.Norm(),
        };
    }

    /// <summary>(W + r uᵀ) k_v + b = out + r (u·k_v) is v_e, up to the rounding of r to float32.</summary>
    private static void Solved(Differences differences, Factors factors, EditComputation x, double[] vE, string where)
    {
        var kV = Factors.SolvesAtKBar(factors.Variant) ? x.KBar : x.KO;
        var uk = factors.Delta.U.Dot(kV);
        var after = Float32Vector.Create(vE.Length, span =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = (float)(factors.Out[i] + factors.Delta.R[i] * uk);
        });
        differences.Relative("W′k_v + b against v_e", after, vE, 1e-6, where);
    }
}
