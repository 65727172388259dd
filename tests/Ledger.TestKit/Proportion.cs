using System.Globalization;

namespace Ledger.TestKit;

/// <summary>So many of so many, with Wilson's score interval at 95 % (E. B. Wilson 1927): it stays within 0 and 1 and means something where there are few, or none, of many.</summary>
public readonly record struct Proportion(int Count, int Of)
{
    /// <summary>The normal distribution's 97.5 % quantile.</summary>
    private const double Z = 1.959963984540054;

    /// <summary>0 to 1; all of it where there was nothing to count.</summary>
    public (double Low, double High) Wilson
    {
        get
        {
            if (Of == 0) return (0, 1);
            double n = Of, p = Count / n, below = 1 + Z * Z / n;
            var (centre, half) = ((p + Z * Z / (2 * n)) / below, Z / below * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)));
            return (Math.Max(0, centre - half), Math.Min(1, centre + half));
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count} of {Of} ({100 * Wilson.Low:0.0} to {100 * Wilson.High:0.0} %)");
}
