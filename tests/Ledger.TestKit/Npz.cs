using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace Ledger.TestKit;

/// <summary>Writes .npz files as NumPy does, and as nobody should.</summary>
public static class Npz
{
    /// <summary>What ROME's <c>layer_stats</c> writes for one second moment.</summary>
    /// <param name="sum">Σ k kᵀ, an array of .npy.</param>
    public static byte[] Moment(byte[] sum, long count, long? sample = 40) => Zip(
        ("constructor.npy", Array("<U33", "()", new byte[4 * 33])),
        ("mom2.constructor.npy", Array("<U33", "()", new byte[4 * 33])),
        ("mom2.count.npy", Integer(count)),
        ("mom2.mom2.npy", sum),
        ("sample_size.npy", sample is { } n ? Integer(n) : Array("<f8", "()", BitConverter.GetBytes(BitConverter.UInt64BitsToDouble(0xfff8000000000002)))));

    public static byte[] Integer(long value) => Array("<i8", "()", BitConverter.GetBytes(value));

    public static byte[] Doubles(IEnumerable<double> values, int n, bool fortran = false, byte version = 1) =>
        Array("<f8", $"({n}, {n})", MemoryMarshal.AsBytes(values.ToArray().AsSpan()).ToArray(), fortran, version);

    public static byte[] Floats(IEnumerable<float> values, int n) => Array("<f4", $"({n}, {n})", MemoryMarshal.AsBytes(values.ToArray().AsSpan()).ToArray());

    /// <param name="shape">As Python writes a tuple.</param>
    public static byte[] Array(string dtype, string shape, byte[] data, bool fortran = false, byte version = 1) =>
        Described($"{{'descr': '{dtype}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {shape}, }}", data, version);

    public static byte[] Described(string description, byte[] data, byte version = 1)
    {
        var prefix = version == 1 ? 10 : 12;
        var text = Encoding.UTF8.GetBytes(description.PadRight((prefix + description.Length) / 64 * 64 + 63 - prefix) + '\n');
        var size = new byte[prefix - 8];
        if (version == 1) BinaryPrimitives.WriteUInt16LittleEndian(size, (ushort)text.Length);
        else BinaryPrimitives.WriteUInt32LittleEndian(size, (uint)text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. size, .. text, .. data];
    }

    /// <summary>Stored, as NumPy's <c>savez</c> does.</summary>
    public static byte[] Zip(params (string Name, byte[] Bytes)[] entries) => Zip(CompressionLevel.NoCompression, entries);

    public static byte[] Zip(CompressionLevel level, params (string Name, byte[] Bytes)[] entries)
    {
        using var to = new MemoryStream();
        using (var zip = new ZipArchive(to, ZipArchiveMode.Create))
            foreach (var (name, bytes) in entries)
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(bytes);
            }
        return to.ToArray();
    }
}
