using System.Text.Json;
using Ledger.Engine.Checkpoints;

namespace Ledger.Engine.Tests.Golden;

/// <summary>A golden safetensors file; float32 or float64 read as float64.</summary>
internal sealed class GoldenTensors(string path) : IDisposable
{
    private readonly SafetensorsFile file = SafetensorsFile.Open(path);

    public double[] this[string name] => file.Tensors[name].Dtype == "F64" ? file.ReadDoubles(name) : [.. file.ReadFloats(name).Select(x => (double)x)];

    public bool Has(string name) => file.Tensors.ContainsKey(name);

    public float[] Floats(string name) => file.ReadFloats(name);

    public long[] Shape(string name) => [.. file.Tensors[name].Shape];

    public static JsonElement Json(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement.Clone();

    public void Dispose() => file.Dispose();
}

/// <summary>Compares with goldens, remembers the largest difference of each quantity, and says them all at the end.</summary>
internal sealed class Differences
{
    private readonly SortedDictionary<string, (double Largest, double Allowed, string Where)> seen = new(StringComparer.Ordinal);

    /// <summary>‖a − b‖ / ‖b‖.</summary>
    public void Relative(string quantity, string where, IEnumerable<double> actual, double[] expected, double allowed)
    {
        var a = actual as double[] ?? [.. actual];
        a.Length.ShouldBe(expected.Length, $"{quantity} of {where}");
        double difference = 0, norm = 0;
        for (var i = 0; i < a.Length; i++)
        {
            difference += (a[i] - expected[i]) * (a[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        Note(quantity, where, Math.Sqrt(difference) / Math.Sqrt(norm), allowed);
    }

    public void Relative(string quantity, string where, ReadOnlySpan<float> actual, double[] expected, double allowed) =>
        Relative(quantity, where, actual.ToArray().Select(x => (double)x), expected, allowed);

    /// <summary>|a − b| / |b| of numbers.</summary>
    public void Relative(string quantity, string where, double actual, double expected, double allowed) =>
        Note(quantity, where, Math.Abs(actual - expected) / Math.Abs(expected), allowed);

    /// <summary>Largest |a − b|.</summary>
    public void Absolute(string quantity, string where, IEnumerable<double> actual, double[] expected, double allowed)
    {
        var a = actual as double[] ?? [.. actual];
        a.Length.ShouldBe(expected.Length, $"{quantity} of {where}");
        for (var i = 0; i < a.Length; i++) Note(quantity, where, Math.Abs(a[i] - expected[i]), allowed);
    }

    public void Absolute(string quantity, string where, double actual, double expected, double allowed) => Note(quantity, where, Math.Abs(actual - expected), allowed);

    /// <summary>Prints the largest difference of every quantity, then fails if one is too large.</summary>
    public void Check()
    {
        seen.ShouldNotBeEmpty("nothing was compared");
        foreach (var (quantity, (largest, allowed, where)) in seen)
            TestContext.Current.TestOutputHelper?.WriteLine($"{quantity,-32} largest difference {largest:0.0e-0} of {allowed:0.0e-0} allowed, at {where}");
        foreach (var (quantity, (largest, allowed, where)) in seen)
            largest.ShouldBeLessThanOrEqualTo(allowed, $"{quantity} of {where}");
    }

    private void Note(string quantity, string where, double difference, double allowed)
    {
        if (double.IsNaN(difference)) difference = double.PositiveInfinity;
        if (!seen.TryGetValue(quantity, out var before) || difference / allowed > before.Largest / before.Allowed) seen[quantity] = (difference, allowed, where);
    }
}
