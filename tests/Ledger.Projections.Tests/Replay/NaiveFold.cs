using System.Runtime.InteropServices;
using Ledger.Domain.Editing;

namespace Ledger.Projections.Tests.Replay;

/// <summary>The definition of docs/editing.md §4, word for word: what the fold is held against, bit for bit.</summary>
internal static class NaiveFold
{
    public static float[] Of(ReadOnlySpan<float> w0, int dv, int dk, IEnumerable<RankOneDelta> deltas) => Of(w0, dv, dk, deltas, MathF.FusedMultiplyAdd);

    /// <summary>The product is rounded first: what a kernel without fused multiply-add gives.</summary>
    public static float[] Unfused(ReadOnlySpan<float> w0, int dv, int dk, IEnumerable<RankOneDelta> deltas) => Of(w0, dv, dk, deltas, (r, u, w) => r * u + w);

    private static float[] Of(ReadOnlySpan<float> w0, int dv, int dk, IEnumerable<RankOneDelta> deltas, Func<float, float, float, float> multiplyAdd)
    {
        var w = w0.ToArray();
        foreach (var (r, u) in deltas)
            for (var i = 0; i < dv; i++)
                for (var j = 0; j < dk; j++) w[i * dk + j] = multiplyAdd(r[i], u[j], w[i * dk + j]);
        return w;
    }
}

internal static class Bits
{
    public static ReadOnlySpan<int> Of(ReadOnlySpan<float> values) => MemoryMarshal.Cast<float, int>(values);

    public static int Differing(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        a.Length.ShouldBe(b.Length);
        var count = 0;
        for (var i = 0; i < a.Length; i++) count += Of(a)[i] == Of(b)[i] ? 0 : 1;
        return count;
    }

    /// <summary>In units in the last place, counted over the ordered float32; 0 when every bit is equal.</summary>
    public static long LargestDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var largest = 0L;
        for (var i = 0; i < a.Length; i++)
            if (Of(a)[i] != Of(b)[i]) largest = Math.Max(largest, Math.Max(1, Math.Abs(Rank(a[i]) - Rank(b[i]))));
        return largest;
    }

    public static void ShouldEqual(this ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, string what)
    {
        for (var i = 0; i < expected.Length; i++)
            if (Of(actual)[i] != Of(expected)[i])
                Assert.Fail($"{what}: element {i} is {actual[i]:g9} (0x{Of(actual)[i]:x8}), expected {expected[i]:g9} (0x{Of(expected)[i]:x8}); {Differing(actual, expected)} of {expected.Length} differ");
    }

    private static long Rank(float value) => BitConverter.SingleToInt32Bits(value) is var bits && bits < 0 ? int.MinValue - (long)bits : bits;
}

/// <summary>The goldens' generator, and the tests' own source of numbers: one stream a seed.</summary>
internal struct SplitMix64(ulong seed)
{
    private ulong s = seed;

    public ulong Next()
    {
        var z = s += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>In [−1, 1) · 2^exponent, exact in float32.</summary>
    public float Next(int exponent) => MathF.ScaleB((int)(Next() >> 40) - 8388608, exponent - 23);

    /// <summary>Any finite float32: every exponent as likely as another, denormals and both zeros among them.</summary>
    public float NextFinite()
    {
        var bits = (uint)Next();
        if ((bits & 0x007F_0000) == 0) bits &= 0xFF80_0000;                       // a short mantissa now and then, so that sums cancel
        if ((bits & 0x7F80_0000) == 0x7F80_0000) bits &= 0xBFFF_FFFF;              // NaN and infinity become something near 1
        return BitConverter.UInt32BitsToSingle(bits);
    }
}
