using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Analysis;

public sealed class InterferenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_pair_is_what_its_two_matrices_do_at_the_others_key() =>
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var model = new RandomModel(seed);
            var edits = model.Edits(model.Below(90));                                       // more than one block of keys
            var pairs = Interference.Largest(edits, edits, -1, int.MaxValue, Token);
            pairs.Length.ShouldBe(edits.Length * Math.Max(0, edits.Length - 1));
            var byId = edits.ToDictionary(e => e.Edit);
            foreach (var (by, on, value) in pairs.Take(200)) value.ShouldBeClose(Naive(model, byId[by], byId[on]));
            pairs.Select(p => p.Value).ShouldBeInOrder(SortDirection.Descending);
        }, iter: 100, seed: "0000000000e1", threads: 2);

    [Fact]
    public void The_largest_few_are_the_first_of_all_and_a_bound_leaves_out_the_rest() =>
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var model = new RandomModel(seed);
            EffectiveEdit[] source = model.Edits(model.Below(12)), target = model.Edits(model.Below(12));
            source = [.. source, .. target.Take(3)];                                        // inherited ones are in both
            var all = Interference.Largest(source, target, -1, int.MaxValue, Token);
            all.ShouldAllBe(p => p.By != p.On);
            Interference.Largest(source, target, -1, 5, Token).ShouldBe(all.Take(5));
            Interference.Largest(source, target, 0.5, int.MaxValue, Token).ShouldBe(all.TakeWhile(p => p.Value > 0.5));
            Interference.Largest(source, target, -1, 0, Token).ShouldBeEmpty();
        }, iter: 200, seed: "0000000000e2", threads: 2);

    [Fact]
    public void Equal_pairs_come_in_the_lists_order_and_an_edit_that_wrote_nothing_has_no_unit()
    {
        var model = new RandomModel(2);
        var a = model.Edit([]);
        EffectiveEdit b = a with { Edit = new EditId(100) }, c = a with { Edit = new EditId(101) };
        var pairs = Interference.Largest([a, b, c], [a, b, c], -1, 4, Token);
        pairs.Select(p => (p.By, p.On)).ShouldBe([(a.Edit, b.Edit), (a.Edit, c.Edit), (b.Edit, a.Edit), (b.Edit, c.Edit)]);
        pairs.ShouldAllBe(p => Math.Abs(p.Value - 1) < 1e-12);
        EffectiveEdit[] many = [.. Enumerable.Range(100, 80).Select(n => a with { Edit = new EditId((UInt128)n) })];        // more than one block of keys
        Interference.Largest([a], many, -1, 79, Token).Select(p => p.On).ShouldBe(many[..79].Select(e => e.Edit));

        var nothing = b with { Delta = new RankOneDelta(Float32Vector.Create(model.Dv, _ => { }), b.Delta.U) };
        Interference.Largest([a, nothing], [a, nothing], -1, 9, Token).ShouldBe([new Interference(nothing.Edit, a.Edit, 0)]);
        Interference.Largest([a], [], -1, 9, Token).ShouldBeEmpty();
        Interference.Largest([], [a], -1, 9, Token).ShouldBeEmpty();
    }

    private static double Naive(RandomModel model, EffectiveEdit by, EffectiveEdit on)
    {
        var w0 = model.Matrix([]);
        return Moved(by.Delta) / Moved(on.Delta);

        double Moved(RankOneDelta delta)
        {
            double[] before = model.Output(w0, on.KV), after = model.Output(model.Matrix([delta]), on.KV);
            return Math.Sqrt(before.Zip(after, (x, y) => (x - y) * (x - y)).Sum());
        }
    }
}
