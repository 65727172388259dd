using System.Globalization;
using Ledger.Domain.Editing;

namespace Ledger.Engine.Statistics;

/// <summary>C from an .npz of ROME's <c>layer_stats</c>: <c>mom2.mom2</c> is Σ k kᵀ, <c>mom2.count</c> how many keys that sums, <c>sample_size</c> how many texts they came from.</summary>
internal static class PublishedMoment
{
    private const string Sum = "mom2.mom2", Count = "mom2.count", Documents = "sample_size";

    /// <summary>The other arrays of such a file are of length d_k at most, or texts.</summary>
    private const long Others = 1 << 24;

    /// <summary>Of what single-precision sums on a GPU may differ from their mirror image, by the largest that Σ kᵢkⱼ can be.</summary>
    private const double Asymmetry = 1e-3;

    /// <exception cref="MomentFileException">The file is not what it should be, or of another matrix.</exception>
    public static KeyStatistics Import(string folder, string path, int dk, double? ridge)
    {
        Cholesky.RequireRidge(ridge);
        using var file = NpzFile.Open(path, (long)dk * dk * sizeof(double) + Others);
        var tokens = file.Integer(Count) ?? throw new MomentFileException($"{path}: {Count} is not a number.");
        if (tokens < 1) throw new MomentFileException($"{path}: {Count} is {tokens}: a mean needs keys.");
        var documents = file.Has(Documents) ? file.Integer(Documents) : null;
        if (documents < 1) throw new MomentFileException($"{path}: {Documents} is {documents}, which no sample has.");
        var c = Mean(path, file.Square(Sum, dk), dk, tokens);
        var (digest, chosen) = KeyStatisticsStore.Keep(folder, c, dk, tokens, ridge,
            [("corpus", file.Digest.ToString()), ("tokens", tokens.ToString(CultureInfo.InvariantCulture)), ("imported", Path.GetFileName(path))]);
        return new KeyStatistics(digest, KeyStatisticsOrigin.Imported, file.Digest, [Path.GetFileName(path)], null, documents, tokens, null, chosen, dk);
    }

    /// <summary>As a measurement ends: the mean of the sum and its mirror image, rounded once.</summary>
    private static float[] Mean(string path, double[] sum, int dk, long tokens)
    {
        for (var i = 0; i < dk; i++)
            if (!(sum[i * dk + i] > 0 && double.IsFinite(sum[i * dk + i]))) throw new MomentFileException($"{path}: {Sum} has {sum[i * dk + i]} at {i} of its diagonal, where a sum of squares stands.");
        var c = new float[dk * dk];
        for (var i = 0; i < dk; i++)
            for (var j = 0; j <= i; j++)
            {
                var (x, y) = (sum[i * dk + j], sum[j * dk + i]);
                if (!double.IsFinite(x) || !double.IsFinite(y)) throw new MomentFileException($"{path}: {Sum} is not finite at {i}, {j}.");
                if (Math.Abs(x - y) > Asymmetry * Math.Sqrt(sum[i * dk + i]) * Math.Sqrt(sum[j * dk + j]))
                    throw new MomentFileException($"{path}: {Sum} is not symmetric: {x} at {i}, {j} and {y} at {j}, {i}.");
                c[i * dk + j] = c[j * dk + i] = (float)((x + y) / (2.0 * tokens));
            }
        return c;
    }
}
