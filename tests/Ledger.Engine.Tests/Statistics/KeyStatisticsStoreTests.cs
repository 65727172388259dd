using System.Runtime.InteropServices;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tests.Golden;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Statistics;

public sealed class KeyStatisticsStoreTests : IDisposable
{
    private const int Dk = 12;

    private readonly TemporaryFolder folder = new();
    private readonly float[] c = Moment();
    private readonly KeyStatistics statistics;
    private readonly KeyStatisticsStore store;

    public KeyStatisticsStoreTests()
    {
        store = new KeyStatisticsStore(folder.Path);
        statistics = new KeyStatistics(Digest.Of(MemoryMarshal.AsBytes(c.AsSpan())), KeyStatisticsOrigin.Measured, default, ["text"], null, 1, 20, 512, 0.01, Dk);
        KeyStatisticsStore.Save(folder.Path, statistics.Digest, c, Dk, []);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.01)]
    [InlineData(10.0)]
    public void A_direction_solves_C_with_its_ridge_to_unit_length(double ridge)
    {
        var k = new Float32Vector([.. Enumerable.Range(0, Dk).Select(i => (float)Math.Sin(i + 1))]);
        var moment = store.Load(statistics with { Ridge = ridge });
        var u = moment.Direction(k);
        u.Norm().ShouldBe(1, 1e-6);
        var trace = Enumerable.Range(0, Dk).Sum(i => (double)c[i * Dk + i]);
        var back = Enumerable.Range(0, Dk).Select(i => Enumerable.Range(0, Dk).Sum(j => ((double)c[i * Dk + j] + (i == j ? ridge * trace / Dk : 0)) * u[j])).ToArray();
        var scale = k.Norm() / Math.Sqrt(back.Sum(x => x * x));
        var differences = new Differences();
        differences.Relative("(C + ridge) u against k", $"ridge {ridge}", back.Select(x => x * scale), [.. k.Span.ToArray().Select(x => (double)x)], 1e-4);
        differences.Check();
        Should.Throw<ShapeException>(() => moment.Direction(new Float32Vector(new float[Dk + 1]))).Expected.ShouldBe(Dk);
    }

    [Fact]
    public void A_missing_C_is_named_with_how_to_make_it_again()
    {
        File.Delete(KeyStatisticsStore.MatrixPath(folder.Path, statistics.Digest));
        Missing(statistics, $"C ({statistics.Digest.Short()}) is not in {folder.Path}");
    }

    [Fact]
    public void A_changed_or_torn_C_is_named_as_not_the_recorded_one()
    {
        var path = KeyStatisticsStore.MatrixPath(folder.Path, statistics.Digest);
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Missing(statistics, "is not the C that the ledger recorded");
        File.WriteAllBytes(path, bytes[..^4]);
        Missing(statistics, "is not the C that the ledger recorded");
        TinyModels.Write(path, [("D", c, [Dk, Dk])]);
        Missing(statistics, "is not the C that the ledger recorded");
    }

    [Fact]
    public void A_C_that_cannot_be_factored_is_named_with_its_ridge()
    {
        c.AsSpan().Clear();
        var zero = statistics with { Digest = Digest.Of(MemoryMarshal.AsBytes(c.AsSpan())), Ridge = 0 };
        KeyStatisticsStore.Save(folder.Path, zero.Digest, c, Dk, []);
        Missing(zero, "with ridge 0 cannot be factored");
    }

    [Fact]
    public void The_factor_beside_it_is_a_cache_that_can_be_lost_torn_or_of_another_ridge()
    {
        var k = new Float32Vector([.. Enumerable.Range(0, Dk).Select(i => 1f / (i + 1))]);
        var u = store.Load(statistics).Direction(k);
        var factor = Directory.GetFiles(folder.Path, "*.cholesky.safetensors").ShouldHaveSingleItem();
        store.Load(statistics).Direction(k).ShouldBe(u);                        // from the factor

        var whole = File.ReadAllBytes(factor);
        foreach (var bytes in (byte[][])[whole[..^1], [], [.. whole[..^1], (byte)(whole[^1] ^ 1)]])
        {
            File.WriteAllBytes(factor, bytes);
            store.Load(statistics).Direction(k).ShouldBe(u);
            File.ReadAllBytes(factor).ShouldBe(whole);                          // made again
        }
        store.Load(statistics with { Ridge = 1 }).Direction(k).ShouldNotBe(u);
        store.Load(statistics).Direction(k).ShouldBe(u);
        File.Delete(factor);
        store.Load(statistics).Direction(k).ShouldBe(u);
    }

    public void Dispose() => folder.Dispose();

    private void Missing(KeyStatistics of, string problem)
    {
        var refusal = Should.Throw<KeyStatisticsMissingException>(() => store.Load(of));
        refusal.Message.ShouldContain(problem);
        refusal.Remedy.ShouldNotBeNull().ShouldContain("ledger keystats");
    }

    /// <summary>Positive definite: a mean of k kᵀ over more seeded keys than numbers.</summary>
    private static float[] Moment()
    {
        var random = new Random(9);
        var c = new float[Dk * Dk];
        for (var n = 0; n < 3 * Dk; n++)
        {
            var k = Enumerable.Range(0, Dk).Select(_ => random.NextSingle() - 0.3f).ToArray();
            for (var i = 0; i < Dk; i++)
                for (var j = 0; j < Dk; j++) c[i * Dk + j] += k[i] * k[j] / (3 * Dk);
        }
        return c;
    }
}
