using Ledger.Domain;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Analysis;

public sealed class CollapseSearchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void One_edit_that_breaks_everything_is_found_wherever_it_stands_and_is_the_only_suspect()
    {
        for (var planted = 0; planted < 20; planted++)
        {
            var (edits, weights) = Weighed(Enumerable.Range(0, 20).Select(i => i == planted ? 10.0 : 0.1));
            var asked = 0;
            var found = Search(edits, 0, 3, some =>
            {
                asked++;
                return some.Sum(e => weights[e.Edit]);
            });
            found.First.ShouldBe(edits[planted].Edit);
            found.Suspects.ShouldBe([new Suspect(edits[planted].Edit, found.Suspects[0].Without)]);
            found.Suspects[0].Without.ShouldBe(1.9, 1e-9);
            asked.ShouldBeLessThanOrEqualTo(1 + Bisection.Most(20) + 20);        // the value of all, the bisection, each left out
        }
    }

    [Fact]
    public void Many_that_add_up_are_all_suspects_the_one_that_adds_most_first()
    {
        var (edits, weights) = Weighed([0.5, 0.9, 0.7, 1.1]);
        var found = Search(edits, 0, 3, some => some.Sum(e => weights[e.Edit]));
        found.First.ShouldBe(edits[3].Edit);
        found.Suspects.Select(s => s.Edit).ShouldBe([edits[3].Edit, edits[1].Edit, edits[2].Edit, edits[0].Edit]);
    }

    [Fact]
    public void Where_no_edit_takes_a_twentieth_of_the_excess_away_nobody_is_suspected()
    {
        var (edits, weights) = Weighed(Enumerable.Repeat(1.0, 30));
        Search(edits, 0, 3, some => some.Sum(e => weights[e.Edit])).Suspects.ShouldBeEmpty();
    }

    [Fact]
    public void Edits_that_were_in_effect_when_all_was_well_are_left_alone()
    {
        var (edits, weights) = Weighed([2.5, 0.1, 0.1, 1]);
        var found = Search(edits, 2, 3, some => some.Sum(e => weights[e.Edit]));
        (found.Good, found.First).ShouldBe((2, edits[3].Edit));
        found.Suspects.Select(s => s.Edit).ShouldBe([edits[3].Edit, edits[2].Edit]);
    }

    [Fact]
    public void Where_they_are_too_much_by_now_they_are_looked_at_again()
    {
        // What made up for the first one was reverted meanwhile.
        var (edits, weights) = Weighed([9, 0.1, 0.1]);
        var found = Search(edits, 2, 3, some => some.Sum(e => weights[e.Edit]));
        (found.Good, found.First).ShouldBe((0, edits[0].Edit));
        found.Suspects.Select(s => s.Edit).ShouldBe([edits[0].Edit]);
    }

    [Fact]
    public void A_figure_that_is_no_number_is_too_much_and_so_is_who_makes_it_one()
    {
        var (edits, weights) = Weighed([0.1, double.NaN, 0.1]);
        var found = Search(edits, 0, 3, some => some.Sum(e => weights[e.Edit]));
        found.First.ShouldBe(edits[1].Edit);
        found.Suspects.Select(s => s.Edit).ShouldBe([edits[1].Edit]);
    }

    [Fact]
    public void Of_very_many_the_largest_are_left_out_and_the_one_with_which_it_began()
    {
        var (edits, weights) = Weighed(Enumerable.Range(0, 500).Select(i => i == 400 ? 10.0 : 0.001));
        var asked = 0;
        var found = Search(edits, 0, 3, some =>
        {
            asked++;
            return some.Sum(e => weights[e.Edit]);
        });
        found.Suspects.Select(s => s.Edit).ShouldBe([edits[400].Edit]);
        asked.ShouldBeLessThanOrEqualTo(1 + Bisection.Most(500) + CollapseSearch.MostLeftOut);
    }

    private static CollapseSearch Search(EffectiveEdit[] edits, int good, double threshold, Func<IReadOnlyList<EffectiveEdit>, double> figure) =>
        CollapseSearch.Of(edits, good, figure(edits), threshold, figure, Token);

    private static (EffectiveEdit[] Edits, Dictionary<EditId, double> Weights) Weighed(IEnumerable<double> weights)
    {
        double[] all = [.. weights];
        var edits = new RandomModel(3).Edits(all.Length);
        return (edits, edits.Zip(all).ToDictionary(p => p.First.Edit, p => p.Second));
    }
}
