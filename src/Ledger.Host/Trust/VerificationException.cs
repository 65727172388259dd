using Ledger.Domain;
using Ledger.Domain.Events;

namespace Ledger.Host.Trust;

/// <summary>What is stored is not what was written.</summary>
public sealed class VerificationException : LedgerException
{
    public VerificationException(EventEnvelope e, string problem)
        : this(e.Stream, e.Number, problem)
    {
    }

    /// <param name="known">What else is certain; nothing is where this is null.</param>
    public VerificationException(StreamName stream, long number, string problem, string? known = null)
        : base($"Event {number} of {stream} {problem}.", "restore the file from a backup that passes" + (known is null ? "" : $"; {known}"))
    {
        Stream = stream;
        Number = number;
    }

    public StreamName Stream { get; }

    /// <summary>The first wrong event's number.</summary>
    public long Number { get; }

    public override FailureKind Kind => FailureKind.VerificationFailed;
}
