using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Analysis;
using Ledger.Projections.Tests.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Analysis;

public sealed class DriftTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Drift_is_what_the_whole_matrix_says() =>
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var model = new RandomModel(seed);
            var edits = model.Edits(model.Below(60));
            var w = model.Matrix(edits.Select(e => e.Delta));
            var w0 = model.Matrix([]);
            var drifts = Of(edits);
            drifts.Select(d => d.Edit).ShouldBe(edits.Select(e => e.Edit));
            foreach (var (edit, drift) in edits.Zip(drifts))
            {
                drift.AtKV.ShouldBeClose(Off(w, edit.KV) / Off(w0, edit.KV), RandomModel.Moves(edits, edit.KV) / Off(w0, edit.KV));
                drift.AtKBar.ShouldBeClose(Off(w, edit.Keys.KBar) / Off(w0, edit.Keys.KBar), RandomModel.Moves(edits, edit.Keys.KBar) / Off(w0, edit.Keys.KBar));
                drift.Residual.ShouldBeClose(Off(w, edit.KV), RandomModel.Moves(edits, edit.KV));

                double Off(double[,] matrix, Float32Vector k) => RandomModel.Distance(model.Output(matrix, k), edit.VE);
            }
        }, iter: 300, seed: "0000000000d1", threads: 2);

    [Fact]
    public void The_last_edit_stands_as_written_and_one_that_is_not_in_effect_is_as_far_off_as_the_base() =>
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var model = new RandomModel(seed);
            var edits = model.Edits(1 + model.Below(10));
            var last = Drift.Of([edits[^1]], [.. edits.Select(e => e.Delta)], Token)[0];
            last.Residual.ShouldBeLessThan(1e-6 * (edits[^1].VE.Norm() + RandomModel.Moves(edits, edits[^1].KV)));      // r and out are float32
            var atTheBase = Drift.Of([edits[^1]], [], Token)[0];
            atTheBase.AtKV.ShouldBe(1, 1e-14);
            atTheBase.AtKBar.ShouldBe(1, 1e-14);
        }, iter: 300, seed: "0000000000d2", threads: 2);

    [Fact]
    public void A_disabling_edit_stands_as_written_at_k_o_and_far_off_at_k_bar()
    {
        var model = new RandomModel(3);
        var edit = model.Edit([], Variant.Rome);
        var kO = edit.Keys.KO.Span.ToArray();
        var (kBarU, kOU) = (edit.Keys.KBar.Dot(edit.Keys.UBar), edit.Keys.KO.Dot(edit.Keys.UBar));
        var uu = edit.Keys.UBar.Dot(edit.Keys.UBar);
        for (var j = 0; j < kO.Length; j++) kO[j] -= (float)((kOU - kBarU / 1000) / uu * edit.Keys.UBar[j]);     // k_o·ū is a thousandth of k̄·ū
        var keys = edit.Keys with { KO = new Float32Vector(kO), BaseOutKO = new([.. model.Output(model.Matrix([]), new(kO)).Select(x => (float)x)]) };
        var disabling = edit with { Keys = keys, Delta = Factors.Of(Variant.Rome, keys.KBar, keys.KO, keys.UBar, keys.UO, edit.VE, keys.BaseOutKO).Delta };
        var drift = Of([disabling])[0];
        drift.AtKV.ShouldBeLessThan(1e-5);
        drift.AtKBar.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void An_edit_of_what_the_model_says_already_has_no_distance_to_measure_in()
    {
        var model = new RandomModel(4);
        var edit = model.Edit([], Variant.PRome);
        var nothing = edit with { VE = edit.Keys.BaseOutKO };
        var drift = Drift.Of([nothing], [], Token)[0];
        drift.AtKV.ShouldBe(double.NaN);
        drift.AtKBar.ShouldBe(1, 1e-12);
        drift.Residual.ShouldBe(0);
        Drift.Of([nothing], [edit.Delta], Token)[0].AtKV.ShouldBe(double.NaN);
    }

    [Fact]
    public void The_goldens_that_were_written_in_a_row_drift_as_their_last_matrix_says()
    {
        foreach (var golden in SequentialGolden.All())
        {
            var drifts = Of(golden.Edits);
            foreach (var (edit, drift) in golden.Edits.Zip(drifts))
            {
                double[] written = [.. edit.BaseOutKV.Span.ToArray()];
                var expected = RandomModel.Distance(golden.FinalOutput(edit.KV), edit.VE) / RandomModel.Distance(written, edit.VE);
                drift.AtKV.ShouldBe(expected, 1e-5, golden.Name);
            }
            drifts[^1].AtKV.ShouldBeLessThan(1e-5, golden.Name);
            var anew = golden.Edits.Index().Where(e => golden.Edits[(e.Index + 1)..].Any(later => (later.Request.Prompt, later.Request.Subject) == (e.Item.Request.Prompt, e.Item.Request.Subject))).Select(e => drifts[e.Index].AtKV).ToArray();
            anew.ShouldAllBe(d => d > drifts.Select(other => other.AtKV).Order().ElementAt(drifts.Count / 2), $"{golden.Name}: what was written anew is not as it was written first");
            TestContext.Current.TestOutputHelper?.WriteLine($"{golden.Name}: {string.Join("  ", drifts.Select(d => d.AtKV.ToString("F3")))}");
        }
    }

    [Fact]
    public void No_edits_no_drift_and_another_shape_is_refused()
    {
        Of([]).ShouldBeEmpty();
        var edit = new RandomModel(9).Edit([]);
        Should.Throw<ShapeException>(() => Drift.Of([edit], [new RankOneDelta(edit.Delta.R, Float32Vector.Empty)], Token));
        Should.Throw<ShapeException>(() => Of([edit with { VE = Float32Vector.Empty }]));
    }

    private static IReadOnlyList<Drift> Of(EffectiveEdit[] edits) => Drift.Of(edits, [.. edits.Select(e => e.Delta)], Token);
}
