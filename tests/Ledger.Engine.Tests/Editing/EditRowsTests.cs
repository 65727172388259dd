using Ledger.Domain.Editing;
using Ledger.Engine.Editing;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Editing;

public sealed class EditRowsTests
{
    private static readonly ITextTokenizer Tokenizer = TinyTokenizer.Load();
    private static readonly EditRequest Request = new("The mother of {} is", " Anna ", "the man");
    private static readonly ContextTemplates Templates = ContextTemplates.Given(["A storm. {}", "{}"]);

    [Fact]
    public void Rows_are_the_rendered_prompts_with_the_target_but_its_last_token_and_the_KL_row_is_last()
    {
        var rows = EditRows.Of(Tokenizer, Request, Templates, 100);
        rows.Target.ShouldBe(Tokenizer.Encode(" the man"));
        rows.Rows.ShouldBe(
        [
            [.. Tokenizer.Encode("A storm. The mother of Anna is"), .. rows.Target.SkipLast(1)],
            [.. Tokenizer.Encode("The mother of Anna is"), .. rows.Target.SkipLast(1)],
            Tokenizer.Encode("Anna is a"),
        ]);
        (rows.Contexts, rows.Plain).ShouldBe((2, 1));
        rows.Rows.Zip(rows.Lookups, (row, lookup) => Tokenizer.Decode(row.Take(lookup + 1))).ShouldBe(["A storm. The mother of Anna", "The mother of Anna", "Anna"]);
    }

    [Fact]
    public void A_row_longer_than_the_context_is_refused_with_its_length()
    {
        var longest = EditRows.Of(Tokenizer, Request, Templates, 100).Rows.Max(r => r.Count);
        EditRows.Of(Tokenizer, Request, Templates, longest).Rows[0].Count.ShouldBe(longest);
        var refusal = Should.Throw<ContextExceededException>(() => EditRows.Of(Tokenizer, Request, Templates, longest - 1));
        (refusal.Tokens, refusal.Positions).ShouldBe((longest, longest - 1));
        refusal.Message.ShouldContain("A storm. The mother of Anna is");
        refusal.Remedy.ShouldBe("shorten the text");
    }

    [Theory]
    [InlineData("The mother of{} is", "no space stands before {}")]
    [InlineData("The mother is", "has 0 {}, expected one")]
    public void A_subject_that_cannot_be_located_is_refused(string prompt, string problem) =>
        Should.Throw<LookupException>(() => EditRows.Of(Tokenizer, Request with { Prompt = prompt }, Templates, 100)).Message.ShouldContain(problem);

    [Fact]
    public void Templates_without_the_prompt_alone_are_refused() =>
        Should.Throw<ArgumentException>(() => EditRows.Of(Tokenizer, Request, ContextTemplates.Given(["A storm. {}"]), 100)).Message.ShouldContain("the prompt alone");
}
