using TorchSharp;
using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>
/// Sums, differences and multiples whose numbers live as long as the native call that uses them. TorchSharp's operators make a Scalar (the factor 1 of a sum
/// is one), hand over its handle and forget it: a garbage collection at that moment frees it under the computation, which then fails, or goes on
/// with whatever number comes to lie there. Seen once in some thousand edits; the operators are banned in this project.
/// </summary>
internal static class Arithmetic
{
    /// <summary>1, never collected.</summary>
    public static readonly Scalar One = 1;

    private static readonly Scalar MinusOne = -1;

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, One);

    /// <summary>a − b, exactly: b times −1 is not rounded.</summary>
    public static Tensor Minus(this Tensor a, Tensor b) => a.add(b, MinusOne);

    /// <summary>a + number.</summary>
    public static Tensor Plus(this Tensor a, double number)
    {
        using Scalar n = number;
        return a.add(n, One);
    }

    /// <summary>a · number.</summary>
    public static Tensor Times(this Tensor a, double number)
    {
        using Scalar n = number;
        return a.mul(n);
    }

    /// <summary>a / number.</summary>
    public static Tensor Over(this Tensor a, double number)
    {
        using Scalar n = number;
        return a.div(n);
    }
}
