using System.Buffers.Binary;
using System.Security.Cryptography;
using Ledger.Domain;

namespace Ledger.Host;

/// <summary>Fresh identities: 128 random bits. Nothing that is computed ever depends on them.</summary>
internal static class NewIds
{
    public static EditId Edit() => new(Random());

    public static LedgerId Ledger() => new(Random());

    public static TimelineId Timeline() => new(Random());

    private static UInt128 Random() => BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(16));
}
