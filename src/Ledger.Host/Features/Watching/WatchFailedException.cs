using Ledger.Domain;

namespace Ledger.Host.Features.Watching;

/// <summary>An edit is recorded; the look at the stream rules that was due came to nothing.</summary>
/// <param name="timeline">Its name.</param>
/// <param name="revision">The one that the edit made.</param>
/// <param name="inner">Why; a cancellation where it was stopped.</param>
public sealed class WatchFailedException(string timeline, long revision, Exception inner)
    : LedgerException(
        $"The edit is recorded as {timeline}@{revision}, but the stream rules' look at it {(inner is OperationCanceledException ? "was stopped." : $"failed: {inner.Message}")}",
        $"{(inner is LedgerException { Remedy: { } remedy } ? $"{remedy}; " : "")}do not give the edit again, have the rules look:  ledger watch", inner)
{
    public override FailureKind Kind { get; } = inner is LedgerException known ? known.Kind : FailureKind.Failed;
}
