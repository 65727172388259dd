using Ledger.Domain;
using Ledger.Projections.Numerics;
using Ledger.Projections.Tests.Replay;

namespace Ledger.Projections.Tests.Numerics;

public sealed class PackedVectorsTests
{
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(3, 2, 13, 1)]
    [InlineData(12, 4, 511, 1)]
    [InlineData(13, 5, 512, 2)]
    [InlineData(72, 129, 513, 2)]
    [InlineData(73, 64, 1025, 3)]
    public void Every_product_has_the_bits_of_the_plain_dot_product_whatever_the_thread_count(int columns, int rows, int length, int threads)
    {
        var random = new SplitMix64((ulong)(columns * 1000 + length));
        Float32Vector[] packed = [.. Enumerable.Range(0, columns).Select(_ => Vector())], others = [.. Enumerable.Range(0, rows).Select(_ => Vector())];
        var dots = new PackedVectors(packed).Dots(others, threads, TestContext.Current.CancellationToken);
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++)
                BitConverter.DoubleToInt64Bits(dots[r, c]).ShouldBe(BitConverter.DoubleToInt64Bits(others[r].Dot(packed[c])), $"row {r}, column {c}");

        // Any finite float32, denormals and both zeros among them: sums over many binades, whose bits depend on the order.
        Float32Vector Vector() => Float32Vector.Create(length, span =>
        {
            foreach (ref var v in span) v = random.NextFinite();
        });
    }

    [Fact]
    public void No_rows_and_no_vectors_give_no_products()
    {
        new PackedVectors([new Float32Vector([1, 2])]).Dots([], TestContext.Current.CancellationToken).Values.ShouldBeEmpty();
        new PackedVectors([]).Dots([], TestContext.Current.CancellationToken).Values.ShouldBeEmpty();
    }

    [Fact]
    public void Another_length_is_refused()
    {
        Float32Vector two = new([1, 2]), three = new([1, 2, 3]);
        Should.Throw<ShapeException>(() => new PackedVectors([two, three]));
        Should.Throw<ShapeException>(() => new PackedVectors([two]).Dots([two, three], TestContext.Current.CancellationToken));
    }
}
