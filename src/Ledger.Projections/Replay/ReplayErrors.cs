using System.Runtime.CompilerServices;
using Ledger.Domain;

namespace Ledger.Projections.Replay;

/// <summary>
/// An edit in effect has a factor that is not finite. The gate rejects such an edit, and NaN bits are the one thing of a fold that
/// processors do not agree on.
/// </summary>
public sealed class NonFiniteDeltaException(int index, string factor) : LedgerException(
    $"Edit {index} of those to fold holds NaN or an infinity in {factor}.",
    "The gate never lets such an edit take effect; verify the ledger.")
{
    /// <summary>Place in the list that was to be folded, from 0.</summary>
    public int Index { get; } = index;

    /// <summary><c>r</c> or <c>u</c>.</summary>
    public string Factor { get; } = factor;

    public override FailureKind Kind => FailureKind.Failed;
}

/// <summary>A native library switched this thread to flush denormals or to round another way; a fold on it would give other bits, silently.</summary>
public sealed class FloatingPointModeException() : LedgerException(
    "This thread's floating-point mode is not IEEE 754's default: denormals are flushed to zero, or rounding is not to nearest.",
    "A native library in the process set it; fold in a process or on a thread that library did not touch.")
{
    public override FailureKind Kind => FailureKind.Failed;

    internal static void ThrowIfNotIeee()
    {
        if (!IsIeee()) throw new FloatingPointModeException();
    }

    internal static bool IsIeee() => IsIeee(float.Epsilon, 1f, 1f / (1 << 30));

    /// <summary>Arguments, so that the processor does the sums and not the compiler.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsIeee(float denormal, float one, float tiny) =>
        BitConverter.SingleToInt32Bits(denormal * one) == 1                               // kept; a comparison of floats would flush both sides
        && one + tiny == 1f && one - tiny == 1f;                                          // to nearest
}
