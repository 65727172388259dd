using System.Globalization;
using System.Runtime.InteropServices;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Checkpoints;

namespace Ledger.Engine.Statistics;

/// <summary>C as <c>DIGEST.safetensors</c> in a folder, and beside it, deletable at any time, its Cholesky factor.</summary>
public sealed class KeyStatisticsStore(string folder) : IKeyStatisticsStore
{
    private const string Matrix = "C", Factor = "L";

    public string Folder { get; } = folder;

    /// <exception cref="KeyStatisticsMissingException">Not there, or not what its digest says.</exception>
    public IKeyMoment Load(KeyStatistics statistics)
    {
        using var file = Open(statistics);
        var dk = statistics.Dk;
        if (ReadFactor(statistics) is { } known) return new KeyMoment(statistics, known);
        var l = Cholesky.Factor(file.ReadFloats(Matrix), dk, statistics.Ridge)
            ?? throw new KeyStatisticsMissingException($"C ({statistics.Digest.Short()}) with ridge {statistics.Ridge} cannot be factored.");
        WriteFactor(statistics, l);
        return new KeyMoment(statistics, l);
    }

    public bool Has(KeyStatistics statistics)
    {
        try
        {
            using var file = Open(statistics);
            return true;
        }
        catch (KeyStatisticsMissingException)
        {
            return false;
        }
    }

    public void Take(IKeyStatisticsStore from, KeyStatistics statistics)
    {
        if (Has(statistics)) return;
        using var file = new KeyStatisticsStore(from.Folder).Open(statistics);
        Save(Folder, statistics.Digest, file.ReadFloats(Matrix), statistics.Dk, file.Header.Metadata.Select(note => (note.Key, note.Value)));
    }

    /// <summary>C's file, once its digest is seen to be right.</summary>
    private SafetensorsFile Open(KeyStatistics statistics)
    {
        var path = MatrixPath(Folder, statistics.Digest);
        if (!File.Exists(path)) throw new KeyStatisticsMissingException($"C ({statistics.Digest.Short()}) is not in {Folder}.");
        var file = OpenMatrix(path);
        if (file.Tensors.ContainsKey(Matrix) && file.TensorDigest(Matrix) == statistics.Digest) return file;
        file.Dispose();
        throw new KeyStatisticsMissingException($"{path} is not the C that the ledger recorded: its digest is another.");
    }

    internal static string MatrixPath(string folder, Digest digest) => Path.Combine(folder, digest + ".safetensors");

    public KeyStatistics Import(string path, int dk, double? ridge) => PublishedMoment.Import(Folder, path, dk, ridge);

    /// <summary>Writes C, once it is seen that it can be factored.</summary>
    /// <param name="ridge">λ, or null for the smallest that is needed.</param>
    /// <returns>C's digest and the λ it is factored with.</returns>
    /// <exception cref="CorpusException">C cannot be factored.</exception>
    internal static (Digest Digest, double Ridge) Keep(string folder, float[] c, int dk, long tokens, double? ridge, IEnumerable<(string Name, string Value)> notes)
    {
        if (ridge is { } given && Cholesky.Factor(c, dk, given) is null)
            throw new CorpusException($"C over {tokens} tokens cannot be factored with ridge {given}: it is not positive definite.", "give a larger --ridge, or leave it out");
        var chosen = ridge ?? Cholesky.SmallestRidge(c, dk, tokens);
        var digest = Digest.Of(MemoryMarshal.AsBytes(c.AsSpan()));
        Save(folder, digest, c, dk, notes);
        return (digest, chosen);
    }

    /// <summary>Writes C under its digest.</summary>
    internal static void Save(string folder, Digest digest, float[] c, int dk, IEnumerable<(string Name, string Value)> notes)
    {
        Directory.CreateDirectory(folder);
        var writer = new SafetensorsWriter().Add(Matrix, c, dk, dk);
        foreach (var (name, value) in notes) writer.Note(name, value);
        writer.Write(MatrixPath(folder, digest));
    }

    private static SafetensorsFile OpenMatrix(string path)
    {
        try
        {
            return SafetensorsFile.Open(path);
        }
        catch (CheckpointException e)
        {
            // Nobody can fetch a C again: it is measured again.
            throw new KeyStatisticsMissingException($"{path} is not the C that the ledger recorded: {e.Message}");
        }
    }

    private string FactorPath(KeyStatistics statistics) => Path.Combine(Folder, statistics.Digest + ".cholesky.safetensors");

    /// <summary>The factor, if one of this ridge is there and is what it says it is.</summary>
    private double[]? ReadFactor(KeyStatistics statistics)
    {
        var path = FactorPath(statistics);
        if (!File.Exists(path)) return null;
        try
        {
            using var file = SafetensorsFile.Open(path);
            var notes = file.Header.Metadata;
            var sound = file.Tensors.TryGetValue(Factor, out var l) && l.Elements == (long)statistics.Dk * statistics.Dk
                && notes.GetValueOrDefault("ridge") == Text(statistics.Ridge) && notes.GetValueOrDefault("sha256") == file.TensorDigest(Factor).ToString();
            return sound ? file.ReadDoubles(Factor) : null;
        }
        catch (CheckpointException)
        {
            return null;        // a cache: made again
        }
    }

    private void WriteFactor(KeyStatistics statistics, double[] l)
    {
        try
        {
            new SafetensorsWriter().Add(Factor, l, statistics.Dk, statistics.Dk)
                .Note("ridge", Text(statistics.Ridge)).Note("sha256", Digest.Of(MemoryMarshal.AsBytes(l.AsSpan())).ToString())
                .Write(FactorPath(statistics));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be written to costs time, not results.
        }
    }

    private static string Text(double ridge) => ridge.ToString("R", CultureInfo.InvariantCulture);
}
