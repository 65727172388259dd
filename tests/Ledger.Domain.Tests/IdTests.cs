using CsCheck;
using Ledger.TestKit;

namespace Ledger.Domain.Tests;

public sealed class IdTests
{
    [Fact]
    public void An_id_comes_back_from_its_26_letters() =>
        Gen.Select(Gens.Edit, Gens.LedgerId, Gens.Timeline).Sample((e, l, t) =>
            EditId.Parse(e.ToString()) == e && LedgerId.Parse(l.ToString()) == l && TimelineId.Parse(t.ToString()) == t
            && e.ToString().Length == 26 && e.Short() == e.ToString()[..8]);

    [Fact]
    public void Ids_are_ordered_as_their_text_is() =>
        Gen.Select(Gens.Edit, Gens.Edit).Sample((a, b) => a.Value.CompareTo(b.Value) == Math.Sign(string.CompareOrdinal(a.ToString(), b.ToString())));

    [Theory]
    [InlineData("")]
    [InlineData("7zzzzzzzzzzzzzzzzzzzzzzzz")]            // 25
    [InlineData("8000000000000000000000000 ")]
    [InlineData("80000000000000000000000000")]           // over 128 bits
    [InlineData("0000000000000000000000000l")]           // l, i, o, u look like something else
    [InlineData("0000000000000000000000000A")]
    public void What_is_not_such_an_id_is_refused(string text)
    {
        EditId.TryParse(text, null, out _).ShouldBeFalse();
        Should.Throw<FormatException>(() => EditId.Parse(text)).Message.ShouldContain("an edit id");
    }

    [Fact]
    public void What_a_person_wrote_may_have_capitals_and_letters_that_look_like_digits() =>
        Gen.Select(Gens.Edit, Gen.Int[1, 26]).Sample((e, n) =>
            EditId.Normal($" {e.ToString()[..n].ToUpperInvariant().Replace('0', 'O').Replace('1', n % 2 == 0 ? 'I' : 'L')} ") == e.ToString()[..n]);

    [Fact]
    public void No_name_is_a_beginning_of_a_timelines_id() =>
        Gen.Select(Gens.Timeline, Gen.Int[1, 26]).Sample((t, n) => TimelineId.IsBeginning(t.ToString()[..n]) && !RevisionName.IsName(t.ToString()[..n]));

    [Fact]
    public void The_largest_id_fits() => EditId.Parse("7zzzzzzzzzzzzzzzzzzzzzzzzz").Value.ShouldBe(UInt128.MaxValue);
}
