using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Numerics;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Analysis;

/// <summary>How far a state has left what an edit wrote: ‖W k + b − v_e‖ / ‖v_e − (W₀k + b)‖; 0 as written, 1 as far off as the base.</summary>
/// <param name="Edit">Which edit.</param>
/// <param name="AtKV">At k_v, where its factors were solved: k̄ under r-rome, else k_o. NaN where v_e is what the base gives: there is no distance to measure in.</param>
/// <param name="AtKBar">At k̄: large for a ROME edit that disables the model, however small it is at k_o. NaN as above.</param>
/// <param name="Residual">‖W k_v + b − v_e‖.</param>
public sealed record Drift(EditId Edit, double AtKV, double AtKBar, double Residual)
{
    /// <summary>The drift of some edits at one state, from factors: W k = W₀k + Σ_j r_j (u_j·k) over the edits in effect, in float64; the same bits on every machine.</summary>
    /// <param name="edits">The edits asked about, with the factors that count.</param>
    /// <param name="state">The deltas in effect, in order of taking effect.</param>
    /// <returns>One for each edit, in the same order.</returns>
    /// <exception cref="ShapeException">A vector has another length than the others.</exception>
    public static ImmutableArray<Drift> Of(IReadOnlyList<EffectiveEdit> edits, IReadOnlyList<RankOneDelta> state, CancellationToken token)
    {
        var drifts = ImmutableArray.CreateBuilder<Drift>(edits.Count);
        foreach (var block in edits.Chunk(PackedVectors.Block / 2))                         // at most two keys an edit
        {
            var outputs = new StateOutputs([.. block.SelectMany(Points)]);
            outputs.Add(state, token);
            var i = 0;
            foreach (var edit in block)
            {
                var atKV = outputs.At(i++, token);
                var atKBar = Factors.SolvesAtKBar(edit.Variant) ? atKV : outputs.At(i++, token);
                var residual = Distance(atKV, edit.VE);
                drifts.Add(new Drift(edit.Edit, residual / Written(edit.VE, edit.BaseOutKV), Distance(atKBar, edit.VE) / Written(edit.VE, edit.Keys.BaseOutKBar), residual));
            }
        }
        return drifts.MoveToImmutable();
    }

    /// <summary>At k_v and ascending, of all edits in effect under themselves; those that have no drift are left out.</summary>
    public static double[] AllAtKV(IReadOnlyList<EffectiveEdit> edits, CancellationToken token) => [.. Of(edits, [.. edits.Select(e => e.Delta)], token).Select(d => d.AtKV).Where(d => !double.IsNaN(d)).Order()];

    private static IEnumerable<KeyPoint> Points(EffectiveEdit edit)
    {
        yield return new KeyPoint(edit.KV, edit.BaseOutKV);
        if (!Factors.SolvesAtKBar(edit.Variant)) yield return new KeyPoint(edit.Keys.KBar, edit.Keys.BaseOutKBar);
    }

    private static double Distance(ReadOnlySpan<double> output, Float32Vector vE)
    {
        ShapeException.Require(vE.Length == output.Length, "v_e", output.Length, vE.Length);
        var squared = 0.0;
        for (var i = 0; i < output.Length; i++) squared += (output[i] - vE[i]) * (output[i] - vE[i]);
        return Math.Sqrt(squared);
    }

    /// <summary>‖v_e − (W₀k + b)‖; NaN instead of 0.</summary>
    private static double Written(Float32Vector vE, Float32Vector baseOutput)
    {
        var squared = 0.0;
        for (var i = 0; i < vE.Length; i++) squared += ((double)vE[i] - baseOutput[i]) * ((double)vE[i] - baseOutput[i]);
        return squared == 0 ? double.NaN : Math.Sqrt(squared);
    }
}
