using System.Text.Json.Nodes;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

/// <summary>tokenizer.json in the shapes that models are published in, with a vocabulary small enough to say the tokens by hand.</summary>
public sealed class PublishedTokenizersTests
{
    [Fact]
    public void SmolLM2_isolates_digits_first()
    {
        var tokenizer = TinyTokenizer.Load(json =>
        {
            json["pre_tokenizer"] = PublishedTokenizers.SmolLm2();
            Merge(json, "1 9");
        });
        Tokens(tokenizer, "in 199 the").ShouldBe(["in", " ", "1", "9", "9", " the"]);
        Tokens(TinyTokenizer.Load(json => Merge(json, "1 9")), "in 199 the").ShouldBe(["in", " ", "19", "9", " the"]);
    }

    [Fact]
    public void Llama_3_begins_with_its_token_and_takes_a_word_that_is_a_token_whole()
    {
        var json = TinyTokenizer.WithBos();
        json["pre_tokenizer"] = PublishedTokenizers.Llama3();
        json["model"]!["ignore_merges"] = true;
        // No merges lead to either: only a word taken whole can be one.
        (json["model"]!["vocab"]!["Ġother"], json["model"]!["vocab"]!["198"]) = (300, 301);
        var tokenizer = TinyTokenizer.Load(json);
        Tokens(tokenizer, "the other 1984").ShouldBe([TinyTokenizer.EndOfText, "t", "he", " other", " ", "198", "4"]);
        Tokens(tokenizer, " others").ShouldBe([TinyTokenizer.EndOfText, " ", "o", "t", "he", "r", "s"]);
        Tokens(tokenizer, "").ShouldBe([TinyTokenizer.EndOfText]);
        tokenizer.Decode(tokenizer.Encode("the other 1984")).ShouldBe("the other 1984");
        (tokenizer.AddsBos, tokenizer.BosTokenId).ShouldBe((true, TinyTokenizer.EndOfTextId));

        json["model"]!["ignore_merges"] = false;
        Tokens(TinyTokenizer.Load(json), "the other 1984").ShouldBe([TinyTokenizer.EndOfText, "t", "he", " ", "o", "t", "he", "r", " ", "1", "9", "8", "4"]);
    }

    [Fact]
    public void Qwen2_puts_characters_together_before_anything_else()
    {
        var tokenizer = TinyTokenizer.Load(json => (json["normalizer"], json["pre_tokenizer"]) = (new JsonObject { ["type"] = "NFC" }, PublishedTokenizers.Split(PublishedPatterns.Qwen2)));
        tokenizer.Encode("cafe\u0301 12").ShouldBe(TinyTokenizer.Load().Encode("caf\u00e9 12"));
        tokenizer.Decode(tokenizer.Encode("cafe\u0301 12")).ShouldBe("caf\u00e9 12");
        TinyTokenizer.Load().Encode("cafe\u0301").ShouldNotBe(tokenizer.Encode("cafe\u0301"));
    }

    [Fact]
    public void Pythia_looks_for_its_runs_of_spaces_in_the_normalised_text()
    {
        var tokenizer = TinyTokenizer.Load(json =>
        {
            json["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"NFC"}]}""");
            foreach (var (id, content, normalized) in new[] { (300, "  ", true), (301, "e\u0301", true), (302, "o\u0301", false) })
                json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = id, ["content"] = content, ["normalized"] = normalized, ["special"] = false });
        });
        tokenizer.Encode("a   b").ShouldBe([.. tokenizer.Encode("a"), 300, .. tokenizer.Encode(" b")]);
        // One that is normalised is found however it is written; one that is not only as it is written, and before.
        tokenizer.Encode("\u00e9e\u0301").ShouldBe([301, 301]);
        tokenizer.Encode("o\u0301").ShouldBe([302]);
        tokenizer.Encode("\u00f3").ShouldBe(TinyTokenizer.Load().Encode("\u00f3"));
    }

    [Fact]
    public void Every_step_sees_what_the_one_before_it_left()
    {
        var tokenizer = TinyTokenizer.Load(json => json["pre_tokenizer"] = PublishedTokenizers.Sequence(
            new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["String"] = "-" }, ["behavior"] = "Removed", ["invert"] = false },
            new JsonObject { ["type"] = "Digits", ["individual_digits"] = false },
            PublishedTokenizers.ByteLevel(prefixSpace: true)));
        Tokens(tokenizer, "the-man19 - in").ShouldBe([" the", " m", "an", " ", "1", "9", " ", " ", "in"]);
    }

    private static IEnumerable<string> Tokens(ITextTokenizer tokenizer, string text) => tokenizer.Encode(text).Select(tokenizer.TokenText);

    private static void Merge(JsonObject json, string merge)
    {
        json["model"]!["vocab"]![merge.Replace(" ", "")] = 300;
        json["model"]!["merges"]!.AsArray().Add(merge);
    }
}
