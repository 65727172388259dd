using Ledger.Engine.Generation;

namespace Ledger.Engine.Tests.Generation;

public sealed class SeededSamplerTests
{
    private static readonly float[] Logits = [0.5f, 3, -1, 2, 2, 0, 1, -7];

    [Fact]
    public void A_seed_gives_the_same_tokens_again_and_another_seed_others()
    {
        Drawn(seed: 42, k: 5, count: 50).ShouldBe(Drawn(seed: 42, k: 5, count: 50));
        Drawn(seed: 43, k: 5, count: 50).ShouldNotBe(Drawn(seed: 42, k: 5, count: 50));
    }

    /// <summary>The published first numbers for seed 0 are e220a839…, 6e789e6a…, 06c45d18…, f88bb8a8…: their upper two bits choose among four equals.</summary>
    [Fact]
    public void The_numbers_are_SplitMix64s()
    {
        var sampler = new SeededSampler(0);
        Enumerable.Range(0, 4).Select(_ => sampler.Sample([1, 1, 1, 1], 4)).ShouldBe([3, 1, 0, 3]);
    }

    [Fact]
    public void Only_the_k_largest_are_drawn_and_of_equals_the_first()
    {
        Drawn(seed: 1, k: 1, count: 100).Distinct().ShouldBe([1]);
        Drawn(seed: 1, k: 2, count: 500).Distinct().Order().ShouldBe([1, 3]);
        Drawn(seed: 1, k: 4, count: 5000).Distinct().Order().ShouldBe([1, 3, 4, 6]);
        Drawn(seed: 1, k: 20, count: 20).ShouldBeSubsetOf(Enumerable.Range(0, Logits.Length));
    }

    [Fact]
    public void Each_is_drawn_as_often_as_its_probability_among_the_k_says()
    {
        const int count = 20_000;
        var drawn = Drawn(seed: 7, k: 5, count).CountBy(id => id).ToDictionary();
        int[] top = [1, 3, 4, 6, 0];
        var sum = top.Sum(id => Math.Exp(Logits[id]));
        drawn.Keys.Order().ShouldBe(top.Order());
        // Four standard deviations of a count.
        foreach (var id in top)
        {
            var p = Math.Exp(Logits[id]) / sum;
            ((double)drawn[id] / count).ShouldBe(p, 4 * Math.Sqrt(p * (1 - p) / count), $"token {id}");
        }
    }

    [Fact]
    public void Logits_too_large_for_an_exponential_are_no_trouble()
    {
        var sampler = new SeededSampler(5);
        Enumerable.Range(0, 200).Select(_ => sampler.Sample([1e30f, float.NegativeInfinity, 1e30f, -1e30f], 3)).Distinct().Order().ShouldBe([0, 2]);
    }

    private static List<int> Drawn(long seed, int k, int count)
    {
        var sampler = new SeededSampler(seed);
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Sample(Logits, k))];
    }
}
