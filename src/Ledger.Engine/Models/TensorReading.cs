using Ledger.Domain;
using static TorchSharp.torch;

namespace Ledger.Engine.Models;

internal static class TensorReading
{
    /// <summary>The numbers, row-major, wherever the tensor lies.</summary>
    public static float[] Floats(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().to(CPU).contiguous().data<float>().ToArray();
    }

    /// <summary>The rows of a table [N, d].</summary>
    public static Float32Vector[] Vectors(this Tensor table)
    {
        int rows = (int)table.shape[0], width = (int)table.shape[1];
        var values = table.Floats();
        return [.. Enumerable.Range(0, rows).Select(i => new Float32Vector(values.AsSpan(i * width, width)))];
    }
}
