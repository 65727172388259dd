using System.Text.RegularExpressions;
using CsCheck;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

public sealed partial class ByteLevelPreTokenizerTests
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
        Words(DigitSplit.None, text).ShouldBe(words.Split('|'));

    /// <summary>.NET's own regex agrees wherever no surrogate pair stands.</summary>
    [Fact]
    public void The_pattern_agrees_with_a_regex_on_every_text_without_surrogates() =>
        Gen.OneOf(
            Gen.String[Gen.Char["ab'stremvld 1²Ⅷ٣\t\n\r\u0085\u00a0\u2028\u3000éЖ中ªǅ_-.!\u200d\u0301"], 0, 12],
            Gen.String[Gen.Char.Where(c => !char.IsSurrogate(c)), 0, 12])
        .Sample(text => Words(DigitSplit.None, text).ShouldBe(Published().Matches(text).Select(m => m.Value)), iter: 5000);

    [Theory]
    [InlineData("𝕏𝕐 𝟙𝟚 👩‍🔬", "𝕏𝕐| 𝟙𝟚| 👩‍🔬")]
    [InlineData("a𝕏1𝟙!👩", "a𝕏|1𝟙|!👩")]
    public void A_character_of_two_halves_is_a_letter_a_digit_or_neither_as_a_whole(string text, string words) => Words(DigitSplit.None, text).ShouldBe(words.Split('|'));

    [Fact]
    public void Digits_are_cut_off_first_one_by_one_or_in_runs()
    {
        Words(DigitSplit.Individual, "in 1984 or 𝟙𝟚").ShouldBe(["in", " ", "1", "9", "8", "4", " or", " ", "𝟙", "𝟚"]);
        Words(DigitSplit.Runs, "in 1984 or 𝟙𝟚").ShouldBe(["in", " ", "1984", " or", " ", "𝟙𝟚"]);
        Words(DigitSplit.None, "in 1984 or 𝟙𝟚").ShouldBe(["in", " 1984", " or", " 𝟙𝟚"]);
    }

    [Fact]
    public void Without_the_pattern_pieces_are_left_whole()
    {
        Words(DigitSplit.None, "in 1984, or", usePattern: false).ShouldBe(["in 1984, or"]);
        Words(DigitSplit.Runs, "in 1984, or", usePattern: false).ShouldBe(["in ", "1984", ", or"]);
    }

    private static IEnumerable<string> Words(DigitSplit digits, string text, bool usePattern = true) =>
        new ByteLevelPreTokenizer(digits, usePattern).PreTokenize(text).Select(w => text.Substring(w.Offset, w.Length));

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Published();
}
