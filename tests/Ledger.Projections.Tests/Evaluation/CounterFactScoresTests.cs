using System.Text.Json;
using CsCheck;
using Ledger.Projections.Evaluation;
using Ledger.TestKit;

namespace Ledger.Projections.Tests.Evaluation;

public sealed class CounterFactScoresTests
{
    private static readonly Gen<PromptScore[]> Prompts = Gen.Select(Gen.Double[0, 20], Gen.Double[0, 20], (n, t) => new PromptScore(n, t)).Array[1, 6];

    [Fact]
    public void Records_and_their_means_are_the_references()
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Shared.RequireGolden("tiny", "metrics", "aggregation.json")));
        var records = golden.RootElement.GetProperty("records").EnumerateArray().ToArray();
        var scores = records.Select(Of).ToArray();
        foreach (var (actual, expected) in scores.Zip(records)) ShouldBe(actual, expected);
        ShouldBe(CounterFactScores.Mean(scores), golden.RootElement.GetProperty("aggregate"));
        CounterFactScores.Mean(scores).S.ShouldBe(golden.RootElement.GetProperty("aggregate").GetProperty("S").GetDouble(), 1e-9);
    }

    [Theory]
    [InlineData("before")]
    [InlineData("after")]
    public void The_reference_models_records_and_their_means_too(string when)
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Shared.RequireGolden("tiny", "metrics", "counterfact.json")));
        var records = golden.RootElement.GetProperty("records").EnumerateArray().Select(r => r.GetProperty("scores").GetProperty(when)).ToArray();
        foreach (var record in records) ShouldBe(Of(record), record);
        var aggregate = golden.RootElement.GetProperty("aggregate").GetProperty(when);
        ShouldBe(CounterFactScores.Mean([.. records.Select(Of)]), aggregate);
        CounterFactScores.Mean([.. records.Select(Of)]).S.ShouldBe(aggregate.GetProperty("S").GetDouble(), 1e-9);
    }

    [Fact]
    public void A_tie_is_a_failure_on_both_sides()
    {
        var tie = new[] { new PromptScore(1.5, 1.5) };
        CounterFactScores.Of(tie, tie, tie).ShouldBe(new CounterFactScores(0, 0, 0, 0, 0, 0));
        CounterFactScores.Of(tie, tie, tie).S.ShouldBe(0);
    }

    [Fact]
    public void Targets_that_change_places_change_every_magnitudes_sign_and_success_into_failure() => Prompts.Sample(prompts =>
    {
        var swapped = prompts.Select(p => new PromptScore(p.True, p.New)).ToArray();
        var (a, b) = (CounterFactScores.Of(prompts, prompts, prompts), CounterFactScores.Of(swapped, swapped, swapped));
        a.EM.ShouldBe(-b.EM, 1e-9);
        a.NM.ShouldBe(-a.EM, 1e-9);
        (a.ES + a.NS).ShouldBeLessThanOrEqualTo(100 + 1e-9);
        b.ES.ShouldBe(a.NS, 1e-9);
        a.ES.ShouldBeInRange(0, 100);
        a.EM.ShouldBeInRange(-100, 100);
    });

    [Fact]
    public void The_harmonic_mean_lies_between_the_smallest_and_the_largest() => Gen.Double[0.1, 100].Array[3].Sample(x =>
        new CounterFactScores(x[0], 0, x[1], 0, x[2], 0).S.ShouldBeInRange(x.Min() - 1e-9, x.Max() + 1e-9));

    [Fact]
    public void A_record_without_paraphrases_does_not_count_for_their_mean()
    {
        var one = new[] { new PromptScore(1, 2) };
        var without = CounterFactScores.Of(one, [], one);
        without.PS.ShouldBe(double.NaN);
        CounterFactScores.Mean([without, CounterFactScores.Of(one, one, one)]).PS.ShouldBe(100);
        CounterFactScores.Mean([]).ES.ShouldBe(double.NaN);
    }

    private static CounterFactScores Of(JsonElement record)
    {
        var nll = record.GetProperty("nll");
        return CounterFactScores.Of(Prompts("rewrite"), Prompts("paraphrase"), Prompts("neighborhood"));

        PromptScore[] Prompts(string name) => [.. nll.GetProperty(name).EnumerateArray().Select(p => new PromptScore(p.GetProperty("target_new").GetDouble(), p.GetProperty("target_true").GetDouble()))];
    }

    private static void ShouldBe(CounterFactScores actual, JsonElement expected)
    {
        foreach (var (name, value) in new[] { ("ES", actual.ES), ("EM", actual.EM), ("PS", actual.PS), ("PM", actual.PM), ("NS", actual.NS), ("NM", actual.NM) })
            value.ShouldBe(expected.GetProperty(name).GetDouble(), 1e-9, name);
    }
}
