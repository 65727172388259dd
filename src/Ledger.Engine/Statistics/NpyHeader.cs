using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Ledger.Engine.Statistics;

/// <summary>The beginning of a .npy array: what NumPy writes, word for word, and nothing else.</summary>
/// <param name="Dtype">NumPy's name of an element's type: <c>&lt;f4</c> is little-endian float32.</param>
/// <param name="Fortran">Column-major.</param>
/// <param name="Bytes">How long this beginning is.</param>
internal sealed partial record NpyHeader(string Dtype, bool Fortran, ImmutableArray<long> Shape, int Bytes)
{
    /// <summary>NumPy pads to 64 or 128 bytes; longer ones describe structures.</summary>
    public const int Longest = 1 << 12;

    private static readonly byte[] Magic = [0x93, .. "NUMPY"u8];

    /// <summary>Reads up to the first element.</summary>
    /// <param name="take">The next so many bytes.</param>
    /// <param name="fault">Makes the exception for what is wrong.</param>
    public static NpyHeader Read(Func<int, byte[]> take, Func<string, Exception> fault)
    {
        var start = take(8);
        if (!start.AsSpan(0, 6).SequenceEqual(Magic)) throw fault("is no .npy array");
        if (start[6] is not (1 or 2 or 3)) throw fault($"has version {start[6]} of the .npy format, which is not known");
        var size = take(start[6] == 1 ? sizeof(ushort) : sizeof(uint));
        var length = size.Length == sizeof(ushort) ? BinaryPrimitives.ReadUInt16LittleEndian(size) : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (start.Length + size.Length + length > Longest) throw fault($"says that its description has {length:N0} bytes");
        var bytes = take((int)length);
        if (Description().Match(Encoding.UTF8.GetString(bytes)) is not { Success: true } match) throw fault("is described as NumPy describes no plain array");
        var dtype = match.Groups["dtype"].Value;
        // An array of objects is a pickle, and a pickle is a program.
        if (dtype.Contains('O')) throw fault("holds objects, which are pickles: they are never read, since a pickle can run code");
        return new NpyHeader(dtype, match.Groups["fortran"].Value == "True", [.. match.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(n => long.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var extent) ? extent : throw fault("has a shape that is none"))], start.Length + size.Length + bytes.Length);
    }

    [GeneratedRegex(@"^\{'descr': '(?<dtype>[^']{1,16})', 'fortran_order': (?<fortran>True|False), 'shape': \((?<shape>[0-9, ]*)\),? ?\} *\n?$", RegexOptions.CultureInvariant)]
    private static partial Regex Description();
}
