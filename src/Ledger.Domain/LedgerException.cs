namespace Ledger.Domain;

/// <summary>What the outside should make of a failure; the one switch from exception to exit code and HTTP problem reads this.</summary>
public enum FailureKind
{
    /// <summary>Exit code 1: the work could not be done.</summary>
    Failed,

    /// <summary>Exit code 2: the input was wrong.</summary>
    BadInput,

    /// <summary>Exit code 3: somebody else was faster.</summary>
    Conflict,

    /// <summary>Exit code 5: what is stored is not what was written.</summary>
    VerificationFailed,
}

/// <summary>A broken rule, with what would be right. One small sealed type per way to fail; its facts are properties.</summary>
/// <param name="problem">What is wrong: one sentence.</param>
/// <param name="remedy">What would be right, or null when the problem says it all.</param>
public abstract class LedgerException(string problem, string? remedy = null, Exception? inner = null) : Exception(problem, inner)
{
    public string? Remedy { get; } = remedy;

    public abstract FailureKind Kind { get; }
}
