using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Ledger.Engine.Checkpoints;

/// <summary>
/// Writes a safetensors file whole or not at all: into a temporary file beside it, flushed to disk, then renamed. Same input, same bytes.
/// </summary>
public sealed class SafetensorsWriter
{
    /// <summary>The data begins at a multiple of this, as the reference implementation pads it, so that a mapped tensor is aligned.</summary>
    private const int Alignment = 8;

    private const int Chunk = 1 << 26;

    private readonly SortedDictionary<string, (string Dtype, long[] Shape, long Bytes, Action<Stream> Write)> tensors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> metadata = new(StringComparer.Ordinal);

    /// <param name="values">Row-major; read when the file is written, not copied before.</param>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit.</exception>
    public SafetensorsWriter Add(string name, ReadOnlyMemory<float> values, params long[] shape) => Add("F32", name, values, shape);

    /// <inheritdoc cref="Add(string, ReadOnlyMemory{float}, long[])"/>
    public SafetensorsWriter Add(string name, ReadOnlyMemory<double> values, params long[] shape) => Add("F64", name, values, shape);

    /// <inheritdoc cref="Add(string, ReadOnlyMemory{float}, long[])"/>
    public SafetensorsWriter Add(string name, ReadOnlyMemory<Half> values, params long[] shape) => Add("F16", name, values, shape);

    /// <summary>An entry of <c>__metadata__</c>.</summary>
    public SafetensorsWriter Note(string name, string value)
    {
        metadata.Add(name, value);
        return this;
    }

    /// <exception cref="IOException">The folder is missing or full; what stood at the path stands there still.</exception>
    public void Write(string path)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private void WriteTo(Stream stream)
    {
        var header = Header();
        Span<byte> length = stackalloc byte[SafetensorsHeader.PrefixLength];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in tensors.Values) tensor.Write(stream);
    }

    private static void WriteValues<T>(Stream stream, ReadOnlySpan<T> values) where T : unmanaged
    {
        for (var done = 0; done < values.Length; done += Chunk)
            stream.Write(MemoryMarshal.AsBytes(values.Slice(done, Math.Min(Chunk, values.Length - done))));
    }

    private byte[] Header()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject(SafetensorsHeader.MetadataName);
                foreach (var (name, value) in metadata) json.WriteString(name, value);
                json.WriteEndObject();
            }
            long position = 0;
            foreach (var (name, (dtype, shape, bytes, _)) in tensors)
            {
                var end = position + bytes;
                json.WriteStartObject(name);
                json.WriteString("dtype", dtype);
                WriteNumbers(json, "shape", shape);
                WriteNumbers(json, "data_offsets", [position, end]);
                json.WriteEndObject();
                position = end;
            }
            json.WriteEndObject();
        }
        while (buffer.Length % Alignment != 0) buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var n in numbers) json.WriteNumberValue(n);
        json.WriteEndArray();
    }

    private unsafe SafetensorsWriter Add<T>(string dtype, string name, ReadOnlyMemory<T> values, long[] shape) where T : unmanaged
    {
        RequireFits(name, values.Length, shape);
        tensors.Add(name, (dtype, shape, (long)values.Length * sizeof(T), stream => WriteValues(stream, values.Span)));
        return this;
    }

    private void RequireFits(string name, long elements, long[] shape)
    {
        if (name == SafetensorsHeader.MetadataName || tensors.ContainsKey(name)) throw new ArgumentException($"The name {name} is taken.", nameof(name));
        if (shape.Aggregate(1L, (product, n) => checked(product * n)) != elements || shape.Any(n => n < 0))
            throw new ArgumentException($"{elements} values do not fill {TensorEntry.Describe(shape)}.", nameof(shape));
    }
}
