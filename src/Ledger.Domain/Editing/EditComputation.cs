using System.Collections.Immutable;

namespace Ledger.Domain.Editing;

/// <summary>
/// What the engine found for one request on one state of the weights: the same for every variant, which differ only in how
/// <see cref="Factors"/> combines it. Keys, directions and base outputs do not depend on the history; m₀, v_e and the outputs do.
/// </summary>
public sealed record EditComputation
{
    /// <summary>k̄ [d_k]: the key averaged over the context templates (eq. 3).</summary>
    public required Float32Vector KBar { get; init; }

    /// <summary>k_o [d_k]: the key of the plain prompt (eq. 4).</summary>
    public required Float32Vector KO { get; init; }

    /// <summary>ū [d_k]: C⁻¹k̄ to unit length.</summary>
    public required Float32Vector UBar { get; init; }

    /// <summary>u_o [d_k]: C⁻¹k_o to unit length.</summary>
    public required Float32Vector UO { get; init; }

    /// <summary>W₀k̄ + b [d_v]: what the base gives at k̄.</summary>
    public required Float32Vector BaseOutKBar { get; init; }

    /// <summary>W₀k_o + b [d_v]: what the base gives at k_o.</summary>
    public required Float32Vector BaseOutKO { get; init; }

    /// <summary>W k̄ + b [d_v] on the weights the edit was computed on.</summary>
    public required Float32Vector OutKBar { get; init; }

    /// <summary>m₀ = W k_o + b [d_v] on the weights the edit was computed on.</summary>
    public required Float32Vector M0 { get; init; }

    /// <summary>v_e = m₀ + δ [d_v]: the target value.</summary>
    public required Float32Vector VE { get; init; }

    /// <summary>One entry per evaluation of the loss.</summary>
    public required ImmutableArray<LossPoint> Loss { get; init; }

    /// <summary>‖δ‖₂.</summary>
    public required double DeltaNorm { get; init; }

    /// <summary>‖m₀‖₂.</summary>
    public required double M0Norm { get; init; }

    public bool Equals(EditComputation? other) =>
        other is not null && KBar.Equals(other.KBar) && KO.Equals(other.KO) && UBar.Equals(other.UBar) && UO.Equals(other.UO)
        && BaseOutKBar.Equals(other.BaseOutKBar) && BaseOutKO.Equals(other.BaseOutKO) && OutKBar.Equals(other.OutKBar)
        && M0.Equals(other.M0) && VE.Equals(other.VE) && Loss.SequenceEqual(other.Loss)
        && DeltaNorm.Equals(other.DeltaNorm) && M0Norm.Equals(other.M0Norm);

    public override int GetHashCode() => HashCode.Combine(KBar, VE);
}

/// <summary>The loss at one evaluation; terms as weighted in the sum. Natural logarithm.</summary>
/// <param name="Total">Nll + Kl + WeightDecay.</param>
/// <param name="Nll">Mean over rows of the target's mean per-token −log p.</param>
/// <param name="Kl">KlFactor · KL(p_δ ‖ p₀).</param>
/// <param name="WeightDecay">WeightDecay · ‖δ‖ / ‖m₀‖².</param>
/// <param name="TargetProbability">Mean over rows of e^(−row's Nll).</param>
/// <param name="DeltaNorm">‖δ‖ at this evaluation.</param>
public readonly record struct LossPoint(double Total, double Nll, double Kl, double WeightDecay, double TargetProbability, double DeltaNorm);
