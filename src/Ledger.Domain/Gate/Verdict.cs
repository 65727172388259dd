using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Ledger.Domain.Gate;

/// <summary>What became of a computed edit.</summary>
public enum Outcome
{
    [JsonStringEnumMemberName("applied")] Applied,
    [JsonStringEnumMemberName("quarantined")] Quarantined,
    [JsonStringEnumMemberName("rejected")] Rejected,
}

/// <summary>What one rule said.</summary>
public enum FindingResult
{
    [JsonStringEnumMemberName("passed")] Passed,
    [JsonStringEnumMemberName("observed")] Observed,
    [JsonStringEnumMemberName("quarantine")] Quarantine,
    [JsonStringEnumMemberName("reject")] Reject,
    [JsonStringEnumMemberName("not-evaluated")] NotEvaluated,
}

/// <param name="Rule">One of <see cref="Rules"/>.</param>
/// <param name="Value">What was compared; null when it was not evaluated.</param>
/// <param name="Threshold">The policy's bound; null for a rule that has none.</param>
/// <param name="Result">What followed.</param>
/// <param name="Because">One clause for people: what the value says, or why there is none.</param>
public sealed record Finding(string Rule, double? Value, double? Threshold, FindingResult Result, string Because)
{
    /// <summary>"k·u ratio 0.081 is under 0.1 (rule key-asymmetry)".</summary>
    public string InWords() => $"{Because} (rule {Rule})";
}

/// <summary>Each rule, its value, its threshold and what followed; enough to explain a stop years later.</summary>
/// <param name="Policy"><c>default@1</c>.</param>
public sealed record Verdict(Outcome Outcome, string Policy, ImmutableArray<Finding> Findings)
{
    /// <summary>The findings that stopped the edit, collapse before unreached.</summary>
    [JsonIgnore]
    public IEnumerable<Finding> Stops =>
        Findings.Where(f => f.Result is FindingResult.Quarantine or FindingResult.Reject).OrderByDescending(f => Rules.IsCollapse(f.Rule));

    /// <summary>The findings that stopped it or, under an observing policy, would have.</summary>
    [JsonIgnore]
    public IEnumerable<Finding> Caught =>
        Findings.Where(f => f.Result is FindingResult.Quarantine or FindingResult.Reject or FindingResult.Observed).OrderByDescending(f => Rules.IsCollapse(f.Rule));

    public bool Equals(Verdict? other) => other is not null && Outcome == other.Outcome && Policy == other.Policy && Findings.SequenceEqual(other.Findings);

    public override int GetHashCode() => HashCode.Combine(Outcome, Policy, Findings.Length);
}
