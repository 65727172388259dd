using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Ledger.Engine.Checkpoints;

/// <summary>
/// The head of a safetensors file: eight bytes N, little-endian, then N bytes of JSON: for each tensor its dtype, shape and the
/// [begin, end) of its bytes behind the header. Every claim is checked against the file's length before anything is read by it.
/// </summary>
public sealed class SafetensorsHeader
{
    public const int PrefixLength = 8;

    /// <summary>The reference implementation's own limit.</summary>
    public const long LongestHeader = 100_000_000;

    internal const string MetadataName = "__metadata__";

    /// <summary>Bits an element takes.</summary>
    private static readonly FrozenDictionary<string, int> Bits = new Dictionary<string, int>
    {
        ["BOOL"] = 8, ["U8"] = 8, ["I8"] = 8, ["F8_E5M2"] = 8, ["F8_E4M3"] = 8, ["F8_E8M0"] = 8,
        ["F4"] = 4, ["F6_E2M3"] = 6, ["F6_E3M2"] = 6,
        ["I16"] = 16, ["U16"] = 16, ["F16"] = 16, ["BF16"] = 16,
        ["I32"] = 32, ["U32"] = 32, ["F32"] = 32,
        ["I64"] = 64, ["U64"] = 64, ["F64"] = 64, ["C64"] = 64,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private SafetensorsHeader(ImmutableArray<TensorEntry> tensors, ImmutableDictionary<string, string> metadata) => (Tensors, Metadata) = (tensors, metadata);

    /// <summary>In the order of their bytes.</summary>
    public ImmutableArray<TensorEntry> Tensors { get; }

    /// <summary>The <c>__metadata__</c> map; empty when there is none.</summary>
    public ImmutableDictionary<string, string> Metadata { get; }

    /// <summary>How many bytes of JSON follow the first eight.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="prefix">The file's first eight bytes, or fewer when it has no more.</param>
    /// <param name="fileLength">In bytes.</param>
    /// <exception cref="CheckpointException">The file is too short for what it says.</exception>
    public static int LengthOf(string file, ReadOnlySpan<byte> prefix, long fileLength)
    {
        if (prefix.Length < PrefixLength) throw Damaged(file, $"it has {fileLength} bytes, too few for a header");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > LongestHeader) throw Damaged(file, $"its header claims {length} bytes; no safetensors file has more than {LongestHeader}");
        if ((long)length > fileLength - PrefixLength) throw Damaged(file, $"its header claims {length} bytes, the file has {fileLength} in all");
        return (int)length;
    }

    /// <param name="file">Path, for messages and entries.</param>
    /// <param name="json">The N bytes.</param>
    /// <param name="fileLength">In bytes; the tensors must fill the file exactly.</param>
    /// <exception cref="CheckpointException">Names file and tensor.</exception>
    public static SafetensorsHeader Parse(string file, ReadOnlyMemory<byte> json, long fileLength)
    {
        if (json.Length == 0 || json.Span[0] != '{') throw Damaged(file, "its header does not begin with '{'");
        return CheckpointIo.Json(file, () =>
        {
            using var document = CheckpointIo.Parse(json);
            var metadata = ImmutableDictionary<string, string>.Empty;
            var tensors = new List<TensorEntry>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals(MetadataName)) metadata = ReadMetadata(file, property.Value);
                else tensors.Add(ReadEntry(file, property.Name, property.Value, PrefixLength + json.Length));
            }
            tensors.Sort((a, b) => (a.Offset, a.Length).CompareTo((b.Offset, b.Length)));
            RequireFilled(file, tensors, PrefixLength + json.Length, fileLength);
            return new SafetensorsHeader([.. tensors], metadata);
        });
    }

    /// <summary>Bits of one element, or null for a dtype the format does not know.</summary>
    internal static int? BitsOf(string dtype) => Bits.TryGetValue(dtype, out var bits) ? bits : null;

    internal static CheckpointException Damaged(string file, string why) =>
        new(file, $"{file} is damaged or no safetensors file: {why}.", "fetch the file again");

    private static ImmutableDictionary<string, string> ReadMetadata(string file, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Any(p => p.Value.ValueKind != JsonValueKind.String))
            throw Damaged(file, $"{MetadataName} is not a map from text to text");
        return value.EnumerateObject().ToImmutableDictionary(p => p.Name, p => p.Value.GetString()!);
    }

    private static TensorEntry ReadEntry(string file, string name, JsonElement value, long data)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Damaged(file, $"tensor {name} has no description");
        string? dtype = null;
        long[]? shape = null, range = null;
        foreach (var property in value.EnumerateObject())
            switch (property.Name)
            {
                case "dtype" when property.Value.ValueKind == JsonValueKind.String: dtype = property.Value.GetString(); break;
                case "shape": shape = Numbers(property.Value); break;
                case "data_offsets": range = Numbers(property.Value); break;
                default: throw Damaged(file, $"tensor {name} has a {property.Name} that the format does not know");
            }
        if (dtype is null || BitsOf(dtype) is not { } bits) throw Damaged(file, $"tensor {name} has no known dtype");
        if (shape is null) throw Damaged(file, $"tensor {name} has no shape of whole numbers from 0");
        if (range is not { Length: 2 } || range[1] < range[0]) throw Damaged(file, $"tensor {name} has no data_offsets [begin, end]");

        UInt128 total = (uint)bits;
        foreach (var n in shape)
        {
            total *= (ulong)n;
            // A later 0 would make any product 0; a shape that overflows on the way is refused as the reference implementation does.
            if (total > long.MaxValue) throw Damaged(file, $"tensor {name} has the impossible shape {TensorEntry.Describe(shape)}");
        }
        if (total % 8 != 0 || total / 8 != (ulong)(range[1] - range[0]))
            throw Damaged(file, $"tensor {name}, {dtype} {TensorEntry.Describe(shape)}, cannot have {range[1] - range[0]} bytes");
        if (range[1] > long.MaxValue - data) throw Damaged(file, $"tensor {name} lies outside the file");
        return new TensorEntry(name, dtype, shape, file, data + range[0], range[1] - range[0]);
    }

    private static long[]? Numbers(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array) return null;
        var numbers = new long[value.GetArrayLength()];
        var i = 0;
        foreach (var element in value.EnumerateArray())
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out numbers[i]) || numbers[i++] < 0) return null;
        return numbers;
    }

    /// <summary>Each tensor begins where the one before it ends, the first behind the header, and the last ends with the file.</summary>
    private static void RequireFilled(string file, List<TensorEntry> tensors, long begin, long fileLength)
    {
        var position = begin;
        foreach (var t in tensors)
        {
            if (t.Offset < position) throw Damaged(file, $"tensor {t.Name} overlaps the one before it");
            if (t.Offset > position) throw Damaged(file, $"{t.Offset - position} bytes before tensor {t.Name} belong to none");
            position = t.Offset + t.Length;
            if (position > fileLength) throw Damaged(file, $"tensor {t.Name} ends at byte {position}, the file at {fileLength}; it may be cut short");
        }
        if (position != fileLength) throw Damaged(file, $"its tensors end at byte {position}, the file at {fileLength}");
    }
}
