using Ledger.Domain.Editing;
using Ledger.TestKit;

namespace Ledger.Engine.Tests.Golden;

/// <summary>Single and sequential edits of the published implementation; golden/tiny/README.md, "Edits" and "Tolerances".</summary>
public sealed class EditGoldenTests
{
    public static TheoryData<string> Edited() => Having("edits.json");

    public static TheoryData<string> EditedInSequence() => Having("sequential.json");

    [Theory]
    [MemberData(nameof(Edited))]
    public void Each_request_gives_the_published_keys_losses_and_factors_under_every_variant(string name)
    {
        using var golden = new GoldenEdits(name, "edits");
        var differences = new Differences();
        foreach (var (expected, i) in golden.Json.GetProperty("requests").EnumerateArray().Select((r, i) => (r, i)))
        {
            var request = GoldenEdits.Request(expected.GetProperty("request"));
            var batch = expected.GetProperty("batch");
            golden.RowsOf(request).ShouldBe(batch.GetProperty("rows").EnumerateArray().Append(batch.GetProperty("kl_row")).Select(r => GoldenEdits.Ids(r.GetProperty("ids"))), $"rows of request {i}");
            golden.LookupsOf(request).ShouldBe(GoldenEdits.Ids(batch.GetProperty("lookup")), $"lookups of request {i}");

            var x = golden.Compute(request, GoldenEdits.Hyperparameters(expected.GetProperty("hparams")));
            golden.CompareComputation(differences, x, $"req{i}", $"request {i}", deltaTolerance: 1e-3);
            var f64 = expected.GetProperty("optimisation").GetProperty("f64");
            x.Loss.Length.ShouldBe(f64.GetProperty("evaluations").GetInt32(), $"evaluations of request {i}");
            foreach (var (point, at) in f64.GetProperty("loss").EnumerateArray().Zip(x.Loss).Select((p, at) => (p, at)))
            {
                differences.Absolute(at == 0 ? "first loss" : "any loss", $"request {i}, evaluation {at}", point.Second.Total, point.First.GetProperty("total").GetDouble(), at == 0 ? 1e-4 : 1e-3);
                differences.Absolute("nll", $"request {i}, evaluation {at}", point.Second.Nll, point.First.GetProperty("nll").GetDouble(), 1e-3);
                differences.Absolute("kl", $"request {i}, evaluation {at}", point.Second.Kl, point.First.GetProperty("kl").GetDouble(), 1e-3);
            }
            foreach (var variant in VariantNames.All)
            {
                var (factors, where) = (Factors.Of(variant, x), $"request {i}, {variant.Name()}");
                var numbers = expected.GetProperty("variants").GetProperty(variant.Name()).GetProperty("f64");
                golden.CompareFactors(differences, factors, x, $"req{i}.{variant.Name()}", where, uTolerance: 5e-5, rTolerance: 1e-3);
                differences.Relative("ku_u", where, factors.KuU, numbers.GetProperty("ku_u").GetDouble(), 1e-4);
                differences.Relative("kv_u", where, factors.KvU, numbers.GetProperty("kv_u").GetDouble(), 1e-4);
                differences.Relative("dW_fro", where, factors.FrobeniusNorm, numbers.GetProperty("dW_fro").GetDouble(), 1e-3);
                differences.Relative("abs_delta", where, factors.AbsDelta, numbers.GetProperty("abs_delta").GetDouble(), 1e-3);
            }
        }
        differences.Check();
    }

    [Theory]
    [MemberData(nameof(EditedInSequence))]
    public void Edits_in_sequence_give_the_published_weights_under_every_variant(string name)
    {
        using var golden = new GoldenEdits(name, "sequential");
        var differences = new Differences();
        var requests = golden.Json.GetProperty("requests").EnumerateArray().Select(GoldenEdits.Request).ToArray();
        var hyperparameters = GoldenEdits.Hyperparameters(golden.Json.GetProperty("hparams"));
        foreach (var variant in VariantNames.All)
        {
            var numbers = golden.Json.GetProperty("variants").GetProperty(variant.Name()).GetProperty("f64");
            golden.Reset();
            for (var i = 0; i < requests.Length; i++)
            {
                var x = golden.Compute(requests[i], hyperparameters);
                var (factors, where) = (Factors.Of(variant, x), $"edit {i}, {variant.Name()}");
                differences.Relative("sequential k_bar", where, x.KBar.Span, golden.Tensors[$"edit{i}.k_bar_f64"], 2e-5);
                differences.Relative("sequential k_o", where, x.KO.Span, golden.Tensors[$"edit{i}.k_o_f64"], 2e-5);
                differences.Relative("sequential delta", where, golden.Delta(x), golden.Tensors[$"{variant.Name()}.edit{i}.delta_f64"], 5e-3);
                golden.CompareFactors(differences, factors, x, $"{variant.Name()}.edit{i}", where, uTolerance: 5e-5, rTolerance: 5e-3);
                golden.Fold(factors.Delta);
                differences.Relative("cumulative_dW_fro", where, golden.Distance(), numbers[i].GetProperty("cumulative_dW_fro").GetDouble(), 1e-3);
            }
            golden.CompareFinal(differences, variant.Name());
        }
        differences.Check();
    }

    private static TheoryData<string> Having(string file)
    {
        var root = Path.Combine(Shared.Golden, "tiny", "edits");
        return Directory.Exists(root)
            ? [.. Directory.GetDirectories(root).Where(f => File.Exists(Path.Combine(f, file))).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)]
            : ["any"];
    }
}
