using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Checkpoints;

/// <summary>Exhaustive for two bytes: every F16 and BF16 there is, in the vectorised middle and in the odd end.</summary>
public sealed class WideningTests
{
    private static readonly ushort[] All = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)i)];

    [Fact]
    public void Every_half_is_widened_to_its_value()
    {
        var wide = Widened("F16", All);
        for (var i = 0; i < All.Length; i++)
        {
            var (expected, bits) = (ValueOfHalf(All[i]), BitConverter.SingleToUInt32Bits(wide[i]));
            if (double.IsNaN(expected)) float.IsNaN(wide[i]).ShouldBeTrue($"half {All[i]:x4}");
            else bits.ShouldBe(BitConverter.SingleToUInt32Bits((float)expected), $"half {All[i]:x4}");
            (bits >> 31).ShouldBe((uint)All[i] >> 15, $"the sign of half {All[i]:x4}");
        }
    }

    [Fact]
    public void Every_bfloat16_is_the_upper_half_of_its_float32() =>
        Widened("BF16", All).Select(BitConverter.SingleToUInt32Bits).ShouldBe(All.Select(b => (uint)b << 16));

    [Theory]
    [InlineData("F16")]
    [InlineData("BF16")]
    public void Where_a_number_stands_does_not_matter(string dtype)
    {
        // Subnormals, zeros of both signs, infinities, the largest and the smallest, one after the other in rows of every length up to 40.
        ushort[] numbers = [0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3c00, 0xbc01, 0x7bff, 0x7c00, 0xfc00, 0x0080, 0x7f7f, 0x7f80];
        for (var length = 1; length <= 40; length++)
        {
            var row = Enumerable.Range(0, length).Select(i => numbers[i % numbers.Length]).ToArray();
            Widened(dtype, row).ShouldBe(row.Select(n => Widened(dtype, n)[0]));
        }
    }

    [Fact]
    public void Float32_keeps_every_bit()
    {
        uint[] bits = [0, 0x80000000, 1, 0x807fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00001, 0x7f800001, 0xffffffff];
        using var folder = new TemporaryFolder();
        using var file = SafetensorsFile.Open(folder.Write("w", RawSafetensors.Tensor("F32", [.. bits.SelectMany(BitConverter.GetBytes)], bits.Length)));
        file.ReadFloats("w").Select(BitConverter.SingleToUInt32Bits).ShouldBe(bits);
    }

    [Theory]
    [InlineData("F32", 3)]
    [InlineData("F16", 4)]
    [InlineData("I32", 4)]
    public void Bytes_that_are_not_so_many_elements_are_refused(string dtype, int bytes) =>
        Should.Throw<ArgumentException>(() => Widening.Widen(dtype, new byte[bytes], new float[1])).Message.ShouldContain($"{bytes} bytes are not 1 elements of {dtype}");

    /// <summary>IEEE 754's definition: ±2^(e−15) · 1.f, ±2^−14 · 0.f where e is 0.</summary>
    private static double ValueOfHalf(ushort half)
    {
        var (sign, exponent, fraction) = (half >> 15 == 1 ? -1.0 : 1.0, half >> 10 & 31, half & 1023);
        return exponent switch
        {
            31 => fraction == 0 ? sign * double.PositiveInfinity : double.NaN,
            0 => sign * Math.ScaleB(fraction, -24),
            _ => sign * Math.ScaleB(1024 + fraction, exponent - 25),
        };
    }

    private static float[] Widened(string dtype, params ushort[] numbers)
    {
        var floats = new float[numbers.Length];
        Widening.Widen(dtype, numbers.SelectMany(BitConverter.GetBytes).ToArray(), floats);
        return floats;
    }
}
