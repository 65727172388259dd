using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Analysis;

public sealed class StateDifferenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_distances_are_those_of_the_whole_matrices() =>
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var model = new RandomModel(seed);
            var edits = model.Edits(model.Below(20));
            EffectiveEdit[] a = [.. edits.Where(_ => model.Below(3) > 0)], b = [.. edits.Where(_ => model.Below(3) > 0)];
            if (b.Length > 0) b[0] = b[0] with { Delta = model.Edit([]).Delta };
            var difference = StateDifference.Of(a, b, Token);
            double[,] wa = Matrix(a), wb = Matrix(b), w0 = Matrix([]);
            difference.Distance.ShouldBeClose(model.Frobenius(wa, wb));
            difference.FromBaseA.ShouldBeClose(model.Frobenius(wa, w0));
            difference.FromBaseB.ShouldBeClose(model.Frobenius(wb, w0));

            double[,] Matrix(EffectiveEdit[] state) => model.Matrix(state.Select(e => e.Delta));
        }, iter: 300, seed: "0000000000a1", threads: 2);

    [Fact]
    public void A_matrix_larger_than_one_block_is_measured_in_full()
    {
        var random = new Random(4);
        WeightedDelta[] terms = [.. Enumerable.Range(0, 30).Select(i => new WeightedDelta(new RankOneDelta(Vector(150), Vector(61)), i % 3 - 1))];
        var squared = 0.0;
        for (var i = 0; i < 150; i++)
            for (var j = 0; j < 61; j++) squared += Math.Pow(terms.Sum(t => t.Weight * (double)t.Delta.R[i] * t.Delta.U[j]), 2);
        WeightedDelta.FrobeniusNorm(terms, Token).ShouldBe(Math.Sqrt(squared), 1e-9);

        Float32Vector Vector(int length) => new([.. Enumerable.Range(0, length).Select(_ => random.NextSingle() - 0.5f)]);
    }

    [Fact]
    public void The_same_deltas_in_another_order_are_no_distance_apart()
    {
        var edits = new RandomModel(8).Edits(12);
        var difference = StateDifference.Of(edits, [.. edits.Reverse()], Token);
        difference.Distance.ShouldBe(0);
        (difference.Same, difference.Reordered).ShouldBe((12, true));
        (difference.OnlyA.Length, difference.OnlyB.Length, difference.Changed.Length).ShouldBe((0, 0, 0));
        StateDifference.Of(edits, edits, Token).Reordered.ShouldBeFalse();
    }

    [Fact]
    public void What_nearly_cancels_keeps_its_digits()
    {
        var model = new RandomModel(21);
        var edits = model.Edits(40);
        // The same history replayed: r differs in its last bits. Sums of products of whole deltas would lose all of that.
        EffectiveEdit[] replayed = [.. edits.Select(e => e with { Delta = e.Delta with { R = new([.. e.Delta.R.Span.ToArray().Select(MathF.BitIncrement)]) } })];
        var difference = StateDifference.Of(edits, replayed, Token);
        var naive = model.Frobenius(model.Matrix(edits.Zip(replayed, Minus)), model.Matrix([]));
        difference.Distance.ShouldBeGreaterThan(0);
        difference.Distance.ShouldBe(naive, 1e-7 * naive);
        difference.Distance.ShouldBeLessThan(1e-6 * difference.FromBaseA);
        difference.Changed.Length.ShouldBe(40);

        static RankOneDelta Minus(EffectiveEdit a, EffectiveEdit b) =>
            new(new([.. a.Delta.R.Span.ToArray().Zip(b.Delta.R.Span.ToArray(), (x, y) => x - y)]), a.Delta.U);                // exact: they are neighbours
    }

    [Fact]
    public void An_edit_is_known_by_its_id_or_else_by_what_it_came_from()
    {
        var model = new RandomModel(11);
        var (kept, gone, changed, replayed, added) = (model.Edit([]), model.Edit([]), model.Edit([]), model.Edit([]), model.Edit([]));
        var other = changed with { Variant = Variant.PRome, Delta = model.Edit([]).Delta };
        var copy = replayed with { Edit = new EditId(1000), Delta = model.Edit([]).Delta };             // of another timeline: new id, same root
        var twin = kept with { Edit = new EditId(1001) };                                               // taken over a second time

        var difference = StateDifference.Of([kept, gone, changed, replayed], [other, kept, twin, added, copy], Token);

        difference.OnlyA.ShouldBe([gone]);
        difference.OnlyB.ShouldBe([twin, added]);
        difference.Changed.ShouldBe([new ChangedEdit(changed, other), new ChangedEdit(replayed, copy)]);
        difference.Same.ShouldBe(1);
        difference.Reordered.ShouldBeFalse();
    }

    [Fact]
    public void Nothing_differs_from_nothing()
    {
        var edit = new RandomModel(1).Edit([]);
        var nothing = StateDifference.Of([], [], Token);
        (nothing.Distance, nothing.FromBaseA, nothing.FromBaseB, nothing.Same).ShouldBe((0, 0, 0, 0));
        var one = StateDifference.Of([edit], [], Token);
        one.OnlyA.ShouldBe([edit]);
        one.Distance.ShouldBe(one.FromBaseA);
        one.Distance.ShouldBeClose(edit.Delta.FrobeniusNorm);
    }
}
