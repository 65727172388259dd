using System.Numerics;
using System.Runtime.InteropServices;

namespace Ledger.Domain;

/// <summary>
/// A vector of float32 whose bits matter: a key, a value, a factor. Immutable; equal when every bit is equal, so that
/// NaN equals itself and 0 differs from −0. Stored as row little-endian bytes.
/// </summary>
public sealed class Float32Vector : IEquatable<Float32Vector>
{
    private readonly float[] values;

    /// <param name="values">Copied.</param>
    public Float32Vector(ReadOnlySpan<float> values) => this.values = values.ToArray();

    private Float32Vector(float[] owned) => values = owned;

    public static Float32Vector Empty { get; } = new([]);

    public int Length => values.Length;

    public float this[int index] => values[index];

    public ReadOnlySpan<float> Span => values;

    /// <summary>The float32 bits, little-endian, as they are stored and digested.</summary>
    public ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes(values.AsSpan());

    /// <exception cref="FormatException">The length is not a multiple of four.</exception>
    public static Float32Vector FromBytes(ReadOnlySpan<byte> littleEndian)
    {
        if (littleEndian.Length % sizeof(float) != 0) throw new FormatException($"{littleEndian.Length} bytes are not a whole number of float32.");
        return new Float32Vector(MemoryMarshal.Cast<byte, float>(littleEndian).ToArray());
    }

    /// <summary>Builds in place: <paramref name="fill"/> writes all of a fresh array.</summary>
    public static Float32Vector Create(int length, Action<Span<float>> fill)
    {
        var owned = new float[length];
        fill(owned);
        return new Float32Vector(owned);
    }

    /// <summary>Σ aᵢ·bᵢ, summed in float64 in index order: the same bits on every machine.</summary>
    /// <exception cref="ShapeException">The lengths differ.</exception>
    public double Dot(Float32Vector other)
    {
        ShapeException.Require(other.Length == Length, nameof(other), Length, other.Length);
        var sum = 0.0;
        for (var i = 0; i < values.Length; i++) sum += (double)values[i] * other.values[i];
        return sum;
    }

    /// <summary>‖v‖₂, in float64.</summary>
    public double Norm() => Math.Sqrt(Dot(this));

    /// <summary>‖v − other‖₂, in float64.</summary>
    /// <exception cref="ShapeException">The lengths differ.</exception>
    public double DistanceTo(Float32Vector other)
    {
        ShapeException.Require(other.Length == Length, nameof(other), Length, other.Length);
        var sum = 0.0;
        for (var i = 0; i < values.Length; i++)
        {
            var d = (double)values[i] - other.values[i];
            sum += d * d;
        }
        return Math.Sqrt(sum);
    }

    public bool IsFinite()
    {
        var rest = values.AsSpan();
        for (var max = new Vector<float>(float.MaxValue); rest.Length >= Vector<float>.Count; rest = rest[Vector<float>.Count..])
            if (!Vector.LessThanOrEqualAll(Vector.Abs(new Vector<float>(rest)), max)) return false;      // false for NaN too
        foreach (var v in rest)
            if (!float.IsFinite(v)) return false;
        return true;
    }

    public bool Equals(Float32Vector? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => Equals(obj as Float32Vector);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    public override string ToString() => $"float32[{Length}]";
}

/// <summary>Two things that must have the same length do not: a bug of the caller, or a damaged event.</summary>
public sealed class ShapeException(string name, long expected, long actual)
    : LedgerException($"{name} has length {actual}, expected {expected}.")
{
    public string Name { get; } = name;
    public long Expected { get; } = expected;
    public long Actual { get; } = actual;
    public override FailureKind Kind => FailureKind.Failed;

    public static void Require(bool holds, string name, long expected, long actual)
    {
        if (!holds) throw new ShapeException(name, expected, actual);
    }
}
