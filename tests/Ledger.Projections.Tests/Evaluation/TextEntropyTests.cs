using System.Text.Json;
using CsCheck;
using Ledger.Projections.Evaluation;
using Ledger.TestKit;

namespace Ledger.Projections.Tests.Evaluation;

public sealed class TextEntropyTests
{
    [Fact]
    public void Words_and_both_entropies_are_the_references()
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Shared.RequireGolden("tiny", "metrics", "entropy.json")));
        foreach (var example in golden.RootElement.EnumerateArray())
        {
            var texts = Strings(example.GetProperty("texts"));
            texts.Select(TreebankWords.Of).ShouldBe(example.GetProperty("word_tokens").EnumerateArray().Select(Strings));
            TextEntropy.NGrams(texts).ShouldBe(example.GetProperty("ngram_entropy").GetDouble(), 1e-12);
            foreach (var (text, expected) in texts.Zip(example.GetProperty("per_text").EnumerateArray())) TextEntropy.NGrams([text]).ShouldBe(expected.GetDouble(), 1e-12);
            TextEntropy.Normalised(texts).ShouldBe(example.GetProperty("normalised_entropy").GetProperty("normalised").GetDouble(), 1e-12);
        }
    }

    /// <summary>One rule of the tokenizer each.</summary>
    [Theory]
    [InlineData("We cannot go; I'm gonna wait, they'll say.", "We can not go ; I 'm gon na wait , they 'll say .")]
    [InlineData("'Tis the U.S. economy (up 3.5%, to $1,000) -- isn't it?", "'T is the U.S. economy ( up 3.5 % , to $ 1,000 ) -- is n't it ?")]
    [InlineData("He said: \"No way!\" ... and left", "He said : `` No way ! '' ... and left")]
    [InlineData("Mr. Smith's dogs' toys cost 5:30 & more*", "Mr. Smith 's dogs ' toys cost 5:30 & more *")]
    [InlineData("«Oui», dit-il. “Non”, dit-elle…", "« Oui » , dit-il . “ Non ” , dit-elle…")]
    [InlineData("He is in room 5. The nurse asked J. Bach.", "He is in room 5 . The nurse asked J. Bach .")]
    [InlineData("", "")]
    public void Words_are_cut_as_the_treebank_does_it(string text, string words) => string.Join(' ', TreebankWords.Of(text)).ShouldBe(words);

    [Fact]
    public void Normalised_entropy_is_1_where_every_word_is_another_and_0_where_all_are_one()
    {
        TextEntropy.Normalised(["a b", "c d"]).ShouldBe(1, 1e-12);
        TextEntropy.Normalised(["No no. NO", "no"]).ShouldBe(0);
        TextEntropy.Normalised([]).ShouldBe(0);
        TextEntropy.Normalised(["a a b"]).ShouldBe(-(2.0 / 3 * Math.Log2(2.0 / 3) + 1.0 / 3 * Math.Log2(1.0 / 3)), 1e-12);
    }

    [Fact]
    public void Entropies_depend_on_how_often_words_occur_and_not_on_which_they_are() =>
        Gen.Int[0, 4].Array[1, 40].Select(Gen.Shuffle((string[])["ab", "cd", "ef", "gh", "ij"])).Sample((numbers, names) =>
        {
            var (a, b) = (string.Join(' ', numbers.Select(n => "vwxyz"[n])), string.Join(' ', numbers.Select(n => names[n])));
            TextEntropy.Normalised([a]).ShouldBe(TextEntropy.Normalised([b]), 1e-9);
            TextEntropy.Normalised([a]).ShouldBeInRange(0, 1 + 1e-9);
            TextEntropy.NGrams([a]).ShouldBe(TextEntropy.NGrams([b]), 1e-9);
            TextEntropy.NGrams([a]).ShouldBeInRange(0, Math.Log2(40));
        });

    private static string[] Strings(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetString()!)];
}
