using Ledger.Domain;
using Ledger.Projections.Numerics;

namespace Ledger.Projections.Tests.Numerics;

public sealed class RankOneSumsTests
{
    [Theory]
    [InlineData(1, 1, 0, 1)]
    [InlineData(7, 30, 3, 1)]
    [InlineData(511, 25, 0, 2)]
    [InlineData(1100, 49, 70, 2)]
    [InlineData(1100, 49, 70, 3)]
    public void Terms_are_added_in_order_with_the_bits_of_the_plain_loop_whatever_the_thread_count(int terms, int length, int from, int threads)
    {
        const int rows = 5;
        var random = new Random(terms + length);
        int strideA = Tile64.Padded(rows), strideC = Tile64.Padded(length);
        var a = new double[terms * strideA];
        foreach (ref var x in a.AsSpan()) x = random.NextDouble() - 0.5;
        Float32Vector[] b = [.. Enumerable.Range(0, terms).Select(_ => new Float32Vector([.. Enumerable.Range(0, length).Select(_ => random.NextSingle() - 0.5f)]))];
        var c = new double[strideA * strideC];
        foreach (ref var x in c.AsSpan()) x = random.NextDouble();
        var expected = c.ToArray();
        for (var t = from; t < terms; t++)
            for (var i = 0; i < rows; i++)
                for (var j = 0; j < length; j++) expected[i * strideC + j] += a[t * strideA + i] * b[t][j];

        RankOneSums.Add(c, strideC, new DotProducts(a, strideA), b, from, length, threads, TestContext.Current.CancellationToken);

        for (var i = 0; i < rows; i++)
            for (var j = 0; j < length; j++)
                BitConverter.DoubleToInt64Bits(c[i * strideC + j]).ShouldBe(BitConverter.DoubleToInt64Bits(expected[i * strideC + j]), $"row {i}, column {j}");
    }

    [Fact]
    public void A_vector_of_another_length_is_refused_and_nothing_is_added()
    {
        var c = new double[Tile64.Padded(1) * Tile64.Padded(2)];
        Should.Throw<ShapeException>(() => RankOneSums.Add(
            c, Tile64.Padded(2), new DotProducts([.. Enumerable.Repeat(1.0, 2 * Tile64.Padded(1))], Tile64.Padded(1)), [new Float32Vector([1, 2]), new Float32Vector([1])], 0, 2, TestContext.Current.CancellationToken));
        c.ShouldAllBe(x => x == 0);
    }
}
