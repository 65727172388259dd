using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Stores;

public enum OpenMode
{
    /// <summary>The file must not exist.</summary>
    Create,

    /// <summary>The file must exist.</summary>
    Open,
}

/// <summary>
/// Events in one SQLite file: write-ahead log, synchronous FULL, so that an acknowledged event survives kill -9 and power loss. Several
/// processes may use one file; each append is one transaction. Safe for several tasks at once.
/// </summary>
public sealed class SqliteEventStore : IEventStore
{
    /// <summary>The file version this program writes and the newest it reads.</summary>
    public const int Version = 1;

    /// <summary>The first event's position. Each append takes the next one, and one that fails takes none: where one is missing, a row was removed.</summary>
    public static StorePosition First => new(1);

    private const int ApplicationId = 0x4C656467, PageEvents = 64, PageGrowth = 8;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly string path;
    private readonly TimeProvider time;
    private readonly SqliteConnection writer;
    private readonly SemaphoreSlim writing = new(1, 1), reading = new(1, 1);
    private SqliteConnection? reader;       // opened when it is first needed, and kept: opening one costs more than most reads
    private bool closed;
    private volatile TaskCompletionSource appended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SqliteEventStore(string path, TimeProvider time, SqliteConnection writer)
    {
        this.path = path;
        this.time = time;
        this.writer = writer;
    }

    /// <summary>The file, with its folder.</summary>
    internal string Location => path;

    /// <summary>Removes a file that nobody has open, with what SQLite keeps beside it.</summary>
    public static void Delete(string path)
    {
        foreach (var part in new[] { path, path + "-wal", path + "-shm" }) File.Delete(part);
    }

    /// <exception cref="StoreFileException">There is a file already (Create), or none (Open).</exception>
    /// <exception cref="NotALedgerException">The file is something else.</exception>
    /// <exception cref="StoreVersionException">A newer program made it; it is left untouched.</exception>
    /// <exception cref="StoreDamagedException">SQLite cannot read it.</exception>
    public static Task<SqliteEventStore> OpenAsync(string path, OpenMode mode, TimeProvider time, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        path = Path.GetFullPath(path);
        if (mode == OpenMode.Create && Path.Exists(path)) throw new StoreFileException($"{path} exists already.", "choose another name");
        if (mode == OpenMode.Open) CheckHeader(path);
        SqliteConnection? connection = null;
        try
        {
            connection = Connect(path, mode == OpenMode.Create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite);
            if (mode == OpenMode.Create) Execute(connection, Schema());
            return Task.FromResult(new SqliteEventStore(path, time, connection));
        }
        catch (SqliteException e)
        {
            connection?.Dispose();
            throw SqliteErrors.Translate(e, path);
        }
    }

    public async Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token)
    {
        var size = Math.Max(e.Data.Length, e.Metadata.Length);
        if (size > IEventStore.MaxEventBytes) throw new EventTooLargeException(e.Type, size);
        await writing.WaitAsync(token);
        try
        {
            // From here on to the end: an append is never half done.
            var result = Append(stream, expected, e);
            Interlocked.Exchange(ref appended, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            return result;
        }
        catch (SqliteException fault)
        {
            throw SqliteErrors.Translate(fault, path);
        }
        finally
        {
            writing.Release();
        }
    }

    public IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, CancellationToken token) =>
        PagesAsync("stream = $stream AND number >= $from ORDER BY number", from, e => e.Number + 1, [("$stream", stream.ToString())], token);

    public async Task<RecordedEvent?> ReadLastAsync(StreamName stream, CancellationToken token) =>
        (await SelectAsync("stream = $stream ORDER BY number DESC LIMIT 1", [("$stream", stream.ToString())], token)).SingleOrDefault();

    public IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition after, CancellationToken token) =>
        PagesAsync("position >= $from ORDER BY position", after.Value + 1, e => e.Position.Value + 1, [], token);

    public async IAsyncEnumerable<RecordedEvent> SubscribeAsync(StorePosition after, [EnumeratorCancellation] CancellationToken token)
    {
        while (true)
        {
            var signal = appended.Task;         // taken before reading: what is appended meanwhile is not missed
            await foreach (var e in ReadAllAsync(after, token))
            {
                after = e.Position;
                yield return e;
            }
            // Other processes give no signal: look again after a while.
            await Task.WhenAny(signal, Task.Delay(Poll, time, token));
            token.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Whether the file is whole, as far as SQLite can tell: pages, types, and each index beside its table. Says nothing of what the rows hold: that
    /// is the chain's.
    /// </summary>
    /// <exception cref="StoreDamagedException">It is not.</exception>
    public Task CheckAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        Translated<object?>(() =>
        {
            using var connection = Connect(path, SqliteOpenMode.ReadWrite);
            using (var check = Command(connection, "PRAGMA integrity_check(1)"))
                if (check.ExecuteScalar() is var found && found is not "ok") throw new StoreDamagedException(path, $"SQLite finds: {found}");
            // Before the first position lies what reading in commit order never meets, and reading a stream does.
            using var hidden = Command(connection, "SELECT count(*) FROM events WHERE position < $first", ("$first", First.Value));
            if (hidden.ExecuteScalar() is var rows && rows is not 0L) throw new StoreDamagedException(path, $"{rows} of its rows have positions that no append gives");
            return null;
        });
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await reading.WaitAsync();
        await writing.WaitAsync();
        try
        {
            closed = true;
            if (reader is not null) await reader.DisposeAsync();
            // The last connection folds the log into the file and removes it.
            await writer.DisposeAsync();
        }
        finally
        {
            writing.Release();
            reading.Release();
        }
    }

    private AppendResult Append(StreamName stream, ExpectedRevision expected, NewEvent e)
    {
        using var transaction = writer.BeginTransaction(deferred: false);
        using (var same = Command(writer, "SELECT stream, number, position FROM events WHERE id = $id", ("$id", e.Id.ToByteArray(bigEndian: true))))
        using (var reader = same.ExecuteReader())
        {
            if (reader.Read())
            {
                if (reader.GetString(0) != stream.ToString()) throw new EventIdTakenException(e.Id, StreamName.Parse(reader.GetString(0)));
                return new AppendResult(reader.GetInt64(1), new StorePosition(reader.GetInt64(2)), AlreadyThere: true);
            }
        }
        var last = Scalar("SELECT coalesce(max(number), -1) FROM events WHERE stream = $stream", ("$stream", stream.ToString()));
        if (last != expected.Number) throw new StreamConflictException(stream, expected, new ExpectedRevision(last));
        var position = Scalar(
            """
            INSERT INTO events (stream, number, id, type, metadata, data, previous_hash, hash, stored_at)
            VALUES ($stream, $number, $id, $type, $metadata, $data, $previous, $hash, $at) RETURNING position
            """,
            ("$stream", stream.ToString()), ("$number", last + 1), ("$id", e.Id.ToByteArray(bigEndian: true)), ("$type", e.Type),
            ("$metadata", e.Metadata.ToArray()), ("$data", e.Data.ToArray()), ("$previous", e.Previous.ToBytes()), ("$hash", e.Hash.ToBytes()),
            ("$at", EventTime.Text(time.GetUtcNow())));
        transaction.Commit();
        return new AppendResult(last + 1, new StorePosition(position), AlreadyThere: false);
    }

    /// <summary>
    /// Page by page, each its own read: a slow consumer holds no transaction open, and memory stays bounded. The first pages are small: many a reader wants one event,
    /// and a page of large ones is megabytes.
    /// </summary>
    private async IAsyncEnumerable<RecordedEvent> PagesAsync(
        string where, long from, Func<RecordedEvent, long> next, (string Name, object Value)[] more, [EnumeratorCancellation] CancellationToken token)
    {
        for (var size = 1; ; size = Math.Min(PageEvents, size * PageGrowth))
        {
            token.ThrowIfCancellationRequested();
            var page = await SelectAsync($"{where} LIMIT {size}", [("$from", from), .. more], token);
            foreach (var e in page) yield return e;
            if (page.Count == 0) yield break;       // a short page may end before a row that is no event
            from = next(page[^1]);
        }
    }

    /// <summary>Beside the writer: an append that waits for another process does not hold up reading.</summary>
    private async Task<List<RecordedEvent>> SelectAsync(string where, (string Name, object Value)[] parameters, CancellationToken token)
    {
        await reading.WaitAsync(token);
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            return Translated(() => Select(where, parameters));
        }
        finally
        {
            reading.Release();
        }
    }

    /// <summary>Rows in order, up to before the first that holds what no append wrote; where that is the first of all, it is named.</summary>
    private List<RecordedEvent> Select(string where, (string Name, object Value)[] parameters)
    {
        reader ??= Connect(path, SqliteOpenMode.ReadWrite);
        // Texts as their bytes: read as a text, one would end at its first NUL and hide what stands behind.
        using var command = Command(
            reader, $"SELECT position, CAST(stream AS BLOB), number, id, CAST(type AS BLOB), metadata, data, previous_hash, hash FROM events WHERE {where}", parameters);
        using var rows = command.ExecuteReader();
        var found = new List<RecordedEvent>();
        while (rows.Read())
            try
            {
                found.Add(Event(rows));
            }
            catch (Exception e) when (e is FormatException or ArgumentException or InvalidCastException)
            {
                if (found.Count > 0) break;
                throw new StoreRowException(path, rows.GetInt64(0), Encoding.UTF8.GetString(rows.GetFieldValue<byte[]>(1)), rows.GetString(2), e);
            }
        return found;
    }

    private static RecordedEvent Event(SqliteDataReader row)
    {
        var (stream, number) = (StreamName.Parse(Utf8.GetString(row.GetFieldValue<byte[]>(1))), row.GetInt64(2));
        return new RecordedEvent(
            new StorePosition(row.GetInt64(0)), stream, number, new Guid(row.GetFieldValue<byte[]>(3), bigEndian: true), Utf8.GetString(row.GetFieldValue<byte[]>(4)),
            row.GetFieldValue<byte[]>(5), row.GetFieldValue<byte[]>(6), new Digest(row.GetFieldValue<byte[]>(7)), new Digest(row.GetFieldValue<byte[]>(8)));
    }

    private T Translated<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, path);
        }
    }

    /// <summary>Looks at the first hundred bytes before SQLite does: opening a file, even to read, may write beside it.</summary>
    private static void CheckHeader(string path)
    {
        if (Directory.Exists(path)) throw new NotALedgerException(path, "it is a folder");
        if (!File.Exists(path)) throw new StoreFileException($"There is no ledger at {path}.", "open one:  ledger open NAME --model FOLDER");
        Span<byte> header = stackalloc byte[100];
        int read;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            read = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnwritableException(path, e);
        }
        if (read == 0) throw new NotALedgerException(path, "it is empty");
        if (read < header.Length || !header.StartsWith("SQLite format 3\0"u8)) throw new NotALedgerException(path, "it is not an SQLite file");
        if (BinaryPrimitives.ReadInt32BigEndian(header[68..]) != ApplicationId) throw new NotALedgerException(path, "another program's SQLite file");
        var version = BinaryPrimitives.ReadUInt32BigEndian(header[60..]);
        if (version > Version) throw new StoreVersionException(path, version, Version);
        if (version < 1) throw new NotALedgerException(path, "its making was cut short");
    }

    /// <summary>A connection of one's own to such a file.</summary>
    internal static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 30 }.ToString());
        try
        {
            connection.Open();
            Execute(connection, "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private long Scalar(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(writer, sql, parameters);
        return (long)command.ExecuteScalar()!;
    }

    internal static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }

    internal static void Execute(SqliteConnection connection, string sql)
    {
        using var command = Command(connection, sql);
        command.ExecuteNonQuery();
    }

    private static string Schema()
    {
        using var stream = typeof(SqliteEventStore).Assembly.GetManifestResourceStream("Ledger.Host.Stores.Schema.sql")!;
        using var text = new StreamReader(stream);
        return text.ReadToEnd();
    }
}
