using Ledger.Domain;
using Ledger.Domain.Events;

namespace Ledger.Host.Trust;

/// <summary>A key file that cannot be used, or not be made.</summary>
public sealed class KeyFileException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>A file that is no attestation, or not one of a ledger.</summary>
public sealed class AttestationFormatException(string path, string why)
    : LedgerException($"{path} is no attestation of a ledger: {why}", "make one:  ledger attest --key FILE --out FILE")
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>The attestation does not carry the signature that was asked for: what it says counts for nothing.</summary>
public sealed class SignatureException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.VerificationFailed;
}

/// <summary>The ledger is not what was signed.</summary>
public sealed class SignedHeadException(StreamName stream, long number, string problem)
    : LedgerException(problem, "what was signed is not what is here: restore the ledger from a backup that passes, and find out who wrote to this file")
{
    public StreamName Stream { get; } = stream;

    /// <summary>The first event that differs, or may.</summary>
    public long Number { get; } = number;

    public override FailureKind Kind => FailureKind.VerificationFailed;
}
