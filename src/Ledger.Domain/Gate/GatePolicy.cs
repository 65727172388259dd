using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Ledger.Domain.Gate;

/// <summary>What happens to an edit that a rule catches.</summary>
public enum GateAction
{
    /// <summary>Written into the verdict; decides nothing.</summary>
    [JsonStringEnumMemberName("observe")] Observe,

    /// <summary>Kept out of the weights until somebody releases or dismisses it.</summary>
    [JsonStringEnumMemberName("quarantine")] Quarantine,

    /// <summary>Kept out of the weights for good.</summary>
    [JsonStringEnumMemberName("reject")] Reject,
}

/// <summary>The rules there are; each is computable from the edit's own signals and its timeline's stream.</summary>
public static class Rules
{
    /// <summary>k_v·u / k_u·u, signed, is under the bound: the paper's cause of collapse.</summary>
    public const string KeyAsymmetry = "key-asymmetry";

    /// <summary>|Δ| over the smallest |Δ| of the same edit under the three variants is over the bound.</summary>
    public const string VariantRatio = "variant-ratio";

    /// <summary>log₁₀|Δ| lies more than this many robust deviations above the median of the variant's accepted edits.</summary>
    public const string Outlier = "outlier";

    /// <summary>After the edit the plain prompt gives the target with a probability under the bound: useless, not a collapse.</summary>
    public const string Unreached = "unreached";

    /// <summary>A signal or factor is NaN or infinite, or k_v·u = 0. Part of every policy, always a reject: such an edit has no weights.</summary>
    public const string NonFinite = "non-finite";

    public static ImmutableArray<string> All { get; } = [NonFinite, KeyAsymmetry, VariantRatio, Outlier, Unreached];

    /// <summary>The rules that say an edit would break the model, as opposed to not reaching its target.</summary>
    public static bool IsCollapse(string rule) => rule is KeyAsymmetry or VariantRatio or Outlier or NonFinite;
}

/// <param name="Rule">One of <see cref="Rules"/>.</param>
/// <param name="Threshold">The bound; what is compared, and which way, belongs to the rule.</param>
/// <param name="Action">What happens to an edit that is caught.</param>
public sealed record GateRule(string Rule, double Threshold, GateAction Action);

/// <summary>Versioned data: which rules stop an edit.</summary>
public sealed record GatePolicy(string Name, int Version, ImmutableArray<GateRule> Rules)
{
    /// <summary>
    /// Bounds with their reason (docs/decisions/0005-gate-defaults.md): on SmolLM2-135M every edit that more than doubled perplexity had a
    /// key ratio under 0.01 and a variant ratio over 50; ordinary ones lie above 0.15 and under 4; 100 ordinary edits in a row stay
    /// under 3.2 robust deviations.
    /// </summary>
    public static GatePolicy Default { get; } = new("default", 1,
    [
        new(Gate.Rules.KeyAsymmetry, 0.1, GateAction.Quarantine),
        new(Gate.Rules.VariantRatio, 20, GateAction.Quarantine),
        new(Gate.Rules.Outlier, 5, GateAction.Quarantine),
        new(Gate.Rules.Unreached, 0.05, GateAction.Quarantine),
    ]);

    /// <summary>The default's rules, computed and written down, deciding nothing: for reproducing runs that had no gate.</summary>
    public static GatePolicy Observing { get; } = Default.Observed() with { Name = "observe" };

    /// <summary>The same rules, computed and written down, deciding nothing.</summary>
    public GatePolicy Observed() => new($"{Name}-observed", Version, [.. Rules.Select(r => r with { Action = GateAction.Observe })]);

    /// <summary>As events name it: <c>default@1</c>.</summary>
    public override string ToString() => $"{Name}@{Version}";

    public bool Equals(GatePolicy? other) => other is not null && Name == other.Name && Version == other.Version && Rules.SequenceEqual(other.Rules);

    public override int GetHashCode() => HashCode.Combine(Name, Version, Rules.Length);
}
