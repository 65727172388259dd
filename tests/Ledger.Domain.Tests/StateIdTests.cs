using CsCheck;
using Ledger.TestKit;

namespace Ledger.Domain.Tests;

public sealed class StateIdTests
{
    [Fact]
    public void A_state_is_named_by_its_base_and_its_factors_in_order()
    {
        Digest a = Some.Digest("a"), b = Some.Digest("b");
        StateId.Of(Some.BaseMatrix, [a, b]).ShouldBe(new StateId(Digest.Of([.. Some.BaseMatrix.ToBytes(), .. a.ToBytes(), .. b.ToBytes()])));
        StateId.Of(Some.BaseMatrix, [b, a]).ShouldNotBe(StateId.Of(Some.BaseMatrix, [a, b]));
        StateId.Of(Some.BaseMatrix, [a]).ShouldNotBe(StateId.Of(Some.BaseMatrix, [a, a]));
        StateId.Of(a, [b]).ShouldNotBe(StateId.Of(b, [a]));
    }

    [Fact]
    public void Along_a_history_every_beginning_has_its_id() => Gens.Digest.List[0, 20].Sample(deltas =>
        StateId.Along(Some.BaseMatrix, deltas).SequenceEqual(Enumerable.Range(0, deltas.Count + 1).Select(n => StateId.Of(Some.BaseMatrix, deltas.Take(n)))));

    [Fact]
    public void A_state_comes_back_from_its_text() => Gens.State.Sample(s => StateId.Parse(s.ToString()) == s);
}
