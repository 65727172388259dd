namespace Ledger.Engine.Checkpoints;

/// <summary>One tensor as a safetensors file lists it.</summary>
/// <param name="name">As stored.</param>
/// <param name="dtype">The format's name: <c>F32</c>, <c>F16</c>, <c>BF16</c>, …</param>
/// <param name="shape">Empty for a scalar.</param>
/// <param name="file">Path of the file.</param>
/// <param name="offset">Of the first byte, from the file's start.</param>
/// <param name="length">In bytes.</param>
public sealed class TensorEntry(string name, string dtype, long[] shape, string file, long offset, long length)
{
    public string Name { get; } = name;
    public string Dtype { get; } = dtype;
    public long[] Shape { get; } = shape;
    public string File { get; } = file;
    public long Offset { get; } = offset;
    public long Length { get; } = length;

    /// <summary>Number of elements; 1 for a scalar.</summary>
    public long Elements => Shape.Aggregate(1L, (product, n) => product * n);

    public string ShapeText => Describe(Shape);

    internal static string Describe(long[] shape) => $"[{string.Join(", ", shape)}]";

    public override string ToString() => $"{Name} {Dtype} {ShapeText}";
}
