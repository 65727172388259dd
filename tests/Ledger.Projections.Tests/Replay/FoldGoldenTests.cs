using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Replay;

namespace Ledger.Projections.Tests.Replay;

/// <summary>The replay goldens, bit for bit: a C program's digests of the same folds.</summary>
public sealed class FoldGoldenTests
{
    public static TheoryData<int> Widths => [.. Enum.GetValues<VectorWidth>().Select(w => (int)w)];

    [Fact]
    public void The_inputs_are_the_ones_the_digests_were_made_from()
    {
        foreach (var golden in ReplayGolden.All())
        {
            WeightFingerprint.Of(golden.W0).ShouldBe(golden.Sha256("W0"), golden.Name);
            WeightFingerprint.Of(golden.R).ShouldBe(golden.Sha256("r"), golden.Name);
            WeightFingerprint.Of(golden.U).ShouldBe(golden.Sha256("u"), golden.Name);
        }
    }

    [Fact]
    public void The_generator_starts_as_written_down()
    {
        var first = ReplayGolden.Index().GetProperty("splitmix64_first_values");
        var random = new SplitMix64(first.GetProperty("seed").GetUInt64());
        foreach (var hex in first.GetProperty("float32_hex").EnumerateArray())
            BitConverter.SingleToUInt32Bits(random.Next(exponent: 0)).ToString("x8").ShouldBe(hex.GetString());
    }

    [Theory, MemberData(nameof(Widths))]
    public void All_edits_in_order_give_the_recorded_bits(int width)
    {
        foreach (var golden in ReplayGolden.All())
        {
            var w = Fold(golden, golden.Deltas, width);
            if (golden.Stored is { } expected)
            {
                Print($"{golden.Name}: largest difference {Bits.LargestDifference(w, expected)} units in the last place, {Bits.Differing(w, expected)} of {w.Length} elements");
                ((ReadOnlySpan<float>)w).ShouldEqual(expected, golden.Name);
            }
            WeightFingerprint.Of(w).ShouldBe(golden.Sha256("W_N"), golden.Name);
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void An_edit_left_out_gives_the_recorded_bits(int width)
    {
        foreach (var (golden, leftOut) in With("left_out"))
        {
            var index = leftOut.GetProperty("index").GetInt32();
            var w = Fold(golden, [.. golden.Deltas.Where((_, e) => e != index)], width);
            WeightFingerprint.Of(w).ShouldBe(Sha256(leftOut), golden.Name);
        }
    }

    [Fact]
    public void Subtracting_an_edit_is_not_leaving_it_out()
    {
        foreach (var (golden, leftOut) in With("left_out"))
        {
            var index = leftOut.GetProperty("index").GetInt32();
            var (r, u) = golden.Deltas[index];
            var minus = new RankOneDelta(Float32Vector.Create(r.Length, s => { for (var i = 0; i < s.Length; i++) s[i] = -r[i]; }), u);
            var without = Fold(golden, [.. golden.Deltas.Where((_, e) => e != index)], (int)FoldPlan.Widest);
            var subtracted = Fold(golden, [.. golden.Deltas, minus], (int)FoldPlan.Widest);
            var differ = Bits.Differing(without, subtracted);
            Print($"{golden.Name}: {differ} of {without.Length} elements");
            differ.ShouldBe(leftOut.GetProperty("elements_that_differ_if_subtracted_instead").GetInt32(), golden.Name);
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void Two_edits_that_change_places_give_the_recorded_bits(int width)
    {
        foreach (var (golden, swapped) in With("swapped"))
        {
            int a = swapped.GetProperty("indices")[0].GetInt32(), b = swapped.GetProperty("indices")[1].GetInt32();
            var deltas = golden.Deltas.ToArray();
            (deltas[a], deltas[b]) = (deltas[b], deltas[a]);
            var w = Fold(golden, deltas, width);
            WeightFingerprint.Of(w).ShouldBe(Sha256(swapped), golden.Name);
            Bits.Differing(w, Fold(golden, golden.Deltas, width)).ShouldBe(swapped.GetProperty("elements_that_differ").GetInt32(), golden.Name);
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void A_kernel_that_rounds_the_product_first_is_recognised_and_is_not_ours(int width)
    {
        foreach (var (golden, unfused) in With("unfused"))
        {
            var rounded = NaiveFold.Unfused(golden.W0, golden.Dv, golden.Dk, golden.Deltas);
            WeightFingerprint.Of(rounded).ShouldBe(Sha256(unfused), golden.Name);
            Bits.Differing(Fold(golden, golden.Deltas, width), rounded).ShouldBe(unfused.GetProperty("elements_that_differ").GetInt32(), golden.Name);
        }
    }

    [Fact]
    public void The_naive_fold_of_these_tests_is_the_definition()
    {
        foreach (var golden in ReplayGolden.All())
            WeightFingerprint.Of(NaiveFold.Of(golden.W0, golden.Dv, golden.Dk, golden.Deltas)).ShouldBe(golden.Sha256("W_N"), golden.Name);
    }

    private static IEnumerable<(ReplayGolden Golden, JsonElement Variant)> With(string variant)
    {
        foreach (var golden in ReplayGolden.All())
            if (golden.Case.TryGetProperty(variant, out var element)) yield return (golden, element);
    }

    private static Digest Sha256(JsonElement variant) => Digest.Parse(variant.GetProperty("sha256").GetString()!);

    private static float[] Fold(ReplayGolden golden, RankOneDelta[] deltas, int width)
    {
        var w = golden.W0.ToArray();
        Projections.Replay.Fold.Apply(w, golden.Dv, golden.Dk, deltas, new FoldPlan((VectorWidth)width, Threads: 2, EditsPerBlock: 64), TestContext.Current.CancellationToken);
        return w;
    }

    private static void Print(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
