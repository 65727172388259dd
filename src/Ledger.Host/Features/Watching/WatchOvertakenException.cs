using Ledger.Domain;

namespace Ledger.Host.Features.Watching;

/// <summary>Edits are recorded; the look at the stream rules that was due was overtaken by somebody else's revision.</summary>
public sealed class WatchOvertakenException(TimelineConflictException conflict)
    : LedgerException($"What was edited is recorded, but while the stream rules looked at it, somebody else made {conflict.Timeline}@{conflict.Actual}.", "have them look again:  ledger watch; a run of many edits does so when it is repeated", conflict)
{
    public override FailureKind Kind => FailureKind.Conflict;
}
