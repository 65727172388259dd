using Ledger.Domain.Gate;
using Ledger.Domain.Validation;

namespace Ledger.Domain.Tests.Validation;

public sealed class GatePolicyValidatorTests
{
    private static readonly GateProbe Probe = new(["A sentence."], 100, 0);

    private static readonly GatePolicy Full = GatePolicy.Default with
    {
        Rules = [.. GatePolicy.Default.Rules, new(Rules.Perplexity, 1.5, GateAction.Quarantine), new(Rules.Entropy, 0.5, GateAction.Reject)],
        Probe = Probe,
        Stream = [new(StreamRules.CumulativeDistance, 3, 20, GateAction.Quarantine), new(StreamRules.Drift, 1, 20, GateAction.Observe), new(StreamRules.ProbePerplexity, 1.5, 1, GateAction.Quarantine)],
    };

    [Fact]
    public void Policies_that_make_sense_are_accepted()
    {
        foreach (var policy in new[] { GatePolicy.Default, GatePolicy.Observing, Full, Full.Observed() with { Name = "observed" } }) Faults(policy).ShouldBeEmpty(policy.ToString());
    }

    public static TheoryData<string, GatePolicy, string> Contradictions => new()
    {
        { "an unknown rule", WithRule("no-such", 1), "no gate rule \"no-such\"" },
        { "a stream rule among those over edits", WithRule(StreamRules.Drift, 1), "no gate rule \"drift\"" },
        { "an unknown stream rule", WithStream("no-such", 1, 1), "no stream rule \"no-such\"" },
        { "a rule over edits among the stream's", WithStream(Rules.Outlier, 1, 1), "no stream rule \"outlier\"" },
        { "a rule twice", WithRule(Rules.Outlier, 9), "2 times, with the bounds 5 and 9" },
        { "a stream rule twice", WithStream(StreamRules.Drift, 2, 5), "2 times, with the bounds 1 and 2" },
        { "a bound that is no number", Full with { Rules = [new(Rules.KeyAsymmetry, double.NaN, GateAction.Quarantine)] }, "is not a number" },
        { "a perplexity every edit exceeds", Full with { Rules = [new(Rules.Perplexity, 1, GateAction.Quarantine)] }, "1 × its own perplexity" },
        { "an entropy no text has", Full with { Rules = [new(Rules.Entropy, 1, GateAction.Quarantine)] }, "between 0 and 1" },
        { "an outlier below the median", Full with { Rules = [new(Rules.Outlier, -1, GateAction.Quarantine)] }, "half of all edits" },
        { "a distance ordinary edits have", Full with { Stream = [new(StreamRules.CumulativeDistance, 1, 5, GateAction.Quarantine)] }, "about 1 where all is well" },
        { "a look every 0 revisions", Full with { Stream = [new(StreamRules.Drift, 1, 0, GateAction.Quarantine)] }, "every 0 revisions" },
        { "a stream rule that rejects", Full with { Stream = [new(StreamRules.Drift, 1, 5, GateAction.Reject)] }, "cannot reject" },
        { "a gate's perplexity without a probe", Full with { Probe = null, Stream = [], Rules = [new(Rules.Perplexity, 1.5, GateAction.Quarantine)] }, "no text to measure it on" },
        { "a stream's perplexity without texts", Full with { Probe = Probe with { Texts = [] }, Rules = [] }, "no text to measure it on" },
        { "entropy without a probe", GatePolicy.Default with { Rules = [new(Rules.Entropy, 0.5, GateAction.Quarantine)] }, "no length and seed" },
        { "a probe that is too long", Full with { Probe = Probe with { Texts = [new string('x', GateProbe.MostBytes + 1)] } }, "131,073 bytes" },
        { "an empty text", Full with { Probe = Probe with { Texts = ["A sentence.", " "] } }, "text 1 of the probe is empty" },
        { "generations of no length", Full with { Probe = Probe with { Tokens = 1 } }, "texts of 1 tokens" },
        { "half a surrogate pair", Full with { Probe = Probe with { Texts = ["\ud800"] } }, "not valid Unicode" },
        { "the name of another policy's observations", Full.Observed(), "mistaken for what judges where the gate of default is off" },
        { "a name of two lines", Full with { Name = "a\nb" }, "cannot be a policy's name" },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void A_policy_that_contradicts_itself_is_refused(string what, GatePolicy policy, string says) => Faults(policy).ShouldHaveSingleItem(what).ShouldContain(says, Case.Sensitive, what);

    [Fact]
    public void All_faults_of_a_policy_are_said_at_once() =>
        Faults(new GatePolicy("", 0, [new("no-such", double.NaN, GateAction.Observe)], null, [new(StreamRules.ProbePerplexity, 0.5, 0, GateAction.Reject)])).Length.ShouldBe(8);

    private static GatePolicy WithRule(string rule, double bound) => Full with { Rules = Full.Rules.Add(new(rule, bound, GateAction.Quarantine)) };

    private static GatePolicy WithStream(string rule, double bound, int every) => Full with { Stream = Full.Stream.Add(new(rule, bound, every, GateAction.Quarantine)) };

    private static string[] Faults(GatePolicy policy)
    {
        var faults = new GatePolicyValidator().Validate(policy).Errors;
        faults.ShouldAllBe(f => f.CustomState is string);
        return [.. faults.Select(f => f.ErrorMessage)];
    }
}
