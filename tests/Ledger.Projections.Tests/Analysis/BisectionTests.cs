using CsCheck;
using Ledger.Projections.Analysis;

namespace Ledger.Projections.Tests.Analysis;

public sealed class BisectionTests
{
    [Fact]
    public void Where_one_place_flips_it_is_found_within_log2_n_questions_of_every_length() =>
        Gen.Int[1, 3000].SelectMany(n => Gen.Int[1, n].Select(flip => (n, flip))).Sample((n, flip) =>
        {
            var (search, asked) = Run(n, place => place < flip);
            (search.First, search.Last).ShouldBe((flip - 1, flip));
            asked.ShouldBeLessThanOrEqualTo((int)Math.Ceiling(Math.Log2(n)));
            Bisection.Most(n).ShouldBe((int)Math.Ceiling(Math.Log2(n)));
        }, iter: 5000, seed: "0000000000e1", threads: 2);

    [Fact]
    public void However_often_it_flips_one_of_the_flips_is_found_as_soon() =>
        Gen.Int[1, 1500].SelectMany(n => Gen.Bool.Array[n + 1].Select(sides => (n, sides))).Sample((n, sides) =>
        {
            (sides[0], sides[n]) = (true, false);
            var (search, asked) = Run(n, place => sides[place]);
            search.Last.ShouldBe(search.First + 1);
            (sides[search.First], sides[search.Last]).ShouldBe((true, false));
            asked.ShouldBeLessThanOrEqualTo(Bisection.Most(n));
        }, iter: 1000, seed: "0000000000e2", threads: 2);

    [Fact]
    public void What_cannot_tell_is_left_out_and_the_answer_is_as_narrow_as_the_rest_allows() =>
        Gen.Int[1, 400].SelectMany(n => Gen.Select(Gen.Int[1, n], Gen.Int[0, 4].Array[n + 1], (flip, mute) => (n, flip, mute))).Sample((n, flip, mute) =>
        {
            var (search, asked) = Run(n, place => mute[place] == 0 ? null : place < flip);
            search.First.ShouldBeLessThan(flip);
            search.Last.ShouldBeGreaterThanOrEqualTo(flip);
            for (var between = search.First + 1; between < search.Last; between++) mute[between].ShouldBe(0);
            asked.ShouldBeLessThan(n);
        }, iter: 2000, seed: "0000000000e3", threads: 2);

    [Fact]
    public void A_stretch_that_cannot_tell_is_gone_round_in_twice_log2_n_questions() =>
        Gen.Int[2, 2000].SelectMany(n => Gen.Select(Gen.Int[1, n], Gen.Int[1, n], Gen.Int[1, n], (flip, from, to) => (n, flip, from, to)))
            .Where(x => x.from < x.to && (x.flip < x.from || x.flip > x.to)).Sample((n, flip, from, to) =>
            {
                var (search, asked) = Run(n, place => place >= from && place < to ? null : place < flip);
                (search.First, search.Last).ShouldBe((flip - 1, flip));
                asked.ShouldBeLessThanOrEqualTo(2 * Bisection.Most(n) + 1);
            }, iter: 8000, seed: "0000000000e4", threads: 2);

    [Fact]
    public void Where_all_between_cannot_tell_both_ends_stay()
    {
        var (search, asked) = Run(9, _ => null);
        (search.First, search.Last, search.Next).ShouldBe((0, 9, null));
        asked.ShouldBe(8);
        Should.Throw<InvalidOperationException>(search.Skip);
        Should.Throw<InvalidOperationException>(() => search.Answer(true));
        Should.Throw<ArgumentOutOfRangeException>(() => new Bisection(0));
    }

    /// <param name="likeFirst">Of places between the ends; null where it cannot be told.</param>
    private static (Bisection Search, int Asked) Run(int steps, Func<int, bool?> likeFirst)
    {
        var search = new Bisection(steps);
        var asked = new HashSet<int>();
        while (search.Next is { } place)
        {
            place.ShouldBeInRange(1, steps - 1);
            asked.Add(place).ShouldBeTrue("each place is asked about once");
            if (likeFirst(place) is { } side) search.Answer(side);
            else search.Skip();
        }
        return (search, asked.Count);
    }
}
