using System.Collections.Immutable;
using Ledger.Domain.Events;

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

    /// <summary>The same edit with factors found on another state of the weights, without a pass through the model: what needs one is left open.</summary>
    /// <param name="variant">The variant chosen now.</param>
    /// <param name="keys">k̄, k_o and their directions, which do not depend on the state.</param>
    /// <param name="vE">v_e [d_v].</param>
    /// <param name="m0">m₀ = W k_o + b of that state [d_v].</param>
    /// <param name="outKBar">W k̄ + b of that state [d_v].</param>
    public Signals OnState(Variant variant, EditKeys keys, Float32Vector vE, Float32Vector m0, Float32Vector outKBar) => this with
    {
        Chosen = variant,
        Variants = [.. VariantNames.All.Select(v => VariantSignals.Of(Factors.Of(v, keys.KBar, keys.KO, keys.UBar, keys.UO, vE, Factors.SolvesAtKBar(v) ? outKBar : m0)))],
        DeltaOverM0 = vE.DistanceTo(m0) / m0.Norm(),
        Target = null,
        TrueTarget = null,
        Probes = [],
    };

    /// <summary>The same edit with factors that were found elsewhere: only their own size is known.</summary>
    public Signals Sized(Variant variant, RankOneDelta delta) => this with
    {
        Chosen = variant,
        Variants = [.. Variants.Select(v => v.Variant == variant ? v with { FrobeniusNorm = delta.FrobeniusNorm, AbsDelta = delta.AbsDelta } : v)],
        Target = null,
        TrueTarget = null,
        Probes = [],
    };

    public bool Equals(Signals? other) =>
        other is not null && Chosen == other.Chosen && Variants.SequenceEqual(other.Variants) && CosKeys.Equals(other.CosKeys)
        && DeltaOverM0.Equals(other.DeltaOverM0) && Loss.SequenceEqual(other.Loss) && Equals(Target, other.Target)
        && Equals(TrueTarget, other.TrueTarget) && Probes.SequenceEqual(other.Probes);

    public override int GetHashCode() => HashCode.Combine(Chosen, CosKeys, DeltaOverM0);
}
