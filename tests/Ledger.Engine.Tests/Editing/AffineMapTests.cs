using Ledger.Domain;
using Ledger.Engine.Editing;

namespace Ledger.Engine.Tests.Editing;

public sealed class AffineMapTests
{
    [Fact]
    public void Every_row_is_summed_in_float64_and_rounded_once()
    {
        // In float32 1e8 + 1 − 1e8 is 0, and 1 + 2⁻²⁴ + 2⁻²⁴ is 1.
        var map = new AffineMap(new float[] { 1e8f, 1, -1e8f, 1, 5.9604645e-8f, 5.9604645e-8f }, [10, 0]);
        map.Apply(new Float32Vector([1, 1, 1])).Span.ToArray().ShouldBe([11f, 1.00000012f]);
    }

    [Fact]
    public void Without_a_bias_it_is_the_product_alone() =>
        new AffineMap(new float[] { 1, 2, 3, 4 }, null).Apply(new Float32Vector([10, 1])).Span.ToArray().ShouldBe([12f, 34f]);

    [Fact]
    public void A_vector_of_another_length_is_refused() =>
        Should.Throw<ShapeException>(() => new AffineMap(new float[6], null).Apply(new Float32Vector(new float[4])));
}
