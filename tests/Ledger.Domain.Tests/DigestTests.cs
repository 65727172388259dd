using System.Security.Cryptography;
using CsCheck;
using Ledger.TestKit;

namespace Ledger.Domain.Tests;

public sealed class DigestTests
{
    [Fact]
    public void A_digest_is_SHA_256_in_small_hexadecimal_digits() =>
        Digest.Of("abc"u8).ToString().ShouldBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    [Fact]
    public void Text_and_bytes_give_the_same_digest_back() => Gens.Digest.Sample(d => Digest.Parse(d.ToString()) == d && new Digest(d.ToBytes()) == d && d.CompareTo(d) == 0);

    [Fact]
    public void Digests_are_ordered_as_their_text_is() =>
        Gen.Select(Gens.Digest, Gens.Digest).Sample((a, b) => Math.Sign(a.CompareTo(b)) == Math.Sign(string.CompareOrdinal(a.ToString(), b.ToString())));

    [Theory]
    [InlineData("")]
    [InlineData("ba7816bf")]
    [InlineData("ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0")]
    public void What_is_not_64_hexadecimal_digits_is_no_digest(string text) => Should.Throw<FormatException>(() => Digest.Parse(text));

    [Fact]
    public void A_digest_has_32_bytes() => Should.Throw<ArgumentException>(() => new Digest(new byte[31]));

    [Fact]
    public void A_running_hash_gives_the_same_digest_as_all_at_once()
    {
        using var running = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        running.AppendData("ab"u8);
        running.AppendData("c"u8);
        Digest.Of(running).ShouldBe(Digest.Of("abc"u8));
    }
}
