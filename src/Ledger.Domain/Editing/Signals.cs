using System.Collections.Immutable;

namespace Ledger.Domain.Editing;

/// <summary>How large one variant's factors are: no pass through the model is needed for the variants that were not chosen.</summary>
/// <param name="AbsDelta">|Δ| = ‖ΔW‖_F / numel(W).</param>
/// <param name="FrobeniusNorm">‖ΔW‖_F.</param>
/// <param name="KuU">k_u·u.</param>
/// <param name="KvU">k_v·u, the division factor.</param>
public sealed record VariantSignals(Variant Variant, double AbsDelta, double FrobeniusNorm, double KuU, double KvU)
{
    public static VariantSignals Of(Factors factors) => new(factors.Variant, factors.AbsDelta, factors.FrobeniusNorm, factors.KuU, factors.KvU);
}

/// <summary>How well the plain prompt gives a target: n, the mean per-token negative log-likelihood, before and after the edit.</summary>
/// <param name="Before">On the weights without the edit.</param>
/// <param name="After">On the weights with it, whether or not the edit was then let in; null when no pass was made.</param>
public sealed record TargetScore(double Before, double? After)
{
    /// <summary>e^−n: 0 to 1.</summary>
    public static double Probability(double n) => Math.Exp(-n);
}

/// <summary>A probe's reading on the base and on the edited model.</summary>
public sealed record ProbeReading(string Probe, double Base, double Edited);

/// <summary>The stability signals of one edit (docs/editing.md §5). Non-finite values are kept as they are.</summary>
/// <param name="Chosen">The variant the edit was made under.</param>
/// <param name="Variants">All three, the chosen one included, on the same δ.</param>
/// <param name="CosKeys">cos(k̄, k_o).</param>
/// <param name="DeltaOverM0">‖δ‖ / ‖m₀‖.</param>
/// <param name="Loss">The loss at every evaluation.</param>
/// <param name="Target">The new target on the plain prompt.</param>
/// <param name="TrueTarget">The true target on the plain prompt, where the request names one.</param>
/// <param name="Probes">Probes, if any were run.</param>
public sealed record Signals(
    Variant Chosen,
    ImmutableArray<VariantSignals> Variants,
    double CosKeys,
    double DeltaOverM0,
    ImmutableArray<LossPoint> Loss,
    TargetScore? Target,
    TargetScore? TrueTarget,
    ImmutableArray<ProbeReading> Probes)
{
    /// <summary>The chosen variant's sizes.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public VariantSignals Own => Variants.Single(v => v.Variant == Chosen);

    /// <summary>The variant with the smallest finite |Δ| over 0; null when there is none. A δ of 0 changes nothing, and compares with nothing.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public VariantSignals? Smallest => Variants.Where(v => double.IsFinite(v.AbsDelta) && v.AbsDelta > 0).MinBy(v => v.AbsDelta);

    /// <summary>The signals that need no pass through the model.</summary>
    public static Signals Of(Variant chosen, EditComputation x, TargetScore? target, TargetScore? trueTarget) => new(
        chosen,
        [.. VariantNames.All.Select(v => VariantSignals.Of(Factors.Of(v, x)))],
        x.KBar.Dot(x.KO) / (x.KBar.Norm() * x.KO.Norm()),
        x.DeltaNorm / x.M0Norm,
        x.Loss,
        target,
        trueTarget,
        []);

    public bool Equals(Signals? other) =>
        other is not null && Chosen == other.Chosen && Variants.SequenceEqual(other.Variants) && CosKeys.Equals(other.CosKeys)
        && DeltaOverM0.Equals(other.DeltaOverM0) && Loss.SequenceEqual(other.Loss) && Equals(Target, other.Target)
        && Equals(TrueTarget, other.TrueTarget) && Probes.SequenceEqual(other.Probes);

    public override int GetHashCode() => HashCode.Combine(Chosen, CosKeys, DeltaOverM0);
}
