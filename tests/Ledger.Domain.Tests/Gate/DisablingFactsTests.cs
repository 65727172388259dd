using System.Globalization;
using System.Text.Json;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Gate;

/// <summary>The default policy on the reference's disabling facts and ordinary ones, each edited alone under each variant.</summary>
public sealed class DisablingFactsTests
{
    private static readonly RankOneDelta Finite = Some.Record().Delta;

    [Fact]
    public void Under_ROME_each_fact_that_more_than_doubled_perplexity_is_stopped_for_collapse() => With((facts, basePerplexity) =>
    {
        var doubled = facts.Where(f => f.Perplexity(Variant.Rome) > 2 * basePerplexity).ToArray();
        doubled.ShouldNotBeEmpty();
        foreach (var fact in doubled)
        {
            var verdict = fact.Judge(Variant.Rome, []);
            verdict.Outcome.ShouldBe(Outcome.Quarantined, fact.Subject);
            verdict.Stops.ShouldContain(f => Rules.IsCollapse(f.Rule), fact.Subject);
        }
        Print("ROME, perplexity more than doubled", doubled, Variant.Rome);
    });

    [Theory]
    [InlineData(Variant.RRome)]
    [InlineData(Variant.PRome)]
    public void Under_r_ROME_and_p_ROME_no_fact_is_stopped_for_collapse_but_disabling_ones_are_unreached(Variant variant) => With((facts, _) =>
    {
        foreach (var fact in facts) fact.Judge(variant, []).Stops.ShouldNotContain(f => Rules.IsCollapse(f.Rule), fact.Subject);
        var disabling = facts.Where(f => f.Kind == "suspicious").ToArray();
        var unreached = disabling.Count(f => f.Judge(variant, []).Stops.Any(s => s.Rule == Rules.Unreached));
        TestContext.Current.TestOutputHelper?.WriteLine($"{variant.Name()}: {unreached} of {disabling.Length} disabling facts unreached");
        unreached.ShouldBeGreaterThan(0);
        Print(variant.Name(), facts, variant);
    });

    [Fact]
    public void Ordinary_facts_are_stopped_for_collapse_under_no_variant() => With((facts, _) =>
    {
        var ordinary = facts.Where(f => f.Kind == "ordinary").ToArray();
        ordinary.ShouldNotBeEmpty();
        foreach (var fact in ordinary)
            foreach (var variant in VariantNames.All)
                fact.Judge(variant, []).Stops.ShouldNotContain(f => Rules.IsCollapse(f.Rule), $"{fact.Subject} {variant}");
        Print("ROME, ordinary", ordinary, Variant.Rome);
    });

    [Fact]
    public void With_a_sequential_run_behind_them_still_none_of_those_is_stopped_as_an_outlier() => With((facts, basePerplexity) =>
    {
        var history = History();
        int doubled = 0, caught = 0;
        foreach (var variant in VariantNames.All)
            foreach (var fact in facts)
            {
                var outlier = fact.Judge(variant, history[variant]).Findings.Single(f => f.Rule == Rules.Outlier);
                outlier.Result.ShouldNotBe(FindingResult.NotEvaluated);
                if (fact.Kind == "ordinary" || variant != Variant.Rome) outlier.Result.ShouldBe(FindingResult.Passed, $"{fact.Subject} {variant}");
                if (!(fact.Perplexity(variant) > 2 * basePerplexity)) continue;
                doubled++;
                if (outlier.Result == FindingResult.Quarantine) caught++;
            }
        TestContext.Current.TestOutputHelper?.WriteLine($"the outlier rule alone catches {caught} of {doubled} that more than doubled perplexity");
        caught.ShouldBeGreaterThan(0);
    });

    [Fact]
    public void A_run_of_ordinary_edits_is_let_through_by_the_outlier_rule()
    {
        int asked = 0, caught = 0;
        var largest = double.NegativeInfinity;
        foreach (var (variant, sizes) in History())
            for (var i = 0; i < sizes.Length; i++)
            {
                var signals = Some.Record(1, variant).Signals with { Variants = [.. VariantNames.All.Select(v => new VariantSignals(v, sizes[i], sizes[i], 1, 1))] };
                var outlier = EditGate.Judge(GatePolicy.Default, signals, Finite, sizes[..i]).Findings.Single(f => f.Rule == Rules.Outlier);
                if (i < EditGate.OutlierNeeds) outlier.Result.ShouldBe(FindingResult.NotEvaluated);
                else asked++;
                if (outlier.Result == FindingResult.Quarantine) caught++;
                largest = Math.Max(largest, outlier.Value ?? largest);
            }
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{caught} of {asked} stopped; largest deviation {largest:f2}"));
        asked.ShouldBeGreaterThan(0);
        (100 * caught).ShouldBeLessThanOrEqualTo(2 * asked);
    }

    [Fact]
    public void A_probe_s_perplexity_tells_the_edits_that_doubled_it_from_ordinary_ones() => With((facts, basePerplexity) =>
    {
        var policy = new GatePolicy("probing", 1, [new GateRule(Rules.Perplexity, 1.5, GateAction.Quarantine)]);
        int doubled = 0, ordinary = 0;
        foreach (var fact in facts)
            foreach (var variant in VariantNames.All.Where(v => !double.IsNaN(fact.Perplexity(v))))
            {
                var signals = Some.Record(1, variant).Signals with { Probes = [new ProbeReading(Rules.Perplexity, basePerplexity, fact.Perplexity(variant))] };
                var caught = EditGate.Judge(policy, signals, Finite, []).Outcome == Outcome.Quarantined;
                if (fact.Perplexity(variant) > 2 * basePerplexity) doubled += Caught(caught, true, fact);
                if (fact.Kind == "ordinary" || variant != Variant.Rome) ordinary += Caught(caught, false, fact);
            }
        TestContext.Current.TestOutputHelper?.WriteLine($"{doubled} that more than doubled perplexity caught, {ordinary} others let through");
        doubled.ShouldBeGreaterThan(0);
        ordinary.ShouldBeGreaterThan(0);

        static int Caught(bool caught, bool expected, Fact fact)
        {
            caught.ShouldBe(expected, fact.Subject);
            return 1;
        }
    });

    private static void With(Action<Fact[], double> holds)
    {
        var lines = File.ReadLines(Shared.RequireGolden("smollm2", "disabling_edits.jsonl")).Where(l => l.Length > 0).Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        var basePerplexity = lines.Single(l => l.GetProperty("kind").GetString() == "base").GetProperty("me_ppl").GetDouble();
        holds([.. lines.Where(l => l.GetProperty("kind").GetString() != "base").Select(l => new Fact(l))], basePerplexity);
    }

    /// <summary>|Δ| of each variant's sequential run, in order.</summary>
    private static Dictionary<Variant, double[]> History() =>
        ReferenceTable.Read(Shared.RequireGolden("smollm2", "sequential.csv")).Where(r => r["abs_delta"].Length > 0).GroupBy(r => r["variant"])
            .ToDictionary(g => VariantNames.TryParse(g.Key, out var v) ? v : throw new FormatException(g.Key), g => g.Select(r => double.Parse(r["abs_delta"], CultureInfo.InvariantCulture)).ToArray());

    private static void Print(string what, IReadOnlyCollection<Fact> facts, Variant variant)
    {
        var findings = facts.SelectMany(f => f.Judge(variant, []).Findings).Where(f => f.Value is not null).ToLookup(f => f.Rule, f => f.Value!.Value);
        foreach (var rule in new[] { Rules.KeyAsymmetry, Rules.VariantRatio, Rules.Unreached })
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what}: {rule} from {findings[rule].Min():g3} to {findings[rule].Max():g3} over {facts.Count} facts"));
    }

    private sealed class Fact(JsonElement line)
    {
        public string Kind => line.GetProperty("kind").GetString()!;

        public string Subject => line.GetProperty("subject").GetString()!;

        /// <summary>NaN where it was not measured.</summary>
        public double Perplexity(Variant variant) => Of(variant).TryGetProperty("me_ppl", out var p) && p.ValueKind == JsonValueKind.Number ? p.GetDouble() : double.NaN;

        public Verdict Judge(Variant variant, double[] accepted) => EditGate.Judge(GatePolicy.Default, Signals(variant), Finite, accepted);

        private Signals Signals(Variant chosen) => new(
            chosen,
            [.. VariantNames.All.Select(v => new VariantSignals(v, Number(v, "abs_delta"), Number(v, "abs_delta"), Number(v, "ku_u"), Number(v, "kv_u")))],
            line.GetProperty("cos").GetDouble(),
            line.GetProperty("delta_norm").GetDouble() / line.GetProperty("m0_norm").GetDouble(),
            [],
            new TargetScore(-Math.Log(line.GetProperty("before").GetProperty("p_new").GetDouble()), -Math.Log(Number(chosen, "p_new"))),
            null,
            []);

        private double Number(Variant variant, string name) => Of(variant).GetProperty(name).GetDouble();

        private JsonElement Of(Variant variant) => line.GetProperty(variant.Name());
    }
}
