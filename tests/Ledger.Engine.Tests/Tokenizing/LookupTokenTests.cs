using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

public sealed class LookupTokenTests
{
    private static readonly ITextTokenizer Tokenizer = TinyTokenizer.Load();

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

    [Fact]
    public void A_tokenizer_that_puts_a_start_token_first_moves_the_index_by_one()
    {
        var plain = LookupToken.Index(Tokenizer, "{}", "The mother of {} is", "Anna");
        LookupToken.Index(new Starting(Tokenizer), "{}", "The mother of {} is", "Anna").ShouldBe(plain + 1);
        LookupToken.Index(new Starting(Tokenizer), "{}", "{} is", "Anna").ShouldBe(LookupToken.Index(Tokenizer, "{}", "{} is", "Anna") + 1);
    }

    [Fact]
    public void A_target_has_a_space_before_it_and_its_last_token_is_never_read()
    {
        TargetRows.Target(Tokenizer, "the man").ShouldBe(Tokenizer.Encode(" the man"));
        TargetRows.Target(Tokenizer, " the man").ShouldBe(Tokenizer.Encode(" the man"));
        TargetRows.Target(new Starting(Tokenizer), "the man").ShouldBe(Tokenizer.Encode(" the man"));
        TargetRows.Row([1, 2], [3, 4, 5]).ShouldBe([1, 2, 3, 4]);
        TargetRows.Row([1, 2], [3]).ShouldBe([1, 2]);
    }

    /// <summary>As Llama's SentencePiece tokenizers do.</summary>
    private sealed class Starting(ITextTokenizer inner) : ITextTokenizer
    {
        public int VocabularySize => inner.VocabularySize;
        public int? BosTokenId => 0;
        public int? EosTokenId => null;
        public bool AddsBos => true;

        public IReadOnlyList<int> Encode(string text) => [0, .. inner.Encode(text)];

        public string Decode(IEnumerable<int> ids) => inner.Decode(ids);

        public string TokenText(int id) => inner.TokenText(id);
    }
}
