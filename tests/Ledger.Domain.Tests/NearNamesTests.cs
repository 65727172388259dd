namespace Ledger.Domain.Tests;

public sealed class NearNamesTests
{
    private static readonly string[] Names = ["main", "main-r", "what-if", "b1"];

    [Theory]
    [InlineData("maim", "did you mean main?")]                  // a slip
    [InlineData("amin", "did you mean main?")]                  // two letters that changed places
    [InlineData("MAIN", "did you mean main, main-r?")]
    [InlineData("wat-if", "did you mean what-if?")]
    [InlineData("what", "did you mean what-if?")]               // the beginning
    [InlineData("what-if-2", "did you mean what-if?")]          // too much
    [InlineData("b2", "did you mean b1?")]
    [InlineData("c3", "there are b1, main, main-r, what-if")]   // two letters, both others
    [InlineData("elsewhere", "there are b1, main, main-r, what-if")]
    [InlineData("", "there are b1, main, main-r, what-if")]
    public void A_name_that_is_not_there_is_answered_with_those_near_it_or_with_all(string written, string suggested) =>
        NearNames.Suggest(written, Names, "there are").ShouldBe(suggested);

    [Fact]
    public void Of_many_names_a_dozen_are_said() =>
        NearNames.Suggest("x", Enumerable.Range(10, 40).Select(i => $"timeline-{i}"), "there are").ShouldEndWith("timeline-21 and 28 more");
}
