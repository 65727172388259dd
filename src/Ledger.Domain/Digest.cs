using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Ledger.Domain;

/// <summary>A SHA-256: 32 bytes, equal by value, written as 64 lower-case hexadecimal digits.</summary>
/// <remarks>The default value is all zeros and is the digest of nothing; it stands for "before the first".</remarks>
public readonly struct Digest : IEquatable<Digest>, IComparable<Digest>, IParsable<Digest>
{
    public const int Size = 32;

    private readonly UInt128 high, low;

    /// <param name="bytes">Exactly 32 bytes.</param>
    public Digest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"A digest has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        high = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        low = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    public static Digest Zero => default;

    public static Digest Of(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(data, hash);
        return new Digest(hash);
    }

    /// <summary>The digest of what was appended so far; the hash starts afresh.</summary>
    public static Digest Of(IncrementalHash sha256)
    {
        Span<byte> hash = stackalloc byte[Size];
        sha256.GetHashAndReset(hash);
        return new Digest(hash);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        WriteTo(bytes);
        return bytes;
    }

    public void WriteTo(Span<byte> destination)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination, high);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination[16..], low);
    }

    /// <summary>The first and last digits, for people: <c>6f1c08…41e2</c>.</summary>
    public string Short() => ToString() is var s ? $"{s[..6]}…{s[^4..]}" : "";

    public override string ToString() => $"{high:x32}{low:x32}";

    public static Digest Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var digest) ? digest : throw new FormatException($"\"{s}\" is not a SHA-256: 64 hexadecimal digits.");

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Digest result)
    {
        result = default;
        if (s is not { Length: 2 * Size }) return false;
        Span<byte> bytes = stackalloc byte[Size];
        if (Convert.FromHexString(s, bytes, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        result = new Digest(bytes);
        return true;
    }

    public bool Equals(Digest other) => high == other.high && low == other.low;

    public override bool Equals(object? obj) => obj is Digest other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(high, low);

    public int CompareTo(Digest other) => high != other.high ? high.CompareTo(other.high) : low.CompareTo(other.low);

    public static bool operator ==(Digest a, Digest b) => a.Equals(b);

    public static bool operator !=(Digest a, Digest b) => !a.Equals(b);
}
