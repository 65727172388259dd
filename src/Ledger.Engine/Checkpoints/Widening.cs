using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ledger.Engine.Checkpoints;

/// <summary>Stored little-endian bytes → float32. Every F16 and BF16 value is a float32 value, so nothing is rounded.</summary>
internal static class Widening
{
    /// <summary>Bytes an element of a readable dtype takes, or 0 for a dtype the engine does not read.</summary>
    public static int Size(string dtype) => dtype switch { "F32" => 4, "F16" or "BF16" => 2, _ => 0 };

    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="source">The stored bytes of exactly as many elements as <paramref name="destination"/> holds; need not be aligned.</param>
    /// <param name="destination">All of it is written.</param>
    public static void Widen(string dtype, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (source.Length != (long)Size(dtype) * destination.Length || Size(dtype) == 0)
            throw new ArgumentException($"{source.Length} bytes are not {destination.Length} elements of {dtype}.", nameof(source));
        switch (dtype)
        {
            case "F32": source.CopyTo(MemoryMarshal.AsBytes(destination)); break;
            case "F16": WidenHalf(source, destination); break;
            default: WidenBFloat16(source, destination); break;
        }
    }

    /// <summary>A BF16 is the upper half of a float32.</summary>
    private static void WidenBFloat16(ReadOnlySpan<byte> source, Span<float> destination)
    {
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
            for (; i <= destination.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
            {
                var (lower, upper) = Vector256.Widen(Vector256.Create<byte>(source.Slice(2 * i, 32)).AsUInt16());
                (lower << 16).AsSingle().CopyTo(destination[i..]);
                (upper << 16).AsSingle().CopyTo(destination[(i + Vector256<float>.Count)..]);
            }
        for (; i < destination.Length; i++)
            destination[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(source[(2 * i)..]) << 16);
    }

    private static void WidenHalf(ReadOnlySpan<byte> source, Span<float> destination)
    {
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
            for (; i <= destination.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
            {
                var (lower, upper) = Vector256.Widen(Vector256.Create<byte>(source.Slice(2 * i, 32)).AsUInt16());
                WidenHalf(lower).CopyTo(destination[i..]);
                WidenHalf(upper).CopyTo(destination[(i + Vector256<float>.Count)..]);
            }
        for (; i < destination.Length; i++) destination[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(source[(2 * i)..]);
    }

    /// <summary>
    /// Exponent and fraction move to their float32 places, and one multiplication by 2^112 mends the exponent's bias, for
    /// subnormals too: exact, since every half is a float32. Infinities and NaNs get the largest exponent instead.
    /// </summary>
    private static Vector256<float> WidenHalf(Vector256<uint> half)
    {
        var magnitude = (half & Vector256.Create(0x7FFFu)) << 13;
        var sign = (half & Vector256.Create(0x8000u)) << 16;
        var finite = (magnitude.AsSingle() * Vector256.Create(BitConverter.UInt32BitsToSingle(0x7780_0000))).AsUInt32();
        var special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x7C00u << 13));
        return (Vector256.ConditionalSelect(special, magnitude | Vector256.Create(0x7F80_0000u), finite) | sign).AsSingle();
    }
}
