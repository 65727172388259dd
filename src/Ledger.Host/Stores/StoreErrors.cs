using Ledger.Domain;
using Ledger.Domain.Events;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Stores;

/// <summary>The file is not a ledger of this program.</summary>
public sealed class NotALedgerException(string path, string why) : LedgerException($"{path} is not a ledger: {why}.", "name a file that `ledger open` made")
{
    public string Path { get; } = path;
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>A newer program made the file; it was not touched.</summary>
public sealed class StoreVersionException(string path, long found, long known)
    : LedgerException($"{path} has file version {found}; this program knows up to {known}.", "use the version of ledger that made it, or a newer one")
{
    public long Found { get; } = found;
    public long Known { get; } = known;
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>There is a file already, or none.</summary>
public sealed class StoreFileException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>The file is damaged as a whole: which events that touches is not known.</summary>
public sealed class StoreDamagedException(string path, string what, Exception? inner = null)
    : LedgerException($"{path} is damaged: {what}", "restore it from a backup; keep the damaged file, a part of its events may still be readable", inner)
{
    public override FailureKind Kind => FailureKind.VerificationFailed;
}

/// <summary>A row holds what no append wrote.</summary>
public sealed class StoreRowException(string path, long position, string stream, string number, Exception inner)
    : LedgerException($"{path} is damaged: row {position}, event {number} of \"{stream}\", was changed: {inner.Message}", "restore it from a backup; every row before this one can be read", inner)
{
    public override FailureKind Kind => FailureKind.VerificationFailed;

    /// <summary>The row's place in commit order.</summary>
    public long Position { get; } = position;
}

/// <summary>An event that was read is not there any more: the store was restored from a backup, or replaced, under who reads.</summary>
public sealed class HistoryReplacedException(StreamName stream, long number)
    : LedgerException($"Event {number} of {stream} is not the one that was read before: the store was restored or replaced meanwhile.", "give the command again, which reads everything anew; nothing was appended")
{
    public StreamName Stream { get; } = stream;
    public long Number { get; } = number;
    public override FailureKind Kind => FailureKind.VerificationFailed;
}

/// <summary>The disk does not take more, or does not let us.</summary>
public sealed class StoreUnwritableException(string path, Exception inner)
    : LedgerException($"{path} cannot be written: {inner.Message}", "make room or give write permission to the file and its folder; nothing was half-written", inner)
{
    public override FailureKind Kind => FailureKind.Failed;
}

/// <summary>Another process kept the file to itself for too long.</summary>
public sealed class StoreBusyException(string path, Exception inner)
    : LedgerException($"{path} is kept busy by another process.", "try again when it is done; nothing was written", inner)
{
    public override FailureKind Kind => FailureKind.Conflict;
}

internal static class SqliteErrors
{
    /// <summary>The driver's codes in the ledger's words; told apart by number, never by text.</summary>
    public static Exception Translate(SqliteException e, string path) => e.SqliteErrorCode switch
    {
        5 or 6 => new StoreBusyException(path, e),                      // BUSY, LOCKED
        3 or 8 or 10 or 13 or 14 => new StoreUnwritableException(path, e),  // PERM, READONLY, IOERR, FULL, CANTOPEN
        1 or 11 or 26 => new StoreDamagedException(path, e.Message, e),            // ERROR (our statements are sound: a table or column is gone), CORRUPT, NOTADB
        _ => e,
    };
}
