using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Ledger.Host.Trust;

namespace Ledger.Host.Tests.Trust;

public sealed class DsseEnvelopeTests : IDisposable
{
    private readonly SigningKey key = SigningKey.New(), other = SigningKey.New();

    public void Dispose()
    {
        key.Dispose();
        other.Dispose();
    }

    [Theory]
    [InlineData("http://example.com/HelloWorld", "hello world", "DSSEv1 29 http://example.com/HelloWorld 11 hello world")]      // DSSE protocol 1.0, test vectors
    [InlineData("", "", "DSSEv1 0  0 ")]
    [InlineData("tybé", "ü", "DSSEv1 5 tybé 2 ü")]                                                                              // lengths are bytes
    public void What_is_signed_is_the_specifications_encoding(string type, string body, string encoded) =>
        Encoding.UTF8.GetString(DsseEnvelope.Pae(type, Encoding.UTF8.GetBytes(body))).ShouldBe(encoded);

    /// <summary>Signature and key of the DSSE protocol's test vector, made by another implementation; it writes r and s without DER.</summary>
    [Fact]
    public void The_specifications_own_signature_is_over_these_bytes()
    {
        using var theirs = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint
            {
                X = Coordinate("46950820868899156662930047687818585632848591499744589407958293238635476079160"),
                Y = Coordinate("5640078356564379163099075877009565129882514886557779369047442380624545832820"),
            },
        });
        var signature = Convert.FromBase64String("A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==");
        theirs.VerifyData(DsseEnvelope.Pae("http://example.com/HelloWorld", "hello world"u8), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation).ShouldBeTrue();
        theirs.VerifyData(DsseEnvelope.Pae("http://example.com/HelloWorld", "hello worle"u8), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation).ShouldBeFalse();
    }

    [Fact]
    public void A_signature_is_of_one_key_over_one_type_and_payload()
    {
        var envelope = DsseEnvelope.Sign("text/plain", "hello"u8, key);
        envelope.Body().ShouldBe("hello"u8.ToArray());
        envelope.Signatures.ShouldHaveSingleItem().Keyid.ShouldBe(key.Id.ToString());
        envelope.IsSignedBy(key).ShouldBeTrue();
        envelope.IsSignedBy(other).ShouldBeFalse();
        (envelope with { PayloadType = "text/html" }).IsSignedBy(key).ShouldBeFalse();
        (envelope with { Payload = Convert.ToBase64String("hellO"u8) }).IsSignedBy(key).ShouldBeFalse();
    }

    [Fact]
    public void Every_signature_is_tried_and_key_ids_are_not_believed()
    {
        var envelope = DsseEnvelope.Sign("text/plain", "hello"u8, key);
        var mine = envelope.Signatures[0];
        var theirs = DsseEnvelope.Sign("text/plain", "hello"u8, other).Signatures[0];
        (envelope with { Signatures = [theirs, mine with { Keyid = null }] }).IsSignedBy(key).ShouldBeTrue();
        (envelope with { Signatures = [theirs with { Keyid = mine.Keyid }] }).IsSignedBy(key).ShouldBeFalse();
        (envelope with { Signatures = [] }).IsSignedBy(key).ShouldBeFalse();
    }

    [Fact]
    public void Both_alphabets_of_base64_are_read()
    {
        byte[] payload = [0xfb, 0xff, 0xfe, 0x3e];
        var envelope = DsseEnvelope.Sign("x/y", payload, key);
        var safe = envelope with { Payload = UrlSafe(envelope.Payload), Signatures = [new DsseSignature(UrlSafe(envelope.Signatures[0].Sig))] };
        safe.Payload.ShouldNotBe(envelope.Payload);
        safe.Body().ShouldBe(payload);
        safe.IsSignedBy(key).ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("MAYCAQACAQA=")]           // DER of r = s = 0
    public void What_is_no_signature_is_not_one(string signature) =>
        (DsseEnvelope.Sign("x/y", "z"u8, key) with { Signatures = [new DsseSignature(signature)] }).IsSignedBy(key).ShouldBeFalse();

    private static string UrlSafe(string base64) => base64.TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static byte[] Coordinate(string number)
    {
        var bytes = BigInteger.Parse(number, CultureInfo.InvariantCulture).ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - bytes.Length], .. bytes];
    }
}
