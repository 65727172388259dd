using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ICSharpCode.SharpZipLib.Checksum;
using Ledger.Domain;

namespace Ledger.Engine.Statistics;

/// <summary>
/// NumPy's .npz, a zip of .npy arrays, read without trust: what a name, a size or a header says is compared with what is expected before anything is read or
/// allocated, and only the arrays asked for are opened.
/// </summary>
internal sealed class NpzFile : IDisposable
{
    /// <summary>Elements read at once.</summary>
    private const int Chunk = 1 << 16;

    private readonly string path;
    private readonly FileStream file;
    private readonly ZipArchive zip;

    private NpzFile(string path, FileStream file, ZipArchive zip, Digest digest) => (this.path, this.file, this.zip, Digest) = (path, file, zip, digest);

    /// <summary>SHA-256 of the file.</summary>
    public Digest Digest { get; }

    /// <param name="most">A file with more bytes is refused unread.</param>
    /// <exception cref="MomentFileException">It cannot be read, is too large, or is no zip.</exception>
    public static NpzFile Open(string path, long most)
    {
        var file = Try(path, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read));
        try
        {
            if (!file.CanSeek || file.Length > most) throw new MomentFileException($"{path} has more bytes than the statistics of this ledger's matrix can have ({most:N0}).");
            var digest = Try(path, () => new Digest(SHA256.HashData(file)));
            file.Position = 0;
            var zip = Try(path, () => new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true));
            _ = Try(path, () => zip.Entries.Count);         // the directory is read only now
            return new NpzFile(path, file, zip, digest);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public bool Has(string array) => zip.Entries.Any(e => e.FullName == array + ".npy");

    /// <summary>The one element of an array without dimensions: an integer, or NaN and the like, as ROME writes what is not there, as null.</summary>
    public long? Integer(string array)
    {
        using var entry = Entry(array, NpyHeader.Longest + sizeof(long));
        var header = entry.Header;
        if (header.Shape.Length != 0) throw Fault(array, $"has the shape {Say(header)}, not the one of a single number");
        return header.Dtype switch
        {
            "<i8" => entry.Read<long>(1)[0],
            "<i4" => entry.Read<int>(1)[0],
            "<f8" => entry.Read<double>(1)[0] is var x && double.IsNaN(x) ? null : throw Fault(array, $"is {x}, not a whole number"),
            _ => throw Fault(array, $"has elements of type {header.Dtype}, not <i8"),
        };
    }

    /// <summary>A square matrix, row-major, in float64 whatever it is stored as.</summary>
    public double[] Square(string array, int n)
    {
        using var entry = Entry(array, NpyHeader.Longest + (long)n * n * sizeof(double));
        var header = entry.Header;
        if (header.Shape is not [var rows, var columns] || rows != n || columns != n) throw Fault(array, $"has the shape {Say(header)}; this ledger's keys need {n} × {n}");
        var values = header.Dtype switch
        {
            "<f8" => entry.Read<double>(n * n),
            "<f4" => Array.ConvertAll(entry.Read<float>(n * n), x => (double)x),
            _ => throw Fault(array, $"has elements of type {header.Dtype}, not <f4 or <f8"),
        };
        return header.Fortran ? Transposed(values, n) : values;
    }

    public void Dispose()
    {
        zip.Dispose();
        file.Dispose();
    }

    private OpenArray Entry(string array, long most)
    {
        if (zip.Entries.Where(e => e.FullName == array + ".npy").ToArray() is not [var entry])
            throw Fault(array, Has(array) ? "is there twice" : "is missing");
        if (entry.Length > most) throw Fault(array, $"says that it has {entry.Length:N0} bytes, more than the {most:N0} it can have");
        if (entry.IsEncrypted) throw Fault(array, "is encrypted");
        return new OpenArray(this, array, entry);
    }

    private MomentFileException Fault(string array, string problem) => new($"{path}: {array} {problem}.");

    private static string Say(NpyHeader header) => $"({string.Join(", ", header.Shape.Take(8))})";

    private static double[] Transposed(double[] values, int n)
    {
        var turned = new double[values.Length];
        for (var i = 0; i < n; i++)
            for (var j = 0; j < n; j++) turned[(long)i * n + j] = values[(long)j * n + i];
        return turned;
    }

    private static T Try<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException or NotSupportedException)
        {
            throw new MomentFileException($"{path} is damaged, or no .npz: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new MomentFileException($"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>An array whose header has been read.</summary>
    private sealed class OpenArray : IDisposable
    {
        private readonly NpzFile of;
        private readonly string array;
        private readonly ZipArchiveEntry entry;
        private readonly Stream stream;
        private readonly Crc32 crc = new();

        public OpenArray(NpzFile of, string array, ZipArchiveEntry entry)
        {
            (this.of, this.array, this.entry) = (of, array, entry);
            stream = Try(of.path, entry.Open);
            Header = Try(of.path, () => NpyHeader.Read(Take, problem => of.Fault(array, problem)));
        }

        public NpyHeader Header { get; }

        /// <summary>All elements; nothing may be missing, nothing may follow, and the zip's checksum must be right.</summary>
        public T[] Read<T>(int count) where T : unmanaged
        {
            var described = Header.Bytes + (long)count * Unsafe.SizeOf<T>();
            if (described != entry.Length) throw of.Fault(array, $"has {entry.Length:N0} bytes, but its header describes {described:N0}");
            var values = new T[count];
            for (var at = 0; at < count; at += Chunk)
            {
                var some = MemoryMarshal.AsBytes(values.AsSpan(at, Math.Min(Chunk, count - at)));
                Try(of.path, () => Take(Math.Min(Chunk, count - at) * Unsafe.SizeOf<T>())).CopyTo(some);
            }
            if (Try(of.path, stream.ReadByte) >= 0) throw of.Fault(array, "has more bytes than the zip says");
            return (uint)crc.Value == entry.Crc32 ? values : throw of.Fault(array, "is damaged: its checksum is another");
        }

        public void Dispose() => stream.Dispose();

        private byte[] Take(int bytes)
        {
            var taken = new byte[bytes];
            stream.ReadExactly(taken);
            crc.Update(taken);
            return taken;
        }
    }
}
