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
}
