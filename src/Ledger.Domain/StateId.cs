using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Ledger.Domain;

/// <summary>
/// The edited matrix, named without building it: SHA-256 over the base matrix's fingerprint and the digests of the (u, r) in effect,
/// in order of taking effect. Equal ids mean equal matrices, bit for bit.
/// </summary>
public readonly record struct StateId(Digest Value) : IParsable<StateId>
{
    /// <param name="baseMatrix">Weight fingerprint of W₀.</param>
    /// <param name="inEffect">Digests of the deltas, in order of taking effect.</param>
    public static StateId Of(Digest baseMatrix, IEnumerable<Digest> inEffect)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[Digest.Size];
        baseMatrix.WriteTo(bytes);
        sha256.AppendData(bytes);
        foreach (var delta in inEffect)
        {
            delta.WriteTo(bytes);
            sha256.AppendData(bytes);
        }
        return new StateId(Digest.Of(sha256));
    }

    /// <summary>The id after none, one, two … of the deltas: one more than there are deltas.</summary>
    /// <inheritdoc cref="Of"/>
    public static IEnumerable<StateId> Along(Digest baseMatrix, IEnumerable<Digest> inEffect)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha256.AppendData(baseMatrix.ToBytes());
        yield return new StateId(new Digest(sha256.GetCurrentHash()));
        foreach (var delta in inEffect)
        {
            sha256.AppendData(delta.ToBytes());
            yield return new StateId(new Digest(sha256.GetCurrentHash()));
        }
    }

    public override string ToString() => Value.ToString();

    public static StateId Parse(string s, IFormatProvider? provider = null) => new(Digest.Parse(s));

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out StateId result)
    {
        var ok = Digest.TryParse(s, provider, out var digest);
        result = new StateId(digest);
        return ok;
    }
}
