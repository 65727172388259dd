using Ledger.Domain;

namespace Ledger.Engine;

/// <summary>The model folder or one of its files is not what the engine can read; names the file and what would be right.</summary>
public sealed class CheckpointException(string path, string problem, string? remedy = null, Exception? inner = null)
    : LedgerException(problem, remedy, inner)
{
    public string Path { get; } = path;
    public override FailureKind Kind => FailureKind.BadInput;
}
