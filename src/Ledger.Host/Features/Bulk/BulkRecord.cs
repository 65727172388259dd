using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;

namespace Ledger.Host.Features.Bulk;

/// <summary>A record, and where it begins: its place is part of its idempotency key, and a whole array may stand on one line.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">In bytes, from 1.</param>
/// <param name="Edit">Null when the record is bad.</param>
/// <param name="Fault">Why it is bad; null when it is good.</param>
public sealed record BulkRecord(long Line, long Column, BulkEdit? Edit, BulkFileException? Fault);

/// <summary>What a record asks for.</summary>
/// <param name="Reason">Of this record alone; null where it names none.</param>
/// <param name="Source">The same.</param>
public sealed record BulkEdit(EditRequest Request, string? Reason = null, string? Source = null)
{
    /// <summary>Prompts that an evaluation generates texts after; no part of an edit.</summary>
    public ImmutableArray<string> Generations { get; init; } = [];
}

/// <summary>A bulk file, or a record of one, that is not what it should be: where, and what would be right.</summary>
/// <param name="line">From 1; null for the file as a whole.</param>
/// <param name="column">In bytes, from 1; null where a record has no places inside a line.</param>
public sealed class BulkFileException(string file, long? line, long? column, string problem, string remedy)
    : LedgerException($"{Path.GetFileName(file)}{(line is { } l ? $", line {l}" : "")}{(column is { } c ? $", column {c}" : "")}: {problem}", remedy)
{
    /// <summary>What a command that can leave records out adds to a remedy.</summary>
    public const string OrSkip = "; or leave bad records out with --skip-bad";

    public string File { get; } = file;

    /// <summary>For a command that cannot.</summary>
    public string RemedyAlone => Remedy!.Replace(OrSkip, "", StringComparison.Ordinal);

    /// <summary>The same, for such a command.</summary>
    public BulkFileException Alone() => new(File, Line, Column, Problem, RemedyAlone);

    public string Problem { get; } = problem;

    public long? Line { get; } = line;

    public long? Column { get; } = column;

    public override FailureKind Kind => FailureKind.BadInput;

    /// <summary>The same, and what else there is to know.</summary>
    public BulkFileException Besides(string more) => new(File, Line, Column, Problem, $"{Remedy}; {more}");
}

/// <summary>What is wrong with a record, by somebody who does not know where it stands.</summary>
internal sealed class RecordFault(string problem, string remedy) : Exception(problem)
{
    public string Remedy { get; } = remedy;

    public BulkFileException At(string file, long line, long? column) => new(file, line, column, Message, Remedy + BulkFileException.OrSkip);
}
