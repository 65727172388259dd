using Ledger.Domain;

namespace Ledger.Host.Features.Evaluating;

/// <summary>Data to evaluate with that is not what it should be; nothing was evaluated.</summary>
/// <param name="record">Its number in the file, from 1; null for the file as a whole.</param>
/// <param name="line">Where it stands, from 1.</param>
/// <param name="problem">With the field it is about.</param>
public sealed class EvaluationDataException(string file, int? record, long? line, string problem, string remedy)
    : LedgerException($"{Path.GetFileName(file)}{(record is { } n ? $", record {n}" : "")}{(line is { } l ? $" (line {l})" : "")}: {problem}", remedy)
{
    public string File { get; } = file;

    public int? Record { get; } = record;

    public override FailureKind Kind => FailureKind.BadInput;
}
