using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ledger.Domain;

namespace Ledger.Engine.Checkpoints;

/// <summary>What makes a base checkpoint the one it is, and a cheap look at whether it still is.</summary>
public static class CheckpointManifest
{
    /// <summary>Files beside the weights that decide which tokens a text becomes.</summary>
    public static IReadOnlyList<string> TokenizerFiles { get; } =
        ["merges.txt", "special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json"];

    /// <summary>Masks and frequencies that older checkpoints carry along: stored tensors, but not weights.</summary>
    private static readonly string[] Buffers = [".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"];

    /// <summary>
    /// SHA-256 over lines: one per tensor, by name, with dtype, shape and the digest of its stored bytes; one per tokenizer file with its
    /// digest; and the config's values. How the tensors are spread over files does not matter.
    /// </summary>
    /// <param name="token">Stops between tensors.</param>
    /// <returns>The digest, and how many weights there are.</returns>
    /// <exception cref="CheckpointException">A file cannot be read.</exception>
    public static (Digest Digest, long Parameters) Compute(CheckpointFolder folder, SafetensorsCheckpoint checkpoint, CancellationToken token)
    {
        using var lines = new Lines("ledger-manifest 1");
        foreach (var t in checkpoint.Tensors.Values.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            token.ThrowIfCancellationRequested();
            lines.Add($"tensor {Measured(t.Name)} {t.Dtype} {t.ShapeText} {checkpoint.TensorDigest(t.Name)}");
        }
        foreach (var file in Present(folder, TokenizerFiles))
            lines.Add($"file {file} {Digest.Of(CheckpointIo.ReadAllBytes(folder.FilePath(file)))}");
        lines.Add($"config\n{folder.Config.CanonicalText()}");
        return (lines.Digest(), checkpoint.Tensors.Values.Where(IsWeight).Sum(t => t.Elements));
    }

    /// <summary>Name, size and time of every file the manifest reads, and the safetensors headers: milliseconds, whatever the model's size.</summary>
    /// <exception cref="CheckpointException">A file cannot be read.</exception>
    public static Digest Stamp(CheckpointFolder folder)
    {
        using var lines = new Lines("ledger-stamp 1");
        var shards = ShardIndex.Of(folder).Files;
        foreach (var file in Present(folder, [CheckpointFolder.ConfigFile, CheckpointFolder.IndexFile, .. TokenizerFiles, .. shards]))
        {
            var path = folder.FilePath(file);
            // By handle: of a link it is the target whose size and time count.
            using var stream = CheckpointIo.OpenRead(path);
            var (size, time) = CheckpointIo.Translate(path, () => (stream.Length, File.GetLastWriteTimeUtc(stream.SafeFileHandle).Ticks));
            lines.Add($"file {Measured(file)} {size} {time}");
        }
        foreach (var file in shards) lines.Add($"header {Measured(file)} {SafetensorsFile.DigestHeader(folder.FilePath(file))}");
        return lines.Digest();
    }

    /// <summary>A mask or frequencies that the checkpoint carries along.</summary>
    internal static bool IsBuffer(string name) => Buffers.Any(b => name.EndsWith(b, StringComparison.Ordinal));

    private static bool IsWeight(TensorEntry t) => Widening.Size(t.Dtype) > 0 && !IsBuffer(t.Name);

    private static IEnumerable<string> Present(CheckpointFolder folder, IEnumerable<string> names) =>
        names.Where(n => Path.Exists(folder.FilePath(n))).Order(StringComparer.Ordinal);

    /// <summary>With its length before it, so that no name can pass for the rest of a line.</summary>
    private static string Measured(string name) => $"{Encoding.UTF8.GetByteCount(name)}:{name}";

    private sealed class Lines : IDisposable
    {
        private readonly IncrementalHash sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public Lines(string first) => Add($"{first}");

        public void Add(FormattableString line) => sha256.AppendData(Encoding.UTF8.GetBytes(line.ToString(CultureInfo.InvariantCulture) + "\n"));

        public Digest Digest() => Ledger.Domain.Digest.Of(sha256);

        public void Dispose() => sha256.Dispose();
    }
}
