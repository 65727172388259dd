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

    [Fact]
    public void A_revision_without_a_timeline_is_on_the_one_a_command_is_about()
    {
        RevisionName.Parse("17", "what-if").ShouldBe(new RevisionName("what-if", 17));
        RevisionName.Parse("head", "what-if").ShouldBe(RevisionName.Head("what-if"));
        RevisionName.Parse("@{2026-11-26T12:00:00Z}", "what-if").ToString().ShouldBe("what-if@{2026-11-26T12:00:00Z}");
    }

    [Fact]
    public void A_bare_name_is_a_tags_or_a_timelines() => RevisionName.Parse("release-1").ShouldBe(new RevisionName(null, null, null, "release-1"));

    [Fact]
    public void A_beginning_of_a_timelines_id_stands_for_its_name_and_digits_alone_are_a_revision()
    {
        RevisionName.Parse("3kf8@17").ShouldBe(new RevisionName("3kf8", 17));
        RevisionName.Parse("17@head").ShouldBe(RevisionName.Head("17"));
        RevisionName.Parse("3kf8").ShouldBe(new RevisionName(null, null, null, "3kf8"));
        RevisionName.Parse("38").ShouldBe(new RevisionName("main", 38));
    }

    [Theory]
    [InlineData("")]
    [InlineData("main@")]
    [InlineData("@17")]
    [InlineData("@head")]
    [InlineData("main@{}")]
    [InlineData("main@{yesterday}")]
    [InlineData("main@{12:00}")]
    [InlineData("main@{26 November 2026}")]
    [InlineData("what if")]
    [InlineData("@release-1")]
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
        foreach (var text in new[] { "main@17", "main@head", "what-if@0", "release-1", "main@{2026-11-26T12:00:00.5Z}" }) RevisionName.Parse(text).ToString().ShouldBe(text);
    }
}
