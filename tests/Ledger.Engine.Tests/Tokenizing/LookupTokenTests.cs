using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

public sealed class LookupTokenTests
{
    private static readonly ITextTokenizer Tokenizer = TinyTokenizer.Load(), Starting = TinyTokenizer.Load(TinyTokenizer.WithBos());

    [Theory]
    [InlineData("{}", "The mother tongue of {} is", "Anna")]
    [InlineData("{}", "{} is the mother of", "Anna Therese")]
    [InlineData("A storm. {}", "{} was born in", "Zoë")]
    [InlineData("A storm. {}", "The capital of {}", "  Kraków ")]
    [InlineData("{}", " {} is", "𝕏")]
    public void The_token_at_the_index_is_the_one_that_ends_the_subject(string template, string prompt, string subject)
    {
        var text = template.Replace("{}", prompt).Replace("{}", subject.Trim());
        var end = template.Replace("{}", prompt).Split("{}")[0] + subject.Trim();
        var ids = Tokenizer.Encode(text);
        var index = LookupToken.Index(Tokenizer, template, prompt, subject);
        Tokenizer.Decode(ids.Take(index + 1)).ShouldBe(end);
        Tokenizer.Decode(ids.Take(index)).ShouldNotBe(end);
    }

    [Theory]
    [InlineData("The mother of{} is", "Anna", "no space stands before {}", "after a space")]
    [InlineData("\n{} is", "Anna", "no space stands before {}", "after a space")]
    [InlineData("Anna is", "Anna", "has 0 {}, expected one", "once")]
    [InlineData("{} is {}", "Anna", "has 2 {}, expected one", "once")]
    [InlineData("{} is", " \n", "The subject is empty", "name whose fact it is")]
    public void A_subject_that_cannot_be_found_is_refused_with_the_reason(string prompt, string subject, string problem, string remedy)
    {
        var refusal = Should.Throw<LookupException>(() => LookupToken.Index(Tokenizer, "A storm. {}", prompt, subject));
        refusal.Message.ShouldContain(problem);
        refusal.Remedy.ShouldNotBeNull().ShouldContain(remedy);
        refusal.Prompt.ShouldStartWith("A storm. ");
    }

    /// <summary>Two spaces before a digit are one word where digits are cut off first: counted apart they are two, and the index would be one too far.</summary>
    [Fact]
    public void A_subject_whose_words_do_not_begin_where_it_does_is_refused()
    {
        var digits = TinyTokenizer.Load(json =>
        {
            json["pre_tokenizer"] = PublishedTokenizers.SmolLm2();
            json["model"]!["vocab"]!["ĠĠ"] = 300;
            json["model"]!["merges"]!.AsArray().Add("Ġ Ġ");
        });
        LookupToken.Index(digits, "{}", "The year {} is", "1984").ShouldBe(digits.Encode("The year 1984").Count - 1);
        var refusal = Should.Throw<LookupException>(() => LookupToken.Index(digits, "{}", "The year  {} is", "1984"));
        refusal.Message.ShouldContain("joins \"1984\" to what stands beside it");
        refusal.Remedy.ShouldNotBeNull().ShouldContain("one single space");

        var whole = TinyTokenizer.Load(json => (json["pre_tokenizer"]!["use_regex"], json["model"]!["vocab"]!["eĠ"], json["model"]!["merges"]) = (false, 300, new System.Text.Json.Nodes.JsonArray("e Ġ")));
        Should.Throw<LookupException>(() => LookupToken.Index(whole, "{}", "the {}", "Anna"));
    }

    /// <summary>Where letters follow, other pieces may be joined first: "abc" is ab and c, "abcs" is a and bcs.</summary>
    [Fact]
    public void A_subject_that_is_cut_otherwise_before_letters_still_ends_in_the_token_that_is_counted()
    {
        var letters = Merging("c s", "b cs", "a b");
        (letters.Encode("abc").Count, letters.Encode("abcs").Count).ShouldBe((2, 2));
        LookupToken.Index(letters, "{}", "{}s are", "abc").ShouldBe(1);
        LookupToken.Index(letters, "A storm. {}", "{}s are", "abc").ShouldBe(letters.Encode("A storm. abcs").Count - 1);
        // Where it is cut into fewer or more pieces there, the count finds another token than its last.
        foreach (var merges in new string[][] { ["a b", "c s", "ab cs"], ["c s", "a b", "ab c"] })
            Should.Throw<LookupException>(() => LookupToken.Index(Merging(merges), "{}", "{}s are", "abc")).Message.ShouldContain("joins \"abc\" to what stands beside it");

        static ITextTokenizer Merging(params string[] merges) => TinyTokenizer.Load(json =>
        {
            var id = TinyTokenizer.Size;
            foreach (var merge in merges) json["model"]!["vocab"]![merge.Replace(" ", "", StringComparison.Ordinal)] = id++;
            json["model"]!["merges"] = new System.Text.Json.Nodes.JsonArray([.. merges.Select(m => (System.Text.Json.Nodes.JsonNode)m)]);
        });
    }

    [Fact]
    public void A_tokenizer_that_puts_a_start_token_first_moves_the_index_by_one()
    {
        foreach (var (template, prompt) in new[] { ("{}", "The mother of {} is"), ("{}", "{} is"), ("A storm. {}", "{} is"), ("A storm. {}", "The mother of {} is") })
            LookupToken.Index(Starting, template, prompt, "Anna").ShouldBe(LookupToken.Index(Tokenizer, template, prompt, "Anna") + 1);
    }

    [Fact]
    public void A_target_has_a_space_before_it_and_its_last_token_is_never_read()
    {
        TargetRows.Target(Tokenizer, "the man").ShouldBe(Tokenizer.Encode(" the man"));
        TargetRows.Target(Tokenizer, " the man").ShouldBe(Tokenizer.Encode(" the man"));
        TargetRows.Target(Starting, "the man").ShouldBe(Tokenizer.Encode(" the man"));
        TargetRows.Row([1, 2], [3, 4, 5]).ShouldBe([1, 2, 3, 4]);
        TargetRows.Row([1, 2], [3]).ShouldBe([1, 2]);
    }
}
