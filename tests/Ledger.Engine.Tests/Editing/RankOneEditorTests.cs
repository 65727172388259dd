using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Tests.Golden;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Editing;

/// <summary>What an edit computes, and what its factors do to the weights: editing.md §2.</summary>
public sealed class RankOneEditorTests
{
    private static readonly Hyperparameters H = new(Evaluations: 5);

    public static TheoryData<string> Kinds => TinyModels.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void Keys_and_outputs_are_those_of_each_row_run_alone(string kind)
    {
        using var edit = new TinyEdit(kind);
        using var editor = edit.Tiny.Editor(TinyEdit.Layer);
        var x = Compute(edit, editor);
        var alone = Enumerable.Range(0, edit.Rows.Contexts).Select(edit.At).ToArray();
        var differences = new Differences();
        differences.Relative("k_o", kind, x.KO.Span, alone[edit.Rows.Plain].Key, 1e-5);
        differences.Relative("m0", kind, x.M0.Span, alone[edit.Rows.Plain].Value, 1e-5);
        differences.Relative("k_bar", kind, x.KBar.Span, Mean(alone.Select(a => a.Key)), 1e-5);
        differences.Relative("W k_bar + b", kind, x.OutKBar.Span, Mean(alone.Select(a => a.Value)), 1e-5);
        differences.Relative("‖m0‖", kind, x.M0Norm, x.M0.Norm(), 1e-12);
        differences.Relative("‖δ‖", kind, x.DeltaNorm, Norm(x.VE.Span.ToArray().Zip(x.M0.Span.ToArray(), (v, m) => (double)v - m)), 1e-5);
        differences.Check();
        x.BaseOutKO.ShouldBe(x.M0);
        x.BaseOutKBar.ShouldBe(x.OutKBar);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void After_the_fold_W_gives_the_target_value_at_the_key_each_variant_solves_for(string kind)
    {
        using var edit = new TinyEdit(kind);
        using var editor = edit.Tiny.Editor(TinyEdit.Layer);
        var x = Compute(edit, editor);
        var differences = new Differences();
        foreach (var variant in VariantNames.All)
        {
            var kV = variant == Variant.RRome ? x.KBar : x.KO;
            var w = Folded(editor.BaseMatrix.Span, Factors.Of(variant, x).Delta);
            differences.Relative($"W'k + b, {variant.Name()}", kind, edit.Apply(w, kV), [.. x.VE.Span.ToArray().Select(v => (double)v)], 1e-5);
            // And the model itself, run with W', says so at that key's own row.
            edit.Tiny.Model.Install(TinyEdit.Layer, w);
            if (variant != Variant.RRome) differences.Relative("the model's own output", variant.Name(), edit.At(edit.Rows.Plain).Value, [.. x.VE.Span.ToArray().Select(v => (double)v)], 1e-4);
        }
        differences.Check();
    }

    [Theory, MemberData(nameof(Kinds))]
    public void On_edited_weights_keys_stay_and_outputs_move(string kind)
    {
        using var edit = new TinyEdit(kind, TinyEdit.Easy);
        using var editor = edit.Tiny.Editor(TinyEdit.Layer);
        var first = Compute(edit, editor);
        var w = Folded(editor.BaseMatrix.Span, Factors.Of(Variant.PRome, first).Delta);
        editor.Install(w);
        var second = Compute(edit, editor);
        (second.KBar, second.KO, second.UBar, second.UO).ShouldBe((first.KBar, first.KO, first.UBar, first.UO));
        (second.BaseOutKBar, second.BaseOutKO).ShouldBe((first.BaseOutKBar, first.BaseOutKO));
        var differences = new Differences();
        differences.Relative("m0 after the edit", kind, second.M0.Span, [.. first.VE.Span.ToArray().Select(v => (double)v)], 1e-5);
        differences.Relative("W k_bar + b after the edit", kind, second.OutKBar.Span, edit.Apply(w, first.KBar), 1e-6);
        differences.Check();
        // What was made likely is where the next search begins.
        second.Loss[0].Nll.ShouldBeLessThan(first.Loss[0].Nll);
    }

    [Fact]
    public void The_same_edit_twice_is_the_same_to_the_last_bit()
    {
        using var edit = new TinyEdit(TinyModels.Llama);
        using var editor = edit.Tiny.Editor(TinyEdit.Layer);
        Compute(edit, editor).ShouldBe(Compute(edit, editor));
    }

    private static EditComputation Compute(TinyEdit edit, IModelEditor editor) =>
        editor.Compute(edit.Request, TinyEdit.Templates, H, TinyMoment.Instance, null, TestContext.Current.CancellationToken);

    private static float[] Folded(ReadOnlySpan<float> w0, RankOneDelta delta)
    {
        var w = w0.ToArray();
        for (var i = 0; i < w.Length; i++) w[i] = MathF.FusedMultiplyAdd(delta.R[i / delta.U.Length], delta.U[i % delta.U.Length], w[i]);
        return w;
    }

    private static double[] Mean(IEnumerable<double[]> vectors)
    {
        var all = vectors.ToArray();
        return [.. Enumerable.Range(0, all[0].Length).Select(i => all.Average(v => v[i]))];
    }

    private static double Norm(IEnumerable<double> v) => Math.Sqrt(v.Sum(x => x * x));
}
