using CsCheck;
using Ledger.TestKit;

namespace Ledger.Domain.Tests;

public sealed class Float32VectorTests
{
    [Fact]
    public void Vectors_are_equal_when_every_bit_is()
    {
        new Float32Vector([float.NaN, 0f]).ShouldBe(new Float32Vector([float.NaN, 0f]));
        new Float32Vector([0f]).ShouldNotBe(new Float32Vector([-0f]));
        new Float32Vector([BitConverter.UInt32BitsToSingle(0x7fc00001)]).ShouldNotBe(new Float32Vector([BitConverter.UInt32BitsToSingle(0x7fc00002)]));
        new Float32Vector([1f]).ShouldNotBe(new Float32Vector([1f, 0f]));
    }

    [Fact]
    public void Bytes_are_little_endian_and_come_back_bit_for_bit()
    {
        new Float32Vector([1f, -2f]).Bytes.ToArray().ShouldBe([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
        Gens.Vector.Sample(v => Float32Vector.FromBytes(v.Bytes).Equals(v) && Float32Vector.FromBytes(v.Bytes).GetHashCode() == v.GetHashCode());
        Should.Throw<FormatException>(() => Float32Vector.FromBytes([1, 2, 3]));
    }

    [Fact]
    public void A_vector_is_finite_when_every_value_is()
    {
        // Lengths around the widths of a vector register; the bad value at every place.
        for (var length = 0; length < 40; length++)
        {
            var values = new float[length];
            values.AsSpan().Fill(float.MaxValue);
            new Float32Vector(values).IsFinite().ShouldBeTrue();
            foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, BitConverter.UInt32BitsToSingle(0xffffffff) })
                for (var i = 0; i < length; i++)
                {
                    var spoiled = values.ToArray();
                    spoiled[i] = bad;
                    new Float32Vector(spoiled).IsFinite().ShouldBeFalse($"{bad} at {i} of {length}");
                }
        }
        Gens.Vector.Sample(v => v.IsFinite() == v.Span.ToArray().All(float.IsFinite));
    }

    [Fact]
    public void A_dot_product_is_summed_in_float64_in_index_order()
    {
        new Float32Vector([1e8f, 1f, -1e8f]).Dot(new Float32Vector([1e8f, 1f, 1e8f])).ShouldBe(0);           // 1e16 + 1 is 1e16 in float64
        new Float32Vector([1e4f, 1f, -1e4f]).Dot(new Float32Vector([1e4f, 1f, 1e4f])).ShouldBe(1);           // in float32 it would be 0
        new Float32Vector([3f, 4f]).Norm().ShouldBe(5);
        Should.Throw<ShapeException>(() => new Float32Vector([1f]).Dot(new Float32Vector([1f, 2f]))).Actual.ShouldBe(2);
    }

    [Fact]
    public void What_was_handed_in_is_copied()
    {
        float[] values = [1f, 2f];
        var vector = new Float32Vector(values);
        values[0] = 9f;
        vector[0].ShouldBe(1f);
    }
}
