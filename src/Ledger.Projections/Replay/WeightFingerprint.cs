using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Ledger.Domain;

namespace Ledger.Projections.Replay;

/// <summary>What tells two states of the matrix apart, and proves that a replay gave the bits it should.</summary>
public static class WeightFingerprint
{
    /// <summary>Floats hashed at once: the bytes of a whole matrix may be more than one span can count.</summary>
    public const int Chunk = 1 << 20;

    /// <summary>SHA-256 of the little-endian float32 bytes and nothing else.</summary>
    /// <param name="w">W, row-major [d_v, d_k] (GPT-2's stored transpose turned first).</param>
    /// <exception cref="PlatformNotSupportedException">A big-endian machine, whose floats lie the other way round; no event could be read there either.</exception>
    public static Digest Of(ReadOnlySpan<float> w)
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("A ledger's vectors are little-endian float32; this machine is big-endian.");
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (; !w.IsEmpty; w = w[Math.Min(Chunk, w.Length)..]) sha256.AppendData(MemoryMarshal.AsBytes(w[..Math.Min(Chunk, w.Length)]));
        return Digest.Of(sha256);
    }
}
