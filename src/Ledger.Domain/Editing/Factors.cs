namespace Ledger.Domain.Editing;

/// <summary>
/// The factors of one edit under one variant: <c>r = (v_e − out) / (k_v·u)</c>, <c>ΔW = r uᵀ</c> (docs/editing.md §2, table).
/// Dot products and the division are float64; r is rounded once to float32, and the rounded value is the edit.
/// </summary>
/// <param name="Variant">Whose row of the table.</param>
/// <param name="Delta">r and u.</param>
/// <param name="Out">out [d_v]: what W gives at k_v before the edit.</param>
/// <param name="KuU">k_u·u.</param>
/// <param name="KvU">k_v·u, what the residual is divided by.</param>
public sealed record Factors(Variant Variant, RankOneDelta Delta, Float32Vector Out, double KuU, double KvU)
{
    /// <summary>‖ΔW‖_F.</summary>
    public double FrobeniusNorm => Delta.FrobeniusNorm;

    /// <summary>|Δ|.</summary>
    public double AbsDelta => Delta.AbsDelta;

    /// <summary>Whether u is ū (made from k̄) rather than u_o.</summary>
    public static bool UsesUBar(Variant variant) => variant is not Variant.PRome;

    /// <summary>Whether the equation is solved at k̄ rather than k_o.</summary>
    public static bool SolvesAtKBar(Variant variant) => variant is Variant.RRome;

    /// <summary>The factors on the weights the computation was made on.</summary>
    public static Factors Of(Variant variant, EditComputation x) =>
        Of(variant, x.KBar, x.KO, x.UBar, x.UO, x.VE, SolvesAtKBar(variant) ? x.OutKBar : x.M0);

    /// <summary>The factors given <paramref name="output"/> = W k_v + b of whatever weights the edit goes onto.</summary>
    /// <remarks>k_v·u = 0 gives infinite or NaN entries; the gate's non-finite rule rejects those.</remarks>
    public static Factors Of(Variant variant, Float32Vector kBar, Float32Vector kO, Float32Vector uBar, Float32Vector uO, Float32Vector vE, Float32Vector output)
    {
        ShapeException.Require(output.Length == vE.Length, nameof(output), vE.Length, output.Length);
        var u = UsesUBar(variant) ? uBar : uO;                      // [d_k]
        var kU = UsesUBar(variant) ? kBar : kO;                     // [d_k]
        var kV = SolvesAtKBar(variant) ? kBar : kO;                 // [d_k]
        double kuU = kU.Dot(u), kvU = kV.Dot(u);
        var r = Float32Vector.Create(vE.Length, span =>             // [d_v]
        {
            for (var i = 0; i < span.Length; i++) span[i] = (float)(((double)vE[i] - output[i]) / kvU);
        });
        return new Factors(variant, new RankOneDelta(r, u), output, kuU, kvU);
    }
}
