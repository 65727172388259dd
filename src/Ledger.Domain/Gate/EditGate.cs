using System.Collections.Immutable;
using System.Globalization;
using Ledger.Domain.Editing;

namespace Ledger.Domain.Gate;

/// <summary>Judges an edit by its factors and its timeline's history: a pure function, so every verdict can be asked for again.</summary>
public static class EditGate
{
    /// <summary>The outlier rule keeps silent until this many edits of the variant were accepted.</summary>
    public const int OutlierNeeds = 20;

    /// <summary>The smallest MAD of log₁₀|Δ| that the outlier rule believes in.</summary>
    public const double MadFloor = 0.05;

    /// <param name="policy">The rules, their bounds and actions.</param>
    /// <param name="signals">The edit's own.</param>
    /// <param name="delta">The factors that would be folded in.</param>
    /// <param name="accepted">|Δ| of the timeline's accepted edits under the same variant, inherited ones included; any order.</param>
    public static Verdict Judge(GatePolicy policy, Signals signals, RankOneDelta delta, IReadOnlyCollection<double> accepted)
    {
        var finite = NonFinite(signals, delta);
        var findings = policy.Rules.Where(r => r.Rule != Rules.NonFinite)
            .Select(rule => finite.Result == FindingResult.Passed ? Apply(rule, signals, accepted) : Skipped(rule, "the edit is not finite"))
            .Prepend(finite)
            .ToImmutableArray();
        var outcome = findings.Any(f => f.Result == FindingResult.Reject) ? Outcome.Rejected
            : findings.Any(f => f.Result == FindingResult.Quarantine) ? Outcome.Quarantined
            : Outcome.Applied;
        return new Verdict(outcome, policy.ToString(), findings);
    }

    private static Finding Apply(GateRule rule, Signals signals, IReadOnlyCollection<double> accepted) => rule.Rule switch
    {
        Rules.KeyAsymmetry => KeyAsymmetry(rule, signals.Own),
        Rules.VariantRatio => VariantRatio(rule, signals),
        Rules.Outlier => Outlier(rule, signals.Own, accepted),
        Rules.Unreached => Unreached(rule, signals.Target),
        Rules.Perplexity => Perplexity(rule, signals),
        Rules.Entropy => Entropy(rule, signals),
        _ => throw new UnknownRuleException(rule.Rule),
    };

    private static Finding NonFinite(Signals signals, RankOneDelta delta)
    {
        var own = signals.Own;
        var because = own.KvU == 0 ? "k_v·u is 0: the residual cannot be divided by it"
            : !double.IsFinite(own.KvU) || !double.IsFinite(own.KuU) ? "a key or its direction is not finite"
            : !delta.IsFinite() || !double.IsFinite(own.AbsDelta) ? "the factors are not finite"
            : null;
        return new Finding(Rules.NonFinite, own.KvU, null, because is null ? FindingResult.Passed : FindingResult.Reject, because ?? "factors and keys are finite");
    }

    private static Finding KeyAsymmetry(GateRule rule, VariantSignals own)
    {
        var ratio = own.KvU / own.KuU;
        return Found(rule, ratio, caught: !(ratio >= rule.Threshold), $"k·u ratio {Number(ratio)} {{0}} {Number(rule.Threshold)}", "is under", "is not under");
    }

    private static Finding VariantRatio(GateRule rule, Signals signals)
    {
        if (signals.Smallest is not { } smallest) return Skipped(rule, "no variant of this edit has a finite |Δ| over 0 to compare with");
        var ratio = signals.Own.AbsDelta / smallest.AbsDelta;
        return Found(rule, ratio, caught: !(ratio <= rule.Threshold), $"|Δ| is {Number(ratio)} × that of the same edit as {smallest.Variant.Name()}, {{0}} {Number(rule.Threshold)}", "over", "not over");
    }

    private static Finding Outlier(GateRule rule, VariantSignals own, IReadOnlyCollection<double> accepted)
    {
        // An edit of what the model says already has |Δ| 0: it tells nothing about the scale, and its logarithm would spoil the median.
        var logs = accepted.Where(x => x > 0).Select(Math.Log10).Order().ToArray();
        if (logs.Length < OutlierNeeds)
            return Skipped(rule, $"{logs.Length} accepted {own.Variant.Name()} edits that changed something so far, {OutlierNeeds} needed");
        var median = Median(logs);
        var mad = Math.Max(Median([.. logs.Select(x => Math.Abs(x - median)).Order()]), MadFloor);
        var z = (Math.Log10(own.AbsDelta) - median) / (1.4826 * mad);       // 1.4826: MAD of a normal distribution to its σ
        return Found(rule, z, caught: !(z <= rule.Threshold), $"log₁₀|Δ| is {Number(z)} robust deviations above this timeline's median, {{0}} {Number(rule.Threshold)}", "over", "not over");
    }

    private static Finding Unreached(GateRule rule, TargetScore? target)
    {
        if (target?.After is not { } after) return Skipped(rule, "needs a pass through the edited model");
        var p = TargetScore.Probability(after);
        return Found(rule, p, caught: !(p >= rule.Threshold), $"the plain prompt gives the target with p {Number(p)}, {{0}} {Number(rule.Threshold)}", "under", "not under");
    }

    private static Finding Perplexity(GateRule rule, Signals signals)
    {
        if (Probe(signals, rule.Rule) is not { } probe) return Skipped(rule, "needs a pass of the probe through the edited model");
        var ratio = probe.Edited / probe.Base;
        return Found(rule, ratio, caught: !(ratio <= rule.Threshold), $"the probe's perplexity is {Number(probe.Edited)}, {Number(ratio)} × the base's {Number(probe.Base)}, {{0}} {Number(rule.Threshold)}", "over", "not over");
    }

    private static Finding Entropy(GateRule rule, Signals signals)
    {
        if (Probe(signals, rule.Rule) is not { } probe) return Skipped(rule, "needs texts that the edited model generates");
        return Found(rule, probe.Edited, caught: !(probe.Edited >= rule.Threshold), $"the generated texts' entropy is {Number(probe.Edited)} (base {Number(probe.Base)}), {{0}} {Number(rule.Threshold)}", "under", "not under");
    }

    private static ProbeReading? Probe(Signals signals, string probe) => signals.Probes.FirstOrDefault(p => p.Probe == probe);

    private static Finding Found(GateRule rule, double value, bool caught, string because, string ifCaught, string ifNot) => new(
        rule.Rule, value, rule.Threshold,
        !caught ? FindingResult.Passed : rule.Action switch
        {
            GateAction.Observe => FindingResult.Observed,
            GateAction.Quarantine => FindingResult.Quarantine,
            _ => FindingResult.Reject,
        },
        string.Format(CultureInfo.InvariantCulture, because, caught ? ifCaught : ifNot));

    private static Finding Skipped(GateRule rule, string why) => new(rule.Rule, null, rule.Threshold, FindingResult.NotEvaluated, why);

    /// <summary>The middle one; of an even number the mean of the two in the middle.</summary>
    /// <param name="sorted">At least one.</param>
    public static double Median(double[] sorted) =>
        sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;

    private static string Number(double x) => x.ToString("G3", CultureInfo.InvariantCulture);
}

/// <summary>A policy names a rule that does not exist.</summary>
public sealed class UnknownRuleException(string rule)
    : LedgerException($"There is no gate rule \"{rule}\".", $"the rules are {string.Join(", ", Rules.All)}")
{
    public string Rule { get; } = rule;
    public override FailureKind Kind => FailureKind.BadInput;
}
