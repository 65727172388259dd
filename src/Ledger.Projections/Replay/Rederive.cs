using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Replay;

/// <summary>
/// An edit's factors anew on another state of the weights, from its recorded keys and v_e alone (docs/editing.md §3, mode <c>values</c>):
/// W k = W₀k + Σ_j r_j (u_j·k) over the edits in effect. Sums in float64, r rounded once.
/// </summary>
public static class Rederive
{
    /// <param name="keys">The edit's keys and base outputs.</param>
    /// <param name="vE">v_e [d_v].</param>
    /// <param name="variant">Which row of the table.</param>
    /// <param name="inEffect">The edits in effect on the state it goes onto.</param>
    /// <returns>The factors, and m₀ = W k_o + b and W k̄ + b of that state.</returns>
    public static (Factors Factors, Float32Vector M0, Float32Vector OutKBar) Values(EditKeys keys, Float32Vector vE, Variant variant, IReadOnlyList<RankOneDelta> inEffect)
    {
        var (m0, outKBar) = (Output(keys.BaseOutKO, keys.KO, inEffect), Output(keys.BaseOutKBar, keys.KBar, inEffect));
        return (Values(keys, vE, variant, m0, outKBar), m0, outKBar);
    }

    /// <summary>The factors, given what the state gives at both keys; <see cref="ValueReplay"/> finds that for thousands of edits.</summary>
    /// <param name="m0">m₀ = W k_o + b [d_v].</param>
    /// <param name="outKBar">W k̄ + b [d_v].</param>
    public static Factors Values(EditKeys keys, Float32Vector vE, Variant variant, Float32Vector m0, Float32Vector outKBar) =>
        Factors.Of(variant, keys.KBar, keys.KO, keys.UBar, keys.UO, vE, Factors.SolvesAtKBar(variant) ? outKBar : m0);

    /// <summary>The same with everything that is recorded of it.</summary>
    public static Making Making(EditKeys keys, Float32Vector vE, Variant variant, Float32Vector m0, Float32Vector outKBar) =>
        Timelines.Making.Of(variant, EditSolution.Of(m0, vE, Values(keys, vE, variant, m0, outKBar)), keys);

    /// <summary>W k + b of weights at hand: W₀k + b + (W − W₀) k, summed in float64 and rounded once.</summary>
    /// <param name="baseOutput">W₀k + b [d_v].</param>
    /// <param name="k">[d_k].</param>
    /// <param name="w">W, row-major [d_v, d_k].</param>
    /// <param name="w0">W₀, the same.</param>
    public static Float32Vector Output(Float32Vector baseOutput, Float32Vector k, ReadOnlyMemory<float> w, ReadOnlyMemory<float> w0)
    {
        ShapeException.Require(w.Length == (long)baseOutput.Length * k.Length, "W", (long)baseOutput.Length * k.Length, w.Length);
        ShapeException.Require(w0.Length == w.Length, "W₀", w.Length, w0.Length);
        return Float32Vector.Create(baseOutput.Length, span =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                ReadOnlySpan<float> now = w.Span.Slice(i * k.Length, k.Length), then = w0.Span.Slice(i * k.Length, k.Length);   // [d_k]
                var sum = (double)baseOutput[i];
                for (var j = 0; j < now.Length; j++) sum += ((double)now[j] - then[j]) * k[j];
                span[i] = (float)sum;
            }
        });
    }

    /// <summary>W k + b of a state, from W₀k + b and the edits in effect.</summary>
    /// <param name="baseOutput">W₀k + b [d_v].</param>
    /// <param name="k">[d_k].</param>
    public static Float32Vector Output(Float32Vector baseOutput, Float32Vector k, IReadOnlyList<RankOneDelta> inEffect)
    {
        var sum = new double[baseOutput.Length];                    // [d_v]
        for (var i = 0; i < sum.Length; i++) sum[i] = baseOutput[i];
        foreach (var (r, u) in inEffect)
        {
            ShapeException.Require(r.Length == sum.Length, nameof(r), sum.Length, r.Length);
            var uk = u.Dot(k);
            for (var i = 0; i < sum.Length; i++) sum[i] += r[i] * uk;
        }
        return Float32Vector.Create(sum.Length, span =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = (float)sum[i];
        });
    }
}
