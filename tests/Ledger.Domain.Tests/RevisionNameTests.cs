namespace Ledger.Domain.Tests;

public sealed class RevisionNameTests
{
    [Theory]
    [InlineData("main@17", "main", 17L)]
    [InlineData("what-if@0", "what-if", 0L)]
    [InlineData("main@head", "main", null)]
    [InlineData("17", "main", 17L)]
    [InlineData("head", "main", null)]
    public void A_revision_is_written_with_or_without_its_timeline(string text, string timeline, long? revision) =>
        RevisionName.Parse(text).ShouldBe(new RevisionName(timeline, revision));

    [Theory]
    [InlineData("")]
    [InlineData("main")]
    [InlineData("main@")]
    [InlineData("@17")]
    [InlineData("@head")]
    [InlineData("main@-1")]
    [InlineData("main@1.5")]
    [InlineData("main@ 17")]
    [InlineData("a@b@17")]
    [InlineData("99999999999999999999")]
    public void Anything_else_is_answered_with_what_would_be_right(string text) =>
        Should.Throw<RevisionUnknownException>(() => RevisionName.Parse(text)).Remedy!.ShouldContain("main@17");

    [Fact]
    public void A_revision_is_written_as_it_is_read()
    {
        foreach (var text in new[] { "main@17", "main@head", "what-if@0" }) RevisionName.Parse(text).ToString().ShouldBe(text);
    }
}
