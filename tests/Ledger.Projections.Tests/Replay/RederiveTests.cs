using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Replay;

namespace Ledger.Projections.Tests.Replay;

public sealed class RederiveTests
{
    private const int Dv = 24, Dk = 40;

    [Fact]
    public void What_the_weights_give_at_a_key_is_the_same_from_factors_and_from_the_folded_matrix()
    {
        var random = new Random(20261126);
        var w0 = Vector(Dv * Dk);
        var k = new Float32Vector(Vector(Dk));
        var baseOutput = Float32Vector.Create(Dv, span =>
        {
            for (var i = 0; i < Dv; i++) span[i] = (float)new Float32Vector(w0.AsSpan(i * Dk, Dk)).Dot(k);
        });
        var deltas = Enumerable.Range(0, 7).Select(_ => new RankOneDelta(new Float32Vector(Vector(Dv)), new Float32Vector(Vector(Dk)))).ToArray();
        var w = (float[])w0.Clone();
        Fold.Apply(w, Dv, Dk, deltas, CancellationToken.None);

        var (factors, matrix) = (Rederive.Output(baseOutput, k, deltas), Rederive.Output(baseOutput, k, w, w0));
        for (var i = 0; i < Dv; i++) matrix[i].ShouldBe(factors[i], 1e-5);
        matrix.ShouldNotBe(baseOutput);
        Rederive.Output(baseOutput, k, w0, w0).ShouldBe(baseOutput);
        Should.Throw<ShapeException>(() => Rederive.Output(baseOutput, k, w.AsMemory(1), w0));
        Should.Throw<ShapeException>(() => Rederive.Output(baseOutput, k, w, w0.AsMemory(1)));

        float[] Vector(int length) => [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5))];
    }
}
