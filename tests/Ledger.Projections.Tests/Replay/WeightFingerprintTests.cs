using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Ledger.Domain;
using Ledger.Projections.Replay;

namespace Ledger.Projections.Tests.Replay;

public sealed class WeightFingerprintTests
{
    [Fact]
    public void It_is_the_digest_of_the_little_endian_bytes() =>
        // printf '\x00\x00\x80\x3f\x00\x00\x00\xc0' | sha256sum
        WeightFingerprint.Of([1f, -2f]).ToString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData([0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0])));

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(WeightFingerprint.Chunk + 3)]
    public void Hashing_in_chunks_is_hashing_at_once(int more)
    {
        var w = new float[WeightFingerprint.Chunk + more];
        var random = new SplitMix64(17);
        foreach (ref var v in w.AsSpan()) v = random.NextFinite();
        WeightFingerprint.Of(w).ShouldBe(Digest.Of(MemoryMarshal.AsBytes(w.AsSpan())));
    }

    [Fact]
    public void It_sees_every_bit()
    {
        WeightFingerprint.Of([0f]).ShouldNotBe(WeightFingerprint.Of([-0f]));
        WeightFingerprint.Of([float.Epsilon]).ShouldNotBe(WeightFingerprint.Of([0f]));
        WeightFingerprint.Of([]).ShouldBe(Digest.Of([]));
    }
}
