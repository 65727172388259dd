using System.Text.RegularExpressions;
using CsCheck;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

public sealed partial class ByteLevelCutTests
{
    [Theory]
    [InlineData("Hello world", "Hello| world")]
    [InlineData("it's they'll 'tis I'd we've", "it|'s| they|'ll| '|tis| I|'d| we|'ve")]
    [InlineData("a  b\n\n c", "a| | b|\n\n| c")]
    [InlineData("trailing  ", "trailing|  ")]
    [InlineData("x1²½y ٣", "x|1²½|y| ٣")]
    [InlineData("a_b--c!", "a|_|b|--|c|!")]
    [InlineData("\t tab", "\t| tab")]
    public void Words_are_cut_by_the_published_pattern(string text, string words) =>
        Words(text).ShouldBe(words.Split('|'));

    /// <summary>.NET's own regex agrees wherever no surrogate pair stands.</summary>
    [Fact]
    public void The_pattern_agrees_with_a_regex_on_every_text_without_surrogates() =>
        Gen.OneOf(
            Gen.String[Gen.Char["ab'stremvld 1²Ⅷ٣\t\n\r\u0085\u00a0\u2028\u3000éЖ中ªǅ_-.!\u200d\u0301"], 0, 12],
            Gen.String[Gen.Char.Where(c => !char.IsSurrogate(c)), 0, 12])
        .Sample(text => Words(text).ShouldBe(Published().Matches(text).Select(m => m.Value)), iter: 5000);

    [Theory]
    [InlineData("𝕏𝕐 𝟙𝟚 👩‍🔬", "𝕏𝕐| 𝟙𝟚| 👩‍🔬")]
    [InlineData("a𝕏1𝟙!👩", "a𝕏|1𝟙|!👩")]
    public void A_character_of_two_halves_is_a_letter_a_digit_or_neither_as_a_whole(string text, string words) => Words(text).ShouldBe(words.Split('|'));

    [Fact]
    public void Without_the_pattern_the_text_is_left_whole() =>
        new ByteLevelCut(addPrefixSpace: false, usePattern: false).Cut("in 1984, or").ShouldBe(["in 1984, or"]);

    [Theory]
    [InlineData("the man", " the| man")]
    [InlineData(" the man", " the| man")]
    [InlineData("\nthe", " |\n|the")]
    public void A_text_that_does_not_begin_with_a_space_gets_one(string text, string words) =>
        new ByteLevelCut(addPrefixSpace: true, usePattern: true).Cut(text).ShouldBe(words.Split('|'));

    private static IEnumerable<string> Words(string text) => new ByteLevelCut(addPrefixSpace: false, usePattern: true).Cut(text);

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Published();
}
