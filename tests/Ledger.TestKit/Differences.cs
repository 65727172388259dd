using System.Collections.Concurrent;
using System.Globalization;
using Ledger.Domain;

namespace Ledger.TestKit;

/// <summary>Compares with reference numbers at stated tolerances, and prints the largest difference of each quantity.</summary>
public sealed class Differences
{
    private readonly ConcurrentDictionary<string, (double Largest, double Tolerance, int Count)> seen = new();

    /// <summary>|a − b| / |b|; both zero is no difference.</summary>
    public void Relative(string quantity, double actual, double expected, double tolerance, string where) =>
        Note(quantity, actual.Equals(expected) ? 0 : Math.Abs(actual - expected) / Math.Abs(expected), tolerance, where);

    /// <summary>‖a − b‖₂ / ‖b‖₂.</summary>
    public void Relative(string quantity, Float32Vector actual, double[] expected, double tolerance, string where)
    {
        actual.Length.ShouldBe(expected.Length, $"{quantity} {where}");
        double difference = 0, norm = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        Note(quantity, difference == 0 ? 0 : Math.Sqrt(difference / norm), tolerance, where);
    }

    /// <summary>Prints what was compared; fails when nothing was.</summary>
    public void Print()
    {
        seen.ShouldNotBeEmpty("nothing was compared");
        foreach (var (quantity, (largest, tolerance, count)) in seen.OrderBy(q => q.Key, StringComparer.Ordinal))
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{quantity}: largest difference {largest:g3} of {count} (tolerance {tolerance:g3})"));
    }

    private void Note(string quantity, double difference, double tolerance, string where)
    {
        (difference <= tolerance).ShouldBeTrue(string.Create(CultureInfo.InvariantCulture, $"{quantity} of {where}: difference {difference:g3}, tolerance {tolerance:g3}"));
        seen.AddOrUpdate(quantity, (difference, tolerance, 1), (_, old) => (Math.Max(old.Largest, difference), Math.Max(old.Tolerance, tolerance), old.Count + 1));
    }
}
