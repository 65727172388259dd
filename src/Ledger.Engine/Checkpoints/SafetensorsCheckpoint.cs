using System.Collections.Frozen;
using System.Security.Cryptography;
using Ledger.Domain;
using static TorchSharp.torch;

namespace Ledger.Engine.Checkpoints;

/// <summary>All tensors of a checkpoint, from one file or from shards; mapped, and converted only when read.</summary>
public sealed class SafetensorsCheckpoint : IDisposable
{
    /// <summary>Elements converted at a time into a tensor: its bytes as a span have at most 2^31.</summary>
    private const long Chunk = 1 << 26;

    internal const string DifferentModels = "config.json and the weights belong to different models";

    private readonly List<SafetensorsFile> files;
    private readonly FrozenDictionary<string, SafetensorsFile> fileOf;

    private SafetensorsCheckpoint(List<SafetensorsFile> files)
    {
        this.files = files;
        fileOf = files.SelectMany(f => f.Tensors.Keys, (File, Name) => (File, Name)).ToFrozenDictionary(p => p.Name, p => p.File, StringComparer.Ordinal);
        Tensors = files.SelectMany(f => f.Tensors.Values).ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files) sha256.AppendData(file.HeaderDigest.ToBytes());
        HeaderDigest = Digest.Of(sha256);
    }

    /// <summary>By name, as stored.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>SHA-256 over the files' header digests, in the order of the files' names.</summary>
    public Digest HeaderDigest { get; }

    /// <exception cref="CheckpointException">A file is missing, damaged, or at odds with the index.</exception>
    public static SafetensorsCheckpoint Open(CheckpointFolder folder)
    {
        var shards = ShardIndex.Of(folder);
        var files = new List<SafetensorsFile>();
        try
        {
            foreach (var name in shards.Files) files.Add(SafetensorsFile.Open(folder.FilePath(name)));
            shards.Require(files);
            return new SafetensorsCheckpoint(files);
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    public bool Contains(string name) => fileOf.ContainsKey(name);

    /// <summary>The tensor as float32, contiguous, on the device; the caller owns it.</summary>
    /// <param name="name">As stored.</param>
    /// <param name="device">Where it shall lie.</param>
    /// <param name="shape">What the model expects.</param>
    /// <exception cref="CheckpointException">No such tensor, another shape, or a dtype the engine does not read.</exception>
    public Tensor Read(string name, Device device, params long[] shape)
    {
        var t = Require(name, shape);
        var file = FileOf(name);
        var tensor = empty(shape, ScalarType.Float32);
        try
        {
            using var flat = tensor.view(-1);
            for (long done = 0; done < t.Elements; done += Chunk)
            {
                using var part = flat.narrow(0, done, Math.Min(Chunk, t.Elements - done));
                file.Widen(t, done, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(part.bytes));
            }
            if (device.type == TorchSharp.DeviceType.CPU) return tensor;
            var moved = tensor.to(device);
            tensor.Dispose();
            return moved;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>Looks only at the header.</summary>
    /// <param name="shape">What the model expects.</param>
    /// <exception cref="CheckpointException">No such tensor, another shape, or a dtype the engine does not read.</exception>
    public TensorEntry Require(string name, params long[] shape)
    {
        var t = FileOf(name).RequireReadable(name);
        return t.Shape.AsSpan().SequenceEqual(shape)
            ? t
            : throw new CheckpointException(t.File, $"Tensor {name} of {t.File} is {t.ShapeText}, expected {TensorEntry.Describe(shape)}.", DifferentModels);
    }

    /// <inheritdoc cref="SafetensorsFile.ReadFloats"/>
    public float[] ReadFloats(string name) => FileOf(name).ReadFloats(name);

    /// <inheritdoc cref="SafetensorsFile.TensorDigest"/>
    public Digest TensorDigest(string name) => FileOf(name).TensorDigest(name);

    public void Dispose()
    {
        foreach (var file in files) file.Dispose();
    }

    private SafetensorsFile FileOf(string name) =>
        fileOf.TryGetValue(name, out var file)
            ? file
            : throw new CheckpointException(files[0].Path, $"{Path.GetDirectoryName(files[0].Path)} has no tensor {name}.", DifferentModels);
}
