using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Ledger.Engine.Models;

/// <summary>W x + b; the weights are the model's.</summary>
/// <param name="W">[outputs, inputs].</param>
/// <param name="B">[outputs], or null where there is none.</param>
internal sealed record Linear(Tensor W, Tensor? B)
{
    public Tensor Of(Tensor x) => functional.linear(x, W, B);
}

/// <summary>LayerNorm over the last dimension; the weights are the model's.</summary>
/// <param name="W">[d_v].</param>
/// <param name="B">[d_v].</param>
internal sealed record LayerNorm(Tensor W, Tensor B, double Epsilon)
{
    public Tensor Of(Tensor x) => functional.layer_norm(x, W.shape, W, B, Epsilon);
}
