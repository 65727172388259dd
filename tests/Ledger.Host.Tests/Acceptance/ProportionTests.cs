using Ledger.TestKit;

namespace Ledger.Host.Tests.Acceptance;

public sealed class ProportionTests
{
    /// <summary>The intervals without continuity correction that statistics packages and Newcombe (1998), table I, give.</summary>
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    [InlineData(29, 29, 0.8830, 1)]
    [InlineData(0, 0, 0, 1)]
    public void The_interval_is_Wilsons(int count, int of, double low, double high)
    {
        var (from, to) = new Proportion(count, of).Wilson;
        from.ShouldBe(low, 5e-5);
        to.ShouldBe(high, 5e-5);
    }
}
