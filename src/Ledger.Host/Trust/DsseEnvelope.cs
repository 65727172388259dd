using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;

namespace Ledger.Host.Trust;

/// <summary>
/// DSSE, the Dead Simple Signing Envelope 1.0: a payload, what it is, and signatures over both. Fields that others add are left alone, as
/// it demands.
/// </summary>
/// <param name="Payload">base64.</param>
/// <param name="PayloadType">A media type.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record DsseEnvelope(string Payload, string PayloadType, ImmutableArray<DsseSignature> Signatures)
{
    /// <summary>The bytes that are signed: <c>"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body</c>, lengths in bytes.</summary>
    public static byte[] Pae(string payloadType, ReadOnlySpan<byte> payload)
    {
        var head = string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {Encoding.UTF8.GetByteCount(payloadType)} {payloadType} {payload.Length} ");
        return [.. Encoding.UTF8.GetBytes(head), .. payload];
    }

    public static DsseEnvelope Sign(string payloadType, ReadOnlySpan<byte> payload, SigningKey key) =>
        new(Convert.ToBase64String(payload), payloadType, [new DsseSignature(Convert.ToBase64String(key.Sign(Pae(payloadType, payload))), key.Id.ToString())]);

    /// <summary>The payload's bytes.</summary>
    /// <exception cref="FormatException">It is not base64.</exception>
    public byte[] Body() => FromBase64(Payload);

    /// <summary>Whether one of the signatures is the key's. Key ids are hints that nobody vouches for: each signature is tried.</summary>
    /// <exception cref="FormatException">A payload or signature is not base64.</exception>
    public bool IsSignedBy(SigningKey key)
    {
        var signed = Pae(PayloadType, Body());
        return Signatures.Any(s => key.Verifies(signed, FromBase64(s.Sig)));
    }

    /// <summary>Either alphabet is allowed, and padding may be left out of the second.</summary>
    private static byte[] FromBase64(string text)
    {
        var standard = text.TrimEnd('=').Replace('-', '+').Replace('_', '/');
        return Convert.FromBase64String(standard.PadRight((standard.Length + 3) / 4 * 4, '='));
    }
}

/// <param name="Sig">base64.</param>
/// <param name="Keyid">A hint which key it was.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record DsseSignature(string Sig, string? Keyid = null);
