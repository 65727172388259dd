using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Stores;
using Ledger.Projections.Rows;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Projecting;

/// <summary>How far rows go: the last event that was taken in, as the store that was read has it. Another store holds that event elsewhere, or not at all.</summary>
public sealed record Place(StorePosition Position, StreamName Stream, long Number, Digest Hash);

/// <summary>How many rows there are.</summary>
public sealed record RowCounts(long Timelines, long Edits, long Changes);

/// <summary>
/// The rows of one ledger's events in an SQLite file, and beside them how far they go; a row and the place move in one transaction. Nothing in it is a fact of its own: rows of another version
/// or another ledger are dropped, and a file that cannot be read is removed. Several processes may use one file; an object is for one caller at a time.
/// </summary>
public sealed class RowFile : IRowLookup, IDisposable
{
    /// <summary>Of what <see cref="EventRows"/> makes and of the tables; another one has other rows.</summary>
    public const int Version = 1;

    private readonly SqliteConnection connection;
    private readonly LedgerId ledger;
    private readonly Dictionary<string, SqliteCommand> commands = [];

    private RowFile(SqliteConnection connection, LedgerId ledger)
    {
        this.connection = connection;
        this.ledger = ledger;
    }

    /// <summary>The last event that the rows hold; null before the first.</summary>
    public Place? Place
    {
        get
        {
            using var row = Query("SELECT position, stream, number, hash FROM upto");
            return row.Read() ? new Place(new StorePosition(row.GetInt64(0)), StreamName.Parse(row.GetString(1)), row.GetInt64(2), Digest.Parse(row.GetString(3))) : null;
        }
    }

    /// <summary>Rows that go away with this object.</summary>
    public static RowFile InMemory(LedgerId ledger) => Open(":memory:", ledger);

    /// <summary>Does something with a file's rows; makes the file where there is none, and makes it anew where it is damaged.</summary>
    /// <exception cref="RowFileException">The file cannot be made, read or written.</exception>
    public static async Task<T> UseAsync<T>(string path, LedgerId ledger, Func<RowFile, Task<T>> use)
    {
        for (var tries = 1; ; tries++)
            try
            {
                MakeFolder(path);
                using var file = Open(path, ledger);
                return await use(file);
            }
            catch (Exception e) when (tries == 1 && IsDamage(e))
            {
                Remove(path);
            }
            catch (SqliteException e)
            {
                throw new RowFileException(path, e);
            }
    }

    /// <summary>Reads a file's rows and changes nothing, so that whoever may not write can look.</summary>
    /// <returns>Null where there are no rows to be read: no file, a damaged one, another version's or another ledger's.</returns>
    /// <exception cref="RowFileException">The file cannot be read.</exception>
    public static async Task<T?> LookAsync<T>(string path, LedgerId ledger, Func<RowFile, Task<T?>> look)
        where T : class
    {
        if (!File.Exists(path)) return null;
        try
        {
            using var file = new RowFile(SqliteEventStore.Connect(path, SqliteOpenMode.ReadOnly), ledger);
            return file.IsOurs() ? await look(file) : null;
        }
        catch (Exception e) when (IsDamage(e))
        {
            return null;
        }
        catch (SqliteException e)
        {
            throw new RowFileException(path, e);
        }
    }

    /// <summary>Begins to write; whoever else does waits until it is over.</summary>
    public Writing Write() => new(this);

    /// <summary>Until this is disposed of, everything is read as it was at the first reading.</summary>
    public IDisposable Snapshot() => new Reading(this);

    /// <summary>Forgets everything, if it still goes exactly as far as was seen.</summary>
    public void Clear(Place? seen)
    {
        using var writing = Write();
        if (Place != seen) return;
        Forget();
        writing.Commit(null);
    }

    /// <summary>Forgets everything and gives its room back.</summary>
    public void Drop()
    {
        using (var writing = Write())
        {
            Forget();
            writing.Commit(null);
        }
        Execute("VACUUM");
    }

    public RowCounts Count()
    {
        using var row = Query("SELECT (SELECT count(*) FROM timelines), (SELECT count(*) FROM edits), (SELECT count(*) FROM changes)");
        row.Read();
        return new RowCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
    }

    public TimelineRow? Timeline(TimelineId id)
    {
        using var row = Query("SELECT id, name, parent, fork, head, purpose, closed FROM timelines WHERE id = $0", id.ToString());
        return row.Read() ? RowForm.Timeline(row, 0) : null;
    }

    public EditRow? Edit(EditId id)
    {
        using var row = Query($"SELECT {RowForm.EditColumns} FROM edits e WHERE e.id = $0", id.ToString());
        return row.Read() ? RowForm.Edit(row, 0) : null;
    }

    public ChangeRow? LastChange(TimelineId timeline, long upTo)
    {
        using var row = Query($"SELECT {RowForm.ChangeColumns} FROM changes c WHERE c.timeline = $0 AND c.revision <= $1 ORDER BY c.revision DESC, c.ordinal DESC LIMIT 1", timeline.ToString(), upTo);
        return row.Read() ? RowForm.Change(row, 0) : null;
    }

    public ChangeRow? LastChange(TimelineId timeline, EditId edit, long upTo)
    {
        using var row = Query($"SELECT {RowForm.ChangeColumns} FROM changes c WHERE c.edit = $0 AND c.timeline = $1 AND c.revision <= $2 ORDER BY c.revision DESC LIMIT 1", edit.ToString(), timeline.ToString(), upTo);
        return row.Read() ? RowForm.Change(row, 0) : null;
    }

    /// <summary>Every change with its edit and its timeline's name, in the order of the store.</summary>
    /// <param name="subject">Only those of edits about it, trimmed; null for all.</param>
    public IEnumerable<(ChangeRow Change, EditRow Edit, string Timeline)> Changes(string? subject) =>
        subject is null ? Changes("ORDER BY c.place", []) : Changes("WHERE e.about = $0 ORDER BY c.place", [subject.Trim()]);

    /// <summary>The same, of one timeline's own stream up to a revision.</summary>
    public IEnumerable<(ChangeRow Change, EditRow Edit, string Timeline)> Changes(TimelineId timeline, long upTo, string? subject)
    {
        const string Own = "WHERE c.timeline = $0 AND c.revision <= $1", Order = "ORDER BY c.revision, c.ordinal";
        return subject is null ? Changes($"{Own} {Order}", [timeline.ToString(), upTo]) : Changes($"{Own} AND e.about = $2 {Order}", [timeline.ToString(), upTo, subject.Trim()]);
    }

    public void Dispose()
    {
        foreach (var command in commands.Values) command.Dispose();
        connection.Dispose();
    }

    private void Forget()
    {
        foreach (var table in new[] { "upto", "timelines", "edits", "changes" }) Run($"DELETE FROM {table}");
    }

    private static RowFile Open(string path, LedgerId ledger)
    {
        var file = new RowFile(SqliteEventStore.Connect(path, SqliteOpenMode.ReadWriteCreate), ledger);
        try
        {
            // What a power cut takes away it takes with its place: the events are read again.
            file.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
            if (!file.IsOurs()) file.Begin();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void MakeFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RowFileException(path, e);
        }
    }

    private static void Remove(string path)
    {
        try
        {
            SqliteEventStore.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RowFileException(path, e);
        }
    }

    /// <summary>A table is gone, CORRUPT, NOTADB; or a cell holds what nobody of us wrote.</summary>
    private static bool IsDamage(Exception e) => e is SqliteException { SqliteErrorCode: 1 or 11 or 26 } or FormatException or KeyNotFoundException or InvalidCastException;

    private bool IsOurs()
    {
        using (var version = Query("PRAGMA user_version"))
            if (!version.Read() || version.GetInt64(0) != Version) return false;
        using var row = Query("SELECT ledger FROM upto");
        return !row.Read() || row.GetString(0) == ledger.ToString();
    }

    /// <summary>Drops whatever is there and makes empty tables, unless somebody else has done so meanwhile.</summary>
    private void Begin()
    {
        using var writing = Write();
        if (IsOurs()) return;
        var drop = new List<string>();
        using (var old = Query("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC"))
            while (old.Read()) drop.Add($"DROP {old.GetString(0)} \"{old.GetString(1).Replace("\"", "\"\"", StringComparison.Ordinal)}\";");
        Execute(string.Concat(drop) + RowForm.Schema() + $"PRAGMA user_version = {Version};");
        writing.Commit(null);
    }

    private IEnumerable<(ChangeRow, EditRow, string)> Changes(string which, object[] values)
    {
        using var row = Query($"SELECT {RowForm.ChangeColumns}, {RowForm.EditColumns}, t.name FROM changes c JOIN edits e ON e.id = c.edit JOIN timelines t ON t.id = c.timeline {which}", values);
        while (row.Read()) yield return (RowForm.Change(row, 0), RowForm.Edit(row, RowForm.ChangeWidth), RowForm.Text(row, RowForm.ChangeWidth + RowForm.EditWidth)!);
    }

    private SqliteDataReader Query(string sql, params ReadOnlySpan<object?> values) => Command(sql, values).ExecuteReader();

    private void Run(string sql, params ReadOnlySpan<object?> values) => Command(sql, values).ExecuteNonQuery();

    private void Execute(string sql) => SqliteEventStore.Execute(connection, sql);

    /// <summary>A statement with its values in the places $0, $1, …; it is compiled once.</summary>
    private SqliteCommand Command(string sql, ReadOnlySpan<object?> values)
    {
        if (!commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < values.Length; i++) command.Parameters.Add(new SqliteParameter($"${i.ToString(CultureInfo.InvariantCulture)}", null));
            commands.Add(sql, command);
        }
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }

    private sealed class Reading : IDisposable
    {
        private readonly RowFile file;

        public Reading(RowFile file)
        {
            this.file = file;
            file.Run("BEGIN");
        }

        public void Dispose() => file.Run("COMMIT");
    }

    /// <summary>One transaction: all of it becomes visible with <see cref="Commit"/>, or none.</summary>
    public sealed class Writing : IDisposable
    {
        private static readonly string
            PutTimeline = $"INSERT OR REPLACE INTO timelines VALUES {RowForm.Places(7)}",
            AddEdit = $"INSERT INTO edits VALUES {RowForm.Places(RowForm.EditWidth + 1)}",
            AddChange = $"INSERT INTO changes ({RowForm.ChangeColumns.Replace("c.", "", StringComparison.Ordinal)}) VALUES {RowForm.Places(RowForm.ChangeWidth)}";

        private readonly RowFile file;
        private bool over;

        internal Writing(RowFile file)
        {
            this.file = file;
            file.Run("BEGIN IMMEDIATE");
        }

        public void Add(MadeRows made)
        {
            if (made.Timeline is { } t) file.Run(PutTimeline, RowForm.Values(t));
            if (made.Edit is { } e) file.Run(AddEdit, RowForm.Values(e));
            foreach (var c in made.Changes) file.Run(AddChange, RowForm.Values(c));
        }

        /// <param name="place">How far the rows go now; null where that did not change.</param>
        public void Commit(Place? place)
        {
            if (place is { } p) file.Run("INSERT OR REPLACE INTO upto VALUES (1, $0, $1, $2, $3, $4)", file.ledger.ToString(), p.Position.Value, p.Stream.ToString(), p.Number, p.Hash.ToString());
            file.Run("COMMIT");
            over = true;
        }

        public void Dispose()
        {
            // What a full disk broke off is rolled back already, and that it was full is the error to be seen.
            if (!over && SQLitePCL.raw.sqlite3_get_autocommit(file.connection.Handle) == 0) file.Run("ROLLBACK");
            over = true;
        }
    }
}

/// <summary>The rows cannot be kept. The events are not touched by that, and commands that answer from rows make them in memory.</summary>
public sealed class RowFileException(string path, Exception inner)
    : LedgerException($"{path} cannot be used: {inner.Message}", "make room, give write permission to it and its folder, or remove it: it is made again from the events", inner)
{
    public override FailureKind Kind => FailureKind.Failed;
}
