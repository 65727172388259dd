using Ledger.Engine.Statistics;

namespace Ledger.Engine.Tests.Statistics;

public sealed class CholeskyTests
{
    [Fact]
    public void The_factor_is_the_one_computed_by_hand() =>
        // [[4, 2], [2, 5]] and 0.5 · 9/2 on the diagonal: [[6.25, 2], [2, 7.25]].
        Cholesky.Factor([4, 2, 2, 5], 2, 0.5).ShouldNotBeNull().ShouldBe([2.5, 0, 0.8, Math.Sqrt(7.25 - 0.64)], 1e-12);

    [Fact]
    public void What_is_not_positive_definite_has_none()
    {
        Cholesky.Factor([1, 2, 2, 1], 2, 0).ShouldBeNull();
        Cholesky.Factor([float.NaN, 0, 0, 1], 2, 0).ShouldBeNull();
    }

    [Fact]
    public void Fewer_tokens_than_numbers_always_get_a_ridge_though_the_factorisation_goes_through()
    {
        Cholesky.SmallestRidge([1, 0, 0, 1], 2, tokens: 2).ShouldBe(0);
        Cholesky.SmallestRidge([1, 0, 0, 1], 2, tokens: 1).ShouldBe(1e-6);
    }

    [Fact]
    public void The_ridge_is_the_smallest_power_of_ten_that_helps()
    {
        // Eigenvalues 2.002 and −0.002: λ · trace/2 = λ must exceed 0.002.
        Cholesky.SmallestRidge([1, 1.002f, 1.002f, 1], 2, tokens: 100).ShouldBe(1e-2, 1e-12);
        Should.Throw<CorpusException>(() => Cholesky.SmallestRidge([0, 0, 0, 0], 2, tokens: 100)).Message.ShouldContain("cannot be factored with any ridge");
        Should.Throw<CorpusException>(() => Cholesky.SmallestRidge([float.NaN, 0, 0, 1], 2, tokens: 100)).Message.ShouldContain("not finite");
    }
}
