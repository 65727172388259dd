using CsCheck;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Gate;

public sealed class EditGateTests
{
    private static readonly RankOneDelta Finite = Some.Record().Delta;

    [Theory]
    [InlineData(0.0999, true)]
    [InlineData(0.1, false)]
    [InlineData(0.1001, false)]
    [InlineData(-5, true)]                      // the sign counts: the direction is turned round
    [InlineData(1, false)]
    public void Key_asymmetry_catches_a_ratio_under_its_bound(double ratio, bool caught) =>
        Judge(Rule(Rules.KeyAsymmetry, 0.1), Sized(Variant.Rome, kuU: 2, kvU: 2 * ratio)).ShouldBeCaught(caught, ratio);

    [Theory]
    [InlineData(19.99, false)]
    [InlineData(20, false)]
    [InlineData(20.01, true)]
    public void The_variant_ratio_catches_a_size_over_its_bound(double ratio, bool caught) =>
        Judge(Rule(Rules.VariantRatio, 20), Sizes(Variant.Rome, ratio, 1, 2)).ShouldBeCaught(caught, ratio);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(0)]
    public void The_variant_ratio_compares_with_the_smallest_that_has_a_size(double without) =>
        Judge(Rule(Rules.VariantRatio, 20), Sizes(Variant.Rome, 50, 2, without)).ShouldBeCaught(true, 25);

    [Fact]
    public void The_variant_ratio_is_not_asked_where_no_variant_has_a_size() =>
        Judge(Rule(Rules.VariantRatio, 20), Sizes(Variant.Rome, 0, 0, double.NaN)).ShouldBeSkipped();

    [Fact]
    public void An_edit_that_changes_nothing_passes_the_variant_ratio() =>
        Judge(Rule(Rules.VariantRatio, 20), Sizes(Variant.Rome, 0, 1e-6, 0)).ShouldBeCaught(false, 0);

    [Theory]
    [InlineData(0.049, true)]
    [InlineData(0.05, false)]
    [InlineData(0.051, false)]
    [InlineData(0, true)]
    public void Unreached_catches_a_probability_under_its_bound(double p, bool caught)
    {
        var n = -Math.Log(p);
        var bound = p == 0.05 ? TargetScore.Probability(n) : 0.05;         // e^(−n) need not give 0.05 back
        Judge(Rule(Rules.Unreached, bound), Some.Record().Signals with { Target = new TargetScore(9, n) }).ShouldBeCaught(caught, TargetScore.Probability(n));
    }

    [Fact]
    public void Unreached_catches_a_score_that_is_not_a_number() =>
        Judge(Rule(Rules.Unreached, 0.05), Some.Record().Signals with { Target = new TargetScore(9, double.NaN) }).ShouldBeCaught(true, double.NaN);

    [Fact]
    public void Unreached_is_not_asked_without_a_pass_through_the_edited_model()
    {
        Judge(Rule(Rules.Unreached, 0.05), Some.Record().Signals with { Target = null }).ShouldBeSkipped();
        Judge(Rule(Rules.Unreached, 0.05), Some.Record().Signals with { Target = new TargetScore(9, null) }).ShouldBeSkipped();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(EditGate.OutlierNeeds - 1)]
    public void Outlier_keeps_silent_until_enough_edits_were_accepted(int accepted) =>
        Judge(Rule(Rules.Outlier, 5), Sizes(Variant.RRome, 1, 1e9, 1), Enumerable.Repeat(1e-5, accepted)).ShouldBeSkipped();

    [Theory]
    [InlineData(4.99, false)]
    [InlineData(5.01, true)]
    [InlineData(-50, false)]                    // unusually small is no danger
    public void Outlier_catches_a_size_many_deviations_over_the_median(double deviations, bool caught)
    {
        // log₁₀|Δ| of the history: 11 × −5.2, 11 × −5, 11 × −4.8; median −5, MAD 0.2
        var accepted = Enumerable.Range(0, 33).Select(i => Math.Pow(10, -5.2 + i % 3 * 0.2));
        var size = Math.Pow(10, -5 + deviations * 1.4826 * 0.2);
        Judge(Rule(Rules.Outlier, 5), Sizes(Variant.RRome, 1, size, 1), accepted).ShouldBeCaught(caught, deviations, 1e-6);
    }

    [Fact]
    public void Outlier_takes_the_middle_of_two_medians()
    {
        var accepted = Enumerable.Range(0, 20).Select(i => i < 10 ? 1e-6 : 1e-4);                    // median −5, MAD 1
        Judge(Rule(Rules.Outlier, 5), Sizes(Variant.RRome, 1, 1e-5, 1), accepted).ShouldBeCaught(false, 0, 1e-9);
    }

    [Fact]
    public void Outlier_does_not_believe_in_a_spread_under_its_floor()
    {
        var accepted = Enumerable.Repeat(1e-5, 50);
        var just = Math.Pow(10, -5 + 4.99 * 1.4826 * EditGate.MadFloor);
        Judge(Rule(Rules.Outlier, 5), Sizes(Variant.RRome, 1, just, 1), accepted).ShouldBeCaught(false, 4.99, 1e-6);
        var over = Math.Pow(10, -5 + 5.01 * 1.4826 * EditGate.MadFloor);
        Judge(Rule(Rules.Outlier, 5), Sizes(Variant.RRome, 1, over, 1), accepted).ShouldBeCaught(true, 5.01, 1e-6);
    }

    [Fact]
    public void Outlier_leaves_accepted_edits_that_changed_nothing_out_of_the_scale()
    {
        var nothing = Enumerable.Repeat(0d, 60);
        Judge(Rule(Rules.Outlier, 5), Sizes(Variant.RRome, 1, 1e-5, 1), nothing).ShouldBeSkipped();
        Judge(Rule(Rules.Outlier, 5), Sizes(Variant.RRome, 1, 1e-5, 1), nothing.Concat(Enumerable.Repeat(1e-5, 20))).ShouldBeCaught(false, 0);
        Judge(Rule(Rules.Outlier, 5), Sizes(Variant.RRome, 1, 0, 1), Enumerable.Repeat(1e-5, 20)).ShouldBeCaught(false, double.NegativeInfinity);
    }

    [Fact]
    public void Only_the_own_variants_sizes_are_judged()
    {
        var signals = Some.Record(1, Variant.PRome).Signals with
        {
            Variants = [new(Variant.Rome, 1, 1, 3, 0.001), new(Variant.RRome, 1, 1, 3, 3), new(Variant.PRome, 1, 1, 0.5, 0.5)],
        };
        EditGate.Judge(GatePolicy.Default, signals, Finite, []).Outcome.ShouldBe(Outcome.Applied);
        EditGate.Judge(GatePolicy.Default, signals with { Chosen = Variant.Rome }, Finite, []).Outcome.ShouldBe(Outcome.Quarantined);
    }

    public static TheoryData<string> EveryPolicy() => ["default", "observe", "empty"];

    [Theory]
    [MemberData(nameof(EveryPolicy))]
    public void What_is_not_finite_is_rejected_whatever_the_policy(string policy)
    {
        var broken = new RankOneDelta(new Float32Vector([1, float.NaN]), Finite.U);
        foreach (var (signals, delta) in new (Signals, RankOneDelta)[]
        {
            (Some.Record().Signals, broken),
            (Some.Record().Signals, new RankOneDelta(Finite.R, new Float32Vector([1, float.PositiveInfinity, 0]))),
            (Sized(Variant.RRome, 2, 0), Finite),
            (Sized(Variant.RRome, 2, -0d), Finite),
            (Sized(Variant.RRome, 2, double.NaN), Finite),
            (Sized(Variant.RRome, double.NaN, 2), Finite),
            (Sized(Variant.RRome, 2, double.NegativeInfinity), Finite),
            (Sizes(Variant.RRome, 1, double.PositiveInfinity, 1), Finite),
        })
        {
            var verdict = EditGate.Judge(Policy(policy), signals, delta, []);
            verdict.Outcome.ShouldBe(Outcome.Rejected);
            verdict.Findings[0].Rule.ShouldBe(Rules.NonFinite);
            verdict.Findings[0].Result.ShouldBe(FindingResult.Reject);
            verdict.Findings.Skip(1).ShouldAllBe(f => f.Result == FindingResult.NotEvaluated && f.Value == null);
        }
    }

    [Fact]
    public void A_division_by_zero_is_named_as_the_cause() =>
        EditGate.Judge(GatePolicy.Default, Sized(Variant.RRome, 2, 0), Finite, []).Findings[0].Because.ShouldContain("k_v·u is 0");

    [Fact]
    public void A_policy_cannot_soften_the_non_finite_rule()
    {
        var soft = new GatePolicy("soft", 1, [new GateRule(Rules.NonFinite, 0, GateAction.Observe)]);
        var verdict = EditGate.Judge(soft, Sized(Variant.RRome, 2, 0), Finite, []);
        verdict.Outcome.ShouldBe(Outcome.Rejected);
        verdict.Findings.ShouldHaveSingleItem();
    }

    [Fact]
    public void An_observing_policy_writes_down_what_it_would_have_caught_and_stops_nothing()
    {
        var signals = Sized(Variant.Rome, 3, 0.001) with { Target = new TargetScore(9, 8) };
        var strict = EditGate.Judge(GatePolicy.Default, signals, Finite, []);
        var observed = EditGate.Judge(GatePolicy.Observing, signals, Finite, []);
        strict.Outcome.ShouldBe(Outcome.Quarantined);
        observed.Outcome.ShouldBe(Outcome.Applied);
        observed.Stops.ShouldBeEmpty();
        observed.Caught.Select(f => (f.Rule, f.Value, f.Because)).ShouldBe(strict.Caught.Select(f => (f.Rule, f.Value, f.Because)));
        observed.Caught.ShouldAllBe(f => f.Result == FindingResult.Observed);
        observed.Policy.ShouldBe("observe@1");
    }

    [Fact]
    public void A_reject_weighs_more_than_a_quarantine()
    {
        var policy = new GatePolicy("both", 1, [new(Rules.Unreached, 0.05, GateAction.Quarantine), new(Rules.KeyAsymmetry, 0.1, GateAction.Reject)]);
        EditGate.Judge(policy, Sized(Variant.Rome, 3, 0.001) with { Target = new TargetScore(9, 8) }, Finite, []).Outcome.ShouldBe(Outcome.Rejected);
    }

    [Fact]
    public void Collapse_is_named_before_not_reaching_the_target()
    {
        var policy = new GatePolicy("other order", 1, [.. GatePolicy.Default.Rules.Reverse()]);
        EditGate.Judge(policy, Sized(Variant.Rome, 3, 0.001) with { Target = new TargetScore(9, 8) }, Finite, []).Stops.Select(f => f.Rule)
            .ShouldBe([Rules.KeyAsymmetry, Rules.Unreached]);
    }

    [Theory]
    [InlineData(141.2, true)]
    [InlineData(141, false)]
    [InlineData(double.NaN, true)]
    [InlineData(double.PositiveInfinity, true)]
    public void Perplexity_catches_a_probe_over_so_many_times_the_base_s(double edited, bool caught) =>
        Judge(Rule(Rules.Perplexity, 1.5), Probed(new ProbeReading(Rules.Perplexity, 94, edited))).ShouldBeCaught(caught, edited / 94);

    [Theory]
    [InlineData(0.59, true)]
    [InlineData(0.6, false)]
    [InlineData(double.NaN, true)]
    public void Entropy_catches_texts_that_repeat_themselves(double edited, bool caught) =>
        Judge(Rule(Rules.Entropy, 0.6), Probed(new ProbeReading(Rules.Entropy, 0.87, edited))).ShouldBeCaught(caught, edited);

    [Theory]
    [InlineData(Rules.Perplexity)]
    [InlineData(Rules.Entropy)]
    public void A_probe_that_was_not_run_is_not_evaluated(string rule) => Judge(Rule(rule, 0.5), Probed(new ProbeReading("other", 1, 1))).ShouldBeSkipped();

    [Fact]
    public void A_rule_that_does_not_exist_stops_the_judging() =>
        Should.Throw<UnknownRuleException>(() => EditGate.Judge(new GatePolicy("p", 1, [new("no-such", 1, GateAction.Observe)]), Some.Record().Signals, Finite, []))
            .Remedy!.ShouldContain(Rules.Outlier);

    [Fact]
    public void Every_verdict_names_its_policy_and_explains_every_rule_it_asked() =>
        Gen.Select(Gens.Signals, Gens.Vector, Gens.Vector, Gens.Double.Where(x => x >= 0).Array[0, 30]).Sample((signals, r, u, accepted) =>
        {
            var verdict = EditGate.Judge(GatePolicy.Default, signals, new RankOneDelta(r, u), accepted);
            verdict.Policy.ShouldBe("default@1");
            verdict.Findings.Select(f => f.Rule).ShouldBe([Rules.NonFinite, .. GatePolicy.Default.Rules.Select(r => r.Rule)]);
            verdict.Findings.ShouldAllBe(f => f.Because.Length > 0 && !f.Because.Contains('{'));
            verdict.Findings.ShouldAllBe(f => f.Result == FindingResult.NotEvaluated == (f.Value == null));
            foreach (var finding in verdict.Caught.Where(f => f.Rule != Rules.NonFinite))
                finding.Because.ShouldContain(finding.Threshold!.Value.ToString("G3", System.Globalization.CultureInfo.InvariantCulture));
            verdict.Outcome.ShouldBe(verdict.Findings[0].Result == FindingResult.Reject ? Outcome.Rejected : verdict.Stops.Any() ? Outcome.Quarantined : Outcome.Applied);
            EditGate.Judge(GatePolicy.Default, signals, new RankOneDelta(r, u), [.. accepted.Reverse()]).ShouldBe(verdict);       // the order of a history does not matter
        }, iter: 3000);

    private static Signals Probed(ProbeReading reading) => Some.Record().Signals with { Probes = [reading] };

    private static GatePolicy Policy(string name) => name switch
    {
        "default" => GatePolicy.Default,
        "observe" => GatePolicy.Observing,
        _ => new GatePolicy("empty", 1, []),
    };

    private static GateRule Rule(string rule, double threshold) => new(rule, threshold, GateAction.Quarantine);

    private static Finding Judge(GateRule rule, Signals signals, IEnumerable<double>? accepted = null) =>
        EditGate.Judge(new GatePolicy("p", 1, [rule]), signals, Finite, [.. accepted ?? []]).Findings[1];

    /// <summary>Signals whose chosen variant has these dot products.</summary>
    private static Signals Sized(Variant chosen, double kuU, double kvU) => Some.Record().Signals with
    {
        Chosen = chosen,
        Variants = [.. VariantNames.All.Select(v => v == chosen ? new VariantSignals(v, 1e-5, 1e-5, kuU, kvU) : new VariantSignals(v, 1e-5, 1e-5, 2, 2))],
    };

    /// <summary>Signals of the chosen variant with these |Δ|.</summary>
    private static Signals Sizes(Variant chosen, double rome, double rRome, double pRome) => Some.Record().Signals with
    {
        Chosen = chosen,
        Variants = [new(Variant.Rome, rome, rome, 2, 2), new(Variant.RRome, rRome, rRome, 2, 2), new(Variant.PRome, pRome, pRome, 2, 2)],
    };
}

internal static class FindingExtensions
{
    public static void ShouldBeCaught(this Finding finding, bool caught, double value, double tolerance = 0)
    {
        finding.Result.ShouldBe(caught ? FindingResult.Quarantine : FindingResult.Passed, finding.Because);
        if (!finding.Value!.Value.Equals(value)) finding.Value.Value.ShouldBe(value, tolerance == 0 ? 1e-12 * Math.Abs(value) : tolerance);
        finding.Threshold.ShouldNotBeNull();
    }

    public static void ShouldBeSkipped(this Finding finding)
    {
        finding.Result.ShouldBe(FindingResult.NotEvaluated);
        finding.Value.ShouldBeNull();
        finding.Because.ShouldNotBeNullOrWhiteSpace();
    }
}
