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

    /// <summary>A factor, |Δ|, k_u·u or k_v·u of the edit's own variant is NaN or infinite, or k_v·u = 0. Part of every policy, always a reject: such an edit has no weights.</summary>
    public const string NonFinite = "non-finite";

    /// <summary>
    /// The probe's perplexity with the edit, over the base's, is over the bound. Over the base's and not over that of the state before: so the bound holds for the timeline as a whole, and
    /// a hundred edits of one per cent each do not pass one by one.
    /// </summary>
    public const string Perplexity = "perplexity";

    /// <summary>The normalised entropy of ten texts that the model with the edit goes on with after the plain prompt is under the bound: it repeats itself.</summary>
    public const string Entropy = "entropy";

    public static ImmutableArray<string> All { get; } = [NonFinite, KeyAsymmetry, VariantRatio, Outlier, Unreached, Perplexity, Entropy];

    /// <summary>The rules that say an edit would break the model, as opposed to not reaching its target.</summary>
    public static bool IsCollapse(string rule) => rule is not Unreached;
}

/// <param name="Rule">One of <see cref="Rules"/>.</param>
/// <param name="Threshold">The bound; what is compared, and which way, belongs to the rule.</param>
/// <param name="Action">What happens to an edit that is caught.</param>
public sealed record GateRule(string Rule, double Threshold, GateAction Action);

/// <summary>What is run through a model to see whether it still works. Recorded itself, like the context templates, and not where it came from.</summary>
/// <param name="Texts">Sentences whose perplexity is measured, all together; empty where only generations are looked at.</param>
/// <param name="Tokens">Length of each of the ten generations after an edit's prompt, the prompt's tokens counted.</param>
/// <param name="Seed">What they are sampled from.</param>
public sealed record GateProbe(ImmutableArray<string> Texts, int Tokens, long Seed)
{
    /// <summary>How many texts are sampled, and among how many tokens each token is.</summary>
    public const int Generations = 10, TopK = 5;

    /// <summary>UTF-8 bytes of all texts together: every command reads every policy.</summary>
    public const int MostBytes = 128 << 10;

    /// <summary>The published length.</summary>
    public const int PublishedTokens = 100;

    public bool Equals(GateProbe? other) => other is not null && Tokens == other.Tokens && Seed == other.Seed && Texts.SequenceEqual(other.Texts);

    public override int GetHashCode() => HashCode.Combine(Tokens, Seed, Texts.Length);
}

/// <summary>The rules that look at a timeline as a whole; each gives a figure that is too large from some bound on.</summary>
public static class StreamRules
{
    /// <summary>
    /// ‖W_n − W₀‖_F over the median ‖ΔW‖_F of the edits in effect times √n, n of them: 1 where edits of one size point in unrelated directions, whatever the model, the layer and the number of edits. One that is far
    /// larger than the rest, or many that add up, raise it.
    /// </summary>
    public const string CumulativeDistance = "cumulative-distance";

    /// <summary>The drift at k_v that nine in ten of the edits in effect do not exceed: at 1 every tenth is as far off what it wrote as the base is.</summary>
    public const string Drift = "drift";

    /// <summary>The probe's perplexity over the base's.</summary>
    public const string ProbePerplexity = "probe-perplexity";

    public static ImmutableArray<string> All { get; } = [CumulativeDistance, Drift, ProbePerplexity];

    /// <summary>Of fewer edits the two rules that stand on edits alone say nothing: there is no median to speak of.</summary>
    public const int Needs = 8;
}

/// <summary>A rule over a timeline as a whole.</summary>
/// <param name="Rule">One of <see cref="StreamRules"/>.</param>
/// <param name="Threshold">More than this is a collapse.</param>
/// <param name="Every">It is looked at again when so many revisions were made since the last look.</param>
/// <param name="Action"><see cref="GateAction.Observe"/>, or <see cref="GateAction.Quarantine"/> to withhold the edits that are to blame.</param>
public sealed record StreamRule(string Rule, double Threshold, int Every, GateAction Action);

/// <summary>Versioned data: which rules stop an edit, and which watch over what was let in.</summary>
/// <param name="Probe">What is run through the model; null where no rule needs it.</param>
/// <param name="Stream">The rules over a timeline as a whole.</param>
[method: JsonConstructor]
public sealed record GatePolicy(string Name, int Version, ImmutableArray<GateRule> Rules, GateProbe? Probe, ImmutableArray<StreamRule> Stream)
{
    public GatePolicy(string name, int version, ImmutableArray<GateRule> rules)
        : this(name, version, rules, null, [])
    {
    }

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

    /// <summary>What the name of a policy ends in that is <see cref="Observed"/>; no policy that a person sets may.</summary>
    public const string ObservedSuffix = "-observed";

    /// <summary>The same rules, computed and written down, deciding nothing.</summary>
    public GatePolicy Observed() => this with
    {
        Name = Name + ObservedSuffix,
        Rules = [.. Rules.Select(r => r with { Action = GateAction.Observe })],
        Stream = [.. Stream.Select(r => r with { Action = GateAction.Observe })],
    };

    /// <summary>Who acts where the policy does: <c>policy:default@1</c>.</summary>
    public string Actor => $"{ActorPrefix}{this}";

    private const string ActorPrefix = "policy:";

    /// <summary>Whether an actor is no person.</summary>
    public static bool IsActor(string actor) => actor.StartsWith(ActorPrefix, StringComparison.Ordinal);

    /// <summary>As events name it: <c>default@1</c>.</summary>
    public override string ToString() => $"{Name}@{Version}";

    public bool Equals(GatePolicy? other) =>
        other is not null && Name == other.Name && Version == other.Version && Rules.SequenceEqual(other.Rules) && Equals(Probe, other.Probe) && Stream.SequenceEqual(other.Stream);

    public override int GetHashCode() => HashCode.Combine(Name, Version, Rules.Length);
}
