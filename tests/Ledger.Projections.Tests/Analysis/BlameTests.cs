using CsCheck;
using Ledger.Domain;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Analysis;

public sealed class BlameTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Edits_rank_by_how_far_their_matrix_moves_the_output_at_the_key_where_that_is_most() =>
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var model = new RandomModel(seed);
            var edits = model.Edits(model.Below(20));
            Float32Vector[] keys = [.. Enumerable.Range(0, 1 + model.Below(80)).Select(_ => model.Key())];
            var ranked = Blame.Rank(edits, keys, Token);
            ranked.Length.ShouldBe(edits.Length);
            ranked.Select(b => b.Moves).ShouldBeInOrder(SortDirection.Descending);
            foreach (var blame in ranked)
            {
                var edit = edits.Single(e => e.Edit == blame.Edit);
                var moved = keys.Select(k => Moved(model, edit, k)).ToArray();
                blame.Moves.ShouldBeClose(moved.Max());
                moved[blame.Position].ShouldBeClose(moved.Max());
            }
        }, iter: 100, seed: "0000000000f1", threads: 2);

    [Fact]
    public void Of_equal_suspects_the_later_comes_first_and_somebody_must_be_asked_about()
    {
        var model = new RandomModel(3);
        var first = model.Edit([]);
        var second = first with { Edit = new EditId(7) };
        Blame.Rank([first, second], [first.KV], Token).Select(b => b.Edit).ShouldBe([second.Edit, first.Edit]);
        Blame.Rank([first], [model.Key(), first.KV, first.KV], Token).Single().Position.ShouldBeLessThan(2);
        Blame.Rank([], [first.KV], Token).ShouldBeEmpty();
        Should.Throw<ArgumentOutOfRangeException>(() => Blame.Rank([first], [], Token));
        Should.Throw<ShapeException>(() => Blame.Rank([first], [Float32Vector.Empty], Token));
    }

    private static double Moved(RandomModel model, EffectiveEdit edit, Float32Vector k)
    {
        double[] before = model.Output(model.Matrix([]), k), after = model.Output(model.Matrix([edit.Delta]), k);
        return Math.Sqrt(before.Zip(after, (x, y) => (x - y) * (x - y)).Sum());
    }
}
