using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

public sealed class DelimiterCutTests
{
    [Theory]
    [InlineData("Isolated", "the|-|last|-|-|man|-")]
    [InlineData("Removed", "the|last|man")]
    [InlineData("MergedWithPrevious", "the-|last-|-|man-")]
    [InlineData("MergedWithNext", "the|-last|-|-man|-")]
    [InlineData("Contiguous", "the|-|last|--|man|-")]
    public void What_becomes_of_a_delimiter_is_what_its_behaviour_says(string behavior, string pieces) => Cut("the-last--man-", behavior).ShouldBe(pieces.Split('|'));

    [Theory]
    [InlineData("Isolated", "-|the|--|last")]
    [InlineData("Removed", "the|last")]
    [InlineData("MergedWithPrevious", "-|the--|last")]
    [InlineData("MergedWithNext", "-the|--last")]
    [InlineData("Contiguous", "-|the|--|last")]
    public void Inverted_what_is_found_is_the_text_and_what_stands_between_the_delimiters(string behavior, string pieces) =>
        new DelimiterCut(Words, Enum.Parse<DelimiterBehavior>(behavior), invert: true).Cut("-the--last").ShouldBe(pieces.Split('|'));

    [Fact]
    public void A_delimiter_at_the_beginning_has_nothing_before_it_to_be_joined_to()
    {
        Cut("--a", "MergedWithPrevious").ShouldBe(["-", "-", "a"]);
        Cut("a--", "MergedWithNext").ShouldBe(["a", "-", "-"]);
        Cut("--", "Removed").ShouldBeEmpty();
        Cut("a", "Contiguous").ShouldBe(["a"]);
    }

    [Fact]
    public void Digits_are_cut_off_one_by_one_or_in_runs()
    {
        DelimiterCut.Digits(individual: true).Cut("in 1984 or 𝟙²").ShouldBe(["in ", "1", "9", "8", "4", " or ", "𝟙", "²"]);
        DelimiterCut.Digits(individual: false).Cut("in 1984 or 𝟙²").ShouldBe(["in ", "1984", " or ", "𝟙²"]);
    }

    [Fact]
    public void A_delimiter_of_several_characters_is_found_from_the_left()
    {
        DelimiterCut.Each("aa", "aaaba").ShouldBe([(0, 2)]);
        DelimiterCut.Each("𝕏", "𝕏b𝕏").ShouldBe([(0, 2), (3, 5)]);
    }

    private static IEnumerable<string> Cut(string text, string behavior) =>
        new DelimiterCut(within => DelimiterCut.Each("-", within), Enum.Parse<DelimiterBehavior>(behavior), invert: false).Cut(text);

    private static IEnumerable<(int, int)> Words(string text)
    {
        for (int begin = 0, end; begin < text.Length; begin = end)
        {
            end = begin + 1;
            if (text[begin] == '-') continue;
            while (end < text.Length && text[end] != '-') end++;
            yield return (begin, end);
        }
    }
}
