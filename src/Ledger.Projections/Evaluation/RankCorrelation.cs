namespace Ledger.Projections.Evaluation;

/// <summary>Spearman's: whether one figure rises with another, whatever the curve.</summary>
public static class RankCorrelation
{
    /// <summary>−1 to 1, of pairs of which both are known; NaN of fewer than two, or where one of the figures is always the same. Equal values share the mean of their ranks.</summary>
    public static double Of(IReadOnlyList<double> xs, IReadOnlyList<double> ys)
    {
        var known = xs.Zip(ys).Where(p => !double.IsNaN(p.First) && !double.IsNaN(p.Second)).ToArray();
        double[] x = Ranks([.. known.Select(p => p.First)]), y = Ranks([.. known.Select(p => p.Second)]);
        if (known.Length < 2) return double.NaN;
        double meanX = x.Average(), meanY = y.Average();
        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / Math.Sqrt(x.Sum(a => (a - meanX) * (a - meanX)) * y.Sum(b => (b - meanY) * (b - meanY)));
    }

    private static double[] Ranks(double[] values)
    {
        var ranks = new double[values.Length];
        foreach (var tied in values.Select((v, i) => (Value: v, Index: i)).OrderBy(v => v.Value).Select((v, rank) => (v.Value, v.Index, Rank: rank)).GroupBy(v => v.Value))
        {
            var mean = tied.Average(t => t.Rank);
            foreach (var t in tied) ranks[t.Index] = mean;
        }
        return ranks;
    }
}
