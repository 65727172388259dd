using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Replay;

namespace Ledger.Projections.Tests.Replay;

public sealed class FoldTests
{
    private static readonly VectorWidth[] Widths = Enum.GetValues<VectorWidth>();

    /// <summary>Sides around the tiles' own (4 rows; 3, 12, 24 and 48 columns), primes, and 1.</summary>
    private static readonly Gen<int> Side = Gen.OneOf(Gen.Int[1, 70], Gen.OneOf(1, 2, 3, 4, 5, 11, 12, 13, 23, 24, 25, 47, 48, 49, 53, 97, 101, 145));

    private static readonly Gen<int> Edits = Gen.OneOf(Gen.Int[0, 20], Gen.OneOf(31, 32, 33));

    private static readonly Gen<FoldPlan> Plan = Gen.Select(Gen.OneOf(Widths), Gen.Int[1, 5], Gen.OneOf(Gen.Int[1, 9], Gen.Const(512)))
        .Select((width, threads, edits) => new FoldPlan(width, threads, edits));

    [Fact]
    public void Any_shape_width_block_and_thread_count_gives_the_naive_bits() =>
        Gen.Select(Side, Side, Edits, Plan, Gen.ULong, Gen.Bool).Sample((dv, dk, n, plan, seed, wild) =>
        {
            var (w, deltas) = Draw(dv, dk, n, seed, wild);
            var expected = NaiveFold.Of(w, dv, dk, deltas);
            Fold.Apply(w, dv, dk, deltas, plan, CancellationToken.None);
            ((ReadOnlySpan<float>)w).ShouldEqual(expected, $"{dv} × {dk}, {n} edits, {plan}");
        }, iter: 2000);

    [Fact]
    public void Every_column_and_row_tail_of_every_width_gives_the_naive_bits()
    {
        foreach (var width in Widths)
            for (var dk = 1; dk <= 2 * 3 * (int)width + 1; dk++)
                for (var dv = 1; dv <= 9; dv += 2)
                {
                    var (w, deltas) = Draw(dv, dk, n: 3, seed: (ulong)(dk * 10 + dv), wild: false);
                    var expected = NaiveFold.Of(w, dv, dk, deltas);
                    Fold.Apply(w, dv, dk, deltas, new FoldPlan(width, Threads: 1, EditsPerBlock: 2), CancellationToken.None);
                    ((ReadOnlySpan<float>)w).ShouldEqual(expected, $"{dv} × {dk}, {width}");
                }
    }

    [Fact]
    public void The_plan_for_this_machine_gives_the_naive_bits_above_and_below_the_size_worth_threads()
    {
        foreach (var (dv, dk, n) in new[] { (9, 50, 7), (131, 397, 1100) })
        {
            var (w, deltas) = Draw(dv, dk, n, seed: 7, wild: false);
            var expected = NaiveFold.Of(w, dv, dk, deltas);
            Fold.Apply(w, dv, dk, deltas, CancellationToken.None);
            ((ReadOnlySpan<float>)w).ShouldEqual(expected, $"{dv} × {dk}, {n} edits");
        }
    }

    [Fact]
    public void Folding_in_two_parts_is_folding_once() =>
        Gen.Select(Side, Side, Edits, Edits, Plan, Plan, Gen.ULong).Sample((dv, dk, first, second, one, other, seed) =>
        {
            var (w, deltas) = Draw(dv, dk, first + second, seed, wild: false);
            var atOnce = w.ToArray();
            Fold.Apply(atOnce, dv, dk, deltas, one, CancellationToken.None);
            Fold.Apply(w, dv, dk, deltas[..first], one, CancellationToken.None);
            Fold.Apply(w, dv, dk, deltas[first..], other, CancellationToken.None);
            ((ReadOnlySpan<float>)w).ShouldEqual(atOnce, $"{first} then {second} edits");
        }, iter: 300);

    [Fact]
    public void Infinities_and_NaN_of_the_base_pass_through_with_the_same_bits_at_every_width()
    {
        var odd = new uint[] { 0x7F800000u, 0xFF800000, 0x7FC00000, 0xFFC12345, 0x7F812345, 0x80000000, 0x00000001, 0x7F7FFFFF };   // ±∞, NaN quiet, with payload, signalling, −0, smallest, largest
        const int dv = 5, dk = 53;
        var (w0, deltas) = Draw(dv, dk, n: 6, seed: 11, wild: false);
        for (var i = 0; i < w0.Length; i += 3) w0[i] = BitConverter.UInt32BitsToSingle(odd[i / 3 % odd.Length]);
        var expected = NaiveFold.Of(w0, dv, dk, deltas);
        foreach (var width in Widths)
        {
            var w = w0.ToArray();
            Fold.Apply(w, dv, dk, deltas, new FoldPlan(width, Threads: 2, EditsPerBlock: 4), CancellationToken.None);
            ((ReadOnlySpan<float>)w).ShouldEqual(expected, $"{width}");
        }
    }

    [Fact]
    public void A_finite_matrix_stays_free_of_NaN_even_when_it_overflows() =>
        Gen.Select(Plan, Gen.ULong).Sample((plan, seed) =>
        {
            var (w, deltas) = Draw(7, 29, n: 30, seed, wild: true);
            Fold.Apply(w, 7, 29, deltas, plan, CancellationToken.None);
            w.ShouldAllBe(v => !float.IsNaN(v));
            w.ShouldContain(v => float.IsInfinity(v));
        }, iter: 50);

    [Fact]
    public void No_edits_leave_every_bit_as_it_was()
    {
        float[] w = [0f, -0f, BitConverter.UInt32BitsToSingle(0x7F812345), float.Epsilon, 1f, 2f];
        var before = Bits.Of(w).ToArray();
        Fold.Apply(w, 2, 3, [], CancellationToken.None);
        Bits.Of(w).ToArray().ShouldBe(before);
    }

    [Theory]
    [InlineData(41, 6, 7, "W", 42, 41)]
    [InlineData(42, 7, 7, "r of edit 1", 6, 7)]
    [InlineData(42, 6, 8, "u of edit 1", 7, 8)]
    public void A_length_that_does_not_fit_is_refused_before_anything_is_written(int length, int r, int u, string name, long expected, long actual)
    {
        var w = new float[length];
        RankOneDelta fits = new(Ones(6), Ones(7)), odd = new(Ones(r), Ones(u));
        var refused = Should.Throw<ShapeException>(() => Fold.Apply(w, 6, 7, [fits, odd], CancellationToken.None));
        (refused.Name, refused.Expected, refused.Actual).ShouldBe((name, expected, actual));
        w.ShouldAllBe(v => v == 0f);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(-2, -3)]
    public void A_matrix_has_rows_and_columns(int dv, int dk) =>
        Should.Throw<ArgumentOutOfRangeException>(() => Fold.Apply(new float[Math.Abs(dv * dk)], dv, dk, [], CancellationToken.None));

    [Theory]
    [InlineData(float.NaN, "r")]
    [InlineData(float.PositiveInfinity, "r")]
    [InlineData(float.NaN, "u")]
    [InlineData(float.NegativeInfinity, "u")]
    public void A_factor_that_is_not_finite_is_refused_before_anything_is_written(float value, string factor)
    {
        foreach (var place in new[] { 0, 15, 16, 36 })
        {
            const int side = 37;
            var (w, deltas) = Draw(side, side, n: 3, seed: 5, wild: false);
            var before = w.ToArray();
            var odd = Float32Vector.Create(side, s => s[place] = value);
            var bad = factor == "r" ? new RankOneDelta(odd, deltas[0].U) : new RankOneDelta(deltas[0].R, odd);
            var refused = Should.Throw<NonFiniteDeltaException>(() => Fold.Apply(w, side, side, [.. deltas, bad], CancellationToken.None));
            (refused.Index, refused.Factor).ShouldBe((3, factor));
            w.ShouldBe(before);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_fold_stops_between_blocks_when_it_is_cancelled(int threads)
    {
        var (w, deltas) = Draw(40, 100, n: 20, seed: 9, wild: false);
        using var source = new CancellationTokenSource();
        var watched = new WatchedDeltas(deltas, read => { if (read > deltas.Length) source.Cancel(); });
        Should.Throw<OperationCanceledException>(() => Fold.Apply(w, 40, 100, watched, new FoldPlan(VectorWidth.Vector128, threads, EditsPerBlock: 4), source.Token));
        watched.LastRead.ShouldBeInRange(0, 3);                                 // all were checked, then only the first block was folded
    }

    private static (float[] W, RankOneDelta[] Deltas) Draw(int dv, int dk, int n, ulong seed, bool wild)
    {
        var random = new SplitMix64(seed);
        var w = Values(dv * dk, -4);
        var deltas = new RankOneDelta[n];
        for (var e = 0; e < n; e++) deltas[e] = new RankOneDelta(new Float32Vector(Values(dv, 0)), new Float32Vector(Values(dk, -5)));
        return (w, deltas);

        float[] Values(int count, int exponent)
        {
            var values = new float[count];
            foreach (ref var v in values.AsSpan()) v = wild ? random.NextFinite() : random.Next(exponent);
            return values;
        }
    }

    private static Float32Vector Ones(int length) => Float32Vector.Create(length, s => s.Fill(1f));
}
