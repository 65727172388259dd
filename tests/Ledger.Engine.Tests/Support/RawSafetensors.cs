using System.Buffers.Binary;
using System.Text;

namespace Ledger.Engine.Tests.Support;

/// <summary>Safetensors written byte by byte, lies included.</summary>
internal static class RawSafetensors
{
    public static byte[] Bytes(string header, params byte[] data) => Bytes((ulong)Encoding.UTF8.GetByteCount(header), header, data);

    /// <param name="claimed">The header's length as the file gives it.</param>
    public static byte[] Bytes(ulong claimed, string header, byte[] data)
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, claimed);
        return [.. prefix, .. Encoding.UTF8.GetBytes(header), .. data];
    }

    /// <summary>One tensor named w.</summary>
    public static byte[] Tensor(string dtype, byte[] data, params long[] shape) =>
        Bytes($$$"""{"w":{"dtype":"{{{dtype}}}","shape":[{{{string.Join(',', shape)}}}],"data_offsets":[0,{{{data.Length}}}]}}""", data);
}
