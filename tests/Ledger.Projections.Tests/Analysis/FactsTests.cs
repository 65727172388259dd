using Ledger.Domain.Editing;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Analysis;

public sealed class FactsTests
{
    private static readonly EditRequest Fact = Request("The mother tongue of {} is", "Danielle Darrieux", "English", "P103");

    [Theory]
    [InlineData("{} speaks", "Danielle Darrieux", "P103", true)]                            // another prompt, same relation
    [InlineData("{} speaks", " Danielle Darrieux ", " P103\n", true)]                       // as it is used, not as it was typed
    [InlineData("The mother tongue of {} is", "Danielle Darrieux", null, true)]             // no relation known, same prompt
    [InlineData(" The mother tongue of {} is ", "Danielle Darrieux", "P364", true)]
    [InlineData("{} speaks", "Danielle Darrieux", null, false)]
    [InlineData("{} speaks", "Danielle Darrieux", "P364", false)]
    [InlineData("The mother tongue of {} is", "danielle darrieux", "P103", false)]          // letter for letter
    [InlineData("The mother tongue of {} is", "Michel Rocard", "P103", false)]
    [InlineData("the mother tongue of {} is", "Danielle Darrieux", "", false)]
    public void Two_requests_are_about_the_same_fact(string prompt, string subject, string? relation, bool same)
    {
        var other = Request(prompt, subject, "French", relation);
        Facts.Same(Fact, other).ShouldBe(same);
        Facts.Same(other, Fact).ShouldBe(same);
        Facts.Conflict(Fact, other).ShouldBe(same, "the target is another");
        Facts.Conflict(Fact, other with { Target = "English" }).ShouldBeFalse("the target is the same");
    }

    [Theory]
    [InlineData("English", false)]
    [InlineData(" English", false)]                                                         // the space that a prompt is followed by
    [InlineData("english", true)]
    [InlineData("  English", true)]
    [InlineData("English ", true)]
    public void Targets_are_compared_as_they_follow_a_prompt(string target, bool conflict) =>
        Facts.Conflict(Fact, Fact with { Target = target }).ShouldBe(conflict);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void No_relation_is_not_a_relation_that_two_requests_share(string? relation) =>
        Facts.Same(Request("{} is", "It", "so", relation), Request("{} was", "It", "so", relation)).ShouldBeFalse();

    [Fact]
    public void The_index_finds_what_a_comparison_with_each_finds()
    {
        var random = new Random(12);
        var model = new RandomModel(12);
        EffectiveEdit[] edits = [.. Enumerable.Range(0, 60).Select(_ => model.Edit([]) with { Request = Any() })];
        var index = new FactIndex(edits);
        for (var i = 0; i < 200; i++)
        {
            var asked = Any();
            index.About(asked).ShouldBe(edits.Where(e => Facts.Same(e.Request, asked)));
            index.Conflicting(asked).ShouldBe(edits.Where(e => Facts.Conflict(e.Request, asked)));
        }

        EditRequest Any() => Request(One("{} is", " {} is", "{} was"), One("It", "It ", "he"), One("so", " so", "not"), One("P1", "P2 ", "P2", null, " "));
        T One<T>(params T[] of) => of[random.Next(of.Length)];
    }

    private static EditRequest Request(string prompt, string subject, string target, string? relation) => new EditRequest(prompt, subject, target) with { Relation = relation };
}
