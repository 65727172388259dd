using Ledger.Domain;
using Ledger.Domain.Validation;
using Ledger.Host.Cli;

namespace Ledger.Host;

/// <summary>The one place that turns an exception into what a person or a program sees.</summary>
public static class Errors
{
    public const int Done = 0, Failed = 1, BadInput = 2, Conflict = 3, Stopped = 4, VerificationFailed = 5;

    public static int ExitCode(Exception e) => e switch
    {
        LedgerException { Kind: FailureKind.BadInput } => BadInput,
        LedgerException { Kind: FailureKind.Conflict } => Conflict,
        LedgerException { Kind: FailureKind.VerificationFailed } => VerificationFailed,
        _ => Failed,
    };

    /// <summary>First what is wrong, then what would be right. A bug says where, so that it can be reported.</summary>
    public static IEnumerable<string> Lines(Exception e)
    {
        switch (e)
        {
            case ValidationFailedException v:
                foreach (var fault in v.Faults)
                {
                    yield return $"error: {Say.OneLine(fault.Problem)}";
                    if (fault.Remedy is { } right) yield return $"  {Say.OneLine(right)}";
                }
                break;
            case LedgerException l:
                yield return $"error: {Say.OneLine(l.Message)}";
                if (l.Remedy is { } remedy) yield return $"  {Say.OneLine(remedy)}";
                break;
            case OperationCanceledException:
                yield return "stopped: nothing is half-written; what was recorded before stays, and the same command can be given again.";
                break;
            case IOException or UnauthorizedAccessException:
                yield return $"error: {e.Message}";
                yield return "  make room, or give permission; ledger log shows what is recorded";
                break;
            default:
                yield return $"error: {e.Message}";
                yield return $"  this is a fault in ledger, please report it: {e.GetType().Name} {e.StackTrace?.Split('\n').FirstOrDefault()?.Trim()}";
                break;
        }
    }
}
