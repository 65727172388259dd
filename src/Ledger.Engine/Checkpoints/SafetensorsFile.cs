using System.Collections.Frozen;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using Ledger.Domain;

namespace Ledger.Engine.Checkpoints;

/// <summary>One safetensors file, mapped into memory while this is open. Its bytes are read where they lie; the file must not be changed meanwhile.</summary>
/// <remarks>
/// A page of a mapped file that was cut short since cannot be read: the system ends the process (SIGBUS on Unix), and no program in managed code can
/// catch that. So the file is asked for its length again before each reading; what is left is a cut during the copying of one tensor.
/// </remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    /// <summary>Bytes handled at a time where a span is too short for a tensor.</summary>
    private const int Chunk = 1 << 28;

    private readonly FileStream stream;
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;
    private bool disposed;

    private SafetensorsFile(string path, SafetensorsHeader header, Digest headerDigest, FileStream stream, MemoryMappedFile map, MemoryMappedViewAccessor view, byte* start)
    {
        (Path, Header, HeaderDigest, this.stream, this.map, this.view) = (path, header, headerDigest, stream, map, view);
        this.start = start;
        Tensors = header.Tensors.ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
    }

    public string Path { get; }

    public SafetensorsHeader Header { get; }

    /// <summary>SHA-256 of the header's bytes with the eight before them.</summary>
    public Digest HeaderDigest { get; }

    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <exception cref="CheckpointException">Not there, not readable, cut short, or a header that lies.</exception>
    public static SafetensorsFile Open(string path)
    {
        var stream = CheckpointIo.OpenRead(path);
        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            var (header, digest, length) = ReadHeader(path, stream);
            return CheckpointIo.Translate(path, () =>
            {
                map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
                view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
                if (view.Capacity < length) throw Cut(path);
                byte* pointer = null;
                view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
                return new SafetensorsFile(path, header, digest, stream, map, view, pointer + view.PointerOffset);
            });
        }
        catch
        {
            view?.Dispose();
            map?.Dispose();
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The digest that <see cref="HeaderDigest"/> would give, without mapping the file.</summary>
    /// <exception cref="CheckpointException">As <see cref="Open"/>.</exception>
    public static Digest DigestHeader(string path)
    {
        using var stream = CheckpointIo.OpenRead(path);
        return ReadHeader(path, stream).Digest;
    }

    /// <summary>The tensor widened to float32, row-major.</summary>
    /// <exception cref="CheckpointException">No such tensor, one that is not F32, F16 or BF16, or more elements than an array can hold.</exception>
    public float[] ReadFloats(string name)
    {
        var t = RequireReadable(name);
        var values = NewArray<float>(t);
        Widen(t, 0, values);
        return values;
    }

    /// <summary>The F64 tensor, row-major.</summary>
    /// <exception cref="CheckpointException">No such tensor, not F64, or more elements than an array can hold.</exception>
    public double[] ReadDoubles(string name)
    {
        var t = Require(name);
        if (t.Dtype != "F64") throw new CheckpointException(Path, $"Tensor {name} of {Path} is {t.Dtype}, expected F64.");
        var values = NewArray<double>(t);
        for (var done = 0; done < values.Length; done += Chunk / sizeof(double))
        {
            var part = values.AsSpan(done, Math.Min(values.Length - done, Chunk / sizeof(double)));
            Bytes(t, (long)done * sizeof(double), part.Length * sizeof(double)).CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(part));
        }
        return values;
    }

    /// <summary>SHA-256 of the tensor's stored bytes.</summary>
    public Digest TensorDigest(string name)
    {
        var t = Require(name);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long done = 0; done < t.Length; done += Chunk)
            sha256.AppendData(Bytes(t, done, (int)Math.Min(t.Length - done, Chunk)));
        return Digest.Of(sha256);
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
        stream.Dispose();
    }

    /// <summary>Elements [first, first + destination.Length) widened to float32.</summary>
    internal void Widen(TensorEntry t, long first, Span<float> destination)
    {
        var size = Widening.Size(t.Dtype);
        for (var done = 0; done < destination.Length; done += Chunk / sizeof(float))
        {
            var part = destination.Slice(done, Math.Min(destination.Length - done, Chunk / sizeof(float)));
            Widening.Widen(t.Dtype, Bytes(t, (first + done) * size, part.Length * size), part);
        }
    }

    internal TensorEntry RequireReadable(string name)
    {
        var t = Require(name);
        return Widening.Size(t.Dtype) > 0
            ? t
            : throw new CheckpointException(Path, $"Tensor {name} of {Path} is {t.Dtype}; the engine reads F32, F16 and BF16.");
    }

    internal TensorEntry Require(string name) =>
        Tensors.TryGetValue(name, out var t) ? t : throw new CheckpointException(Path, $"{Path} has no tensor {name}.");

    private T[] NewArray<T>(TensorEntry t) =>
        t.Elements <= Array.MaxLength
            ? GC.AllocateUninitializedArray<T>((int)t.Elements)
            : throw new CheckpointException(Path, $"Tensor {t.Name} of {Path} has {t.Elements} elements, more than an array can hold.");

    private ReadOnlySpan<byte> Bytes(TensorEntry t, long offset, int length)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, t.Length);
        if (CheckpointIo.Translate(Path, () => RandomAccess.GetLength(stream.SafeFileHandle)) < t.Offset + offset + length) throw Cut(Path);
        return new ReadOnlySpan<byte>(start + t.Offset + offset, length);
    }

    private static CheckpointException Cut(string path) => SafetensorsHeader.Damaged(path, "it was cut short while it was open");

    private static (SafetensorsHeader Header, Digest Digest, long FileLength) ReadHeader(string path, FileStream stream)
    {
        var (bytes, length) = CheckpointIo.Translate(path, () =>
        {
            var prefix = new byte[SafetensorsHeader.PrefixLength];
            var got = RandomAccess.Read(stream.SafeFileHandle, prefix, 0);
            var fileLength = stream.Length;
            var all = new byte[prefix.Length + SafetensorsHeader.LengthOf(path, prefix.AsSpan(0, got), fileLength)];
            for (var at = 0; at < all.Length;)
            {
                var read = RandomAccess.Read(stream.SafeFileHandle, all.AsSpan(at), at);
                if (read == 0) throw SafetensorsHeader.Damaged(path, "it ends inside its header");
                at += read;
            }
            return (all, fileLength);
        });
        return (SafetensorsHeader.Parse(path, bytes.AsMemory(SafetensorsHeader.PrefixLength), length), Digest.Of(bytes), length);
    }
}
