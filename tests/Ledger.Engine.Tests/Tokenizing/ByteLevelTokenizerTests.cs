using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;
using Ledger.TestKit;

namespace Ledger.Engine.Tests.Tokenizing;

public sealed class ByteLevelTokenizerTests
{
    private static readonly ITextTokenizer Tokenizer = TinyTokenizer.Load();

    [Fact]
    public void Every_text_comes_back()
    {
        foreach (var tokenizer in (ITextTokenizer[])[Tokenizer, TinyTokenizer.Load(j => j["pre_tokenizer"] = PublishedTokenizers.SmolLm2()), TinyTokenizer.Load(j => j["pre_tokenizer"] = PublishedTokenizers.Llama3())])
            Gen.OneOf(Gens.Text, Gen.String[Gen.Char["the other man's 1999 sermon"], 0, 40]).Where(t => !t.Contains(TinyTokenizer.EndOfText)).Select(WellFormed)
                .Sample(text => tokenizer.Decode(tokenizer.Encode(text)).ShouldBe(text), iter: 1000);
    }

    [Fact]
    public void Bytes_are_merged_most_urgent_first()
    {
        Tokens("other the sermon").ShouldBe(["o", "t", "he", "r", " the", " s", "er", "m", "on"]);
        Tokens(" therein").ShouldBe([" ther", "e", "in"]);
        Tokens(" a man").ShouldBe([" a", " m", "an"]);
    }

    [Fact]
    public void An_added_token_is_cut_out_before_words_and_left_out_of_the_text()
    {
        var ids = Tokenizer.Encode($"the{TinyTokenizer.EndOfText} man");
        ids.ShouldBe([.. Tokenizer.Encode("the"), TinyTokenizer.EndOfTextId, .. Tokenizer.Encode(" man")]);
        Tokenizer.Decode(ids).ShouldBe("the man");
        Tokenizer.TokenText(TinyTokenizer.EndOfTextId).ShouldBe(TinyTokenizer.EndOfText);
    }

    [Fact]
    public void Of_two_added_tokens_that_begin_together_the_longer_is_taken_and_a_special_one_before_any_other()
    {
        var tokenizer = TinyTokenizer.Load(json => json["added_tokens"] = new JsonArray(
            Added(300, "<a", special: true), Added(301, "<a>", special: true), Added(302, "x<a>y", special: false), Added(303, "xx", special: false)));
        tokenizer.Encode("<a><a").ShouldBe([301, 300]);
        tokenizer.Encode("x<a>y").ShouldBe([.. tokenizer.Encode("x"), 301, .. tokenizer.Encode("y")]);
        tokenizer.Encode("xxx").ShouldBe([303, .. tokenizer.Encode("x")]);
        tokenizer.Decode([303, 301]).ShouldBe("xx");
        tokenizer.VocabularySize.ShouldBe(304);
    }

    [Fact]
    public void A_prefix_space_is_put_before_text_that_does_not_begin_with_one()
    {
        var tokenizer = TinyTokenizer.Load(json => json["pre_tokenizer"]!["add_prefix_space"] = true);
        tokenizer.Encode("the man").ShouldBe(Tokenizer.Encode(" the man"));
        tokenizer.Encode(" the man").ShouldBe(Tokenizer.Encode(" the man"));
        tokenizer.Encode("\nthe").ShouldBe(Tokenizer.Encode(" \nthe"));
        tokenizer.Encode($"{TinyTokenizer.EndOfText}the").ShouldBe([TinyTokenizer.EndOfTextId, .. Tokenizer.Encode(" the")]);
        tokenizer.Encode("").ShouldBeEmpty();
    }

    [Fact]
    public void A_character_of_several_tokens_is_decoded_from_all_of_them_and_not_from_some()
    {
        foreach (var text in (string[])["é", "中", "𝕏", "👩‍🔬"])
        {
            var ids = Tokenizer.Encode(text);
            ids.Count.ShouldBe(Encoding.UTF8.GetByteCount(text));
            Tokenizer.Decode(ids).ShouldBe(text);
            Tokenizer.Decode(ids.Take(ids.Count - 1)).ShouldEndWith("\ufffd");
        }
    }

    [Fact]
    public void Half_a_surrogate_pair_counts_as_the_replacement_character()
    {
        Tokenizer.Encode("a\ud835").ShouldBe(Tokenizer.Encode("a\ufffd"));
        Tokenizer.Encode("\udd4fb").ShouldBe(Tokenizer.Encode("\ufffdb"));
    }

    /// <summary>Published models pad their embeddings, and a broken one chooses such an id.</summary>
    [Fact]
    public void An_id_that_is_no_token_says_nothing()
    {
        int[] ids = [.. Tokenizer.Encode("the"), TinyTokenizer.Size, .. Tokenizer.Encode(" man")];
        Tokenizer.Decode(ids).ShouldBe("the man");
        Tokenizer.TokenText(TinyTokenizer.Size).ShouldBe($"<unused {TinyTokenizer.Size}>");
    }

    private static IEnumerable<string> Tokens(string text) => Tokenizer.Encode(text).Select(Tokenizer.TokenText);

    private static JsonObject Added(int id, string content, bool special) => new() { ["id"] = id, ["content"] = content, ["special"] = special };

    private static string WellFormed(string text) => string.Concat(text.EnumerateRunes());
}
