using Ledger.Domain.Events;
using Ledger.Host.Stores;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Jobs;

/// <summary>
/// Leases, in the file that holds the jobs: whoever takes one says every second that it is still at it, and who has not said so for some seconds has lost it. Several processes of one machine may share the file.
/// </summary>
internal sealed class LocalJobQueue : IJobQueue
{
    /// <summary>How long a worker may be silent, and how often it speaks.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(5), Heartbeat = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly string path;
    private readonly JobLog log;
    private readonly TimeProvider time;
    private readonly SqliteConnection connection;
    private readonly Lock gate = new();
    private ITimer? heart;

    private LocalJobQueue(string path, JobLog log, TimeProvider time, SqliteConnection connection)
    {
        this.path = path;
        this.log = log;
        this.time = time;
        this.connection = connection;
    }

    /// <param name="path">The file that <paramref name="log"/> is in.</param>
    public static LocalJobQueue Open(string path, JobLog log, TimeProvider time)
    {
        var connection = SqliteEventStore.Connect(path, SqliteOpenMode.ReadWrite);
        try
        {
            SqliteEventStore.Execute(
                connection,
                """
                BEGIN IMMEDIATE;
                CREATE TABLE IF NOT EXISTS waiting (
                    number  INTEGER PRIMARY KEY,        -- of the job's event; a job that is settled has no row
                    worker  TEXT,
                    receipt BLOB,
                    until   INTEGER NOT NULL DEFAULT 0, -- whose it is until then, in milliseconds since 1970
                    times   INTEGER NOT NULL DEFAULT 0
                ) STRICT;
                CREATE TABLE IF NOT EXISTS seen (next INTEGER NOT NULL) STRICT;     -- the first event that has no row yet
                INSERT INTO seen SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM seen);
                COMMIT;
                """);
            return new LocalJobQueue(path, log, time, connection);
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw SqliteErrors.Translate(e, path);
        }
    }

    public async Task<Delivery?> TakeAsync(string worker, TimeSpan patience, CancellationToken token)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            token.ThrowIfCancellationRequested();
            if (Translated(() => Take(worker)) is var (number, times, receipt))
            {
                heart = time.CreateTimer(_ => Renew(number, receipt), null, Heartbeat, Heartbeat);
                return new Delivery(await log.Store.ReadStreamAsync(StreamName.Queue, number, token).FirstAsync(token), times, receipt);
            }
            if (time.GetElapsedTime(started) >= patience) return null;
            await Task.Delay(Poll, time, token);
        }
    }

    public Task DoneAsync(Delivery delivery) => LetGo(() => Run("DELETE FROM waiting WHERE number = $number", ("$number", delivery.Event.Number)));

    public Task GiveBackAsync(Delivery delivery, TimeSpan after) => LetGo(() => Run(
        "UPDATE waiting SET worker = NULL, receipt = NULL, until = $until WHERE number = $number AND receipt = $receipt",
        ("$until", At(after)), ("$number", delivery.Event.Number), ("$receipt", delivery.Receipt.ToByteArray())));

    public Task ParkAsync(Delivery delivery, string reason) => DoneAsync(delivery);

    public Task<IReadOnlyDictionary<long, UnderWay>> UnderWayAsync(CancellationToken token) => Task.FromResult(Translated<IReadOnlyDictionary<long, UnderWay>>(() =>
    {
        var found = new Dictionary<long, UnderWay>();
        using var command = SqliteEventStore.Command(connection, "SELECT number, worker, times FROM waiting WHERE worker IS NOT NULL AND until > $now", ("$now", At(TimeSpan.Zero)));
        using var rows = command.ExecuteReader();
        while (rows.Read()) found[rows.GetInt64(0)] = new UnderWay(rows.GetString(1), rows.GetInt32(2));
        return found;
    }));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await connection.DisposeAsync();
    }

    /// <summary>Nothing is written where nothing waits: many workers may ask for a long time.</summary>
    private (long Number, int Times, Guid Receipt)? Take(string worker)
    {
        var now = At(TimeSpan.Zero);
        using (var any = SqliteEventStore.Command(
            connection,
            "SELECT EXISTS (SELECT 1 FROM waiting WHERE until <= $now) OR EXISTS (SELECT 1 FROM events WHERE stream = $queue AND number >= (SELECT next FROM seen))",
            ("$now", now), ("$queue", StreamName.Queue.ToString())))
            if (any.ExecuteScalar() is 0L) return null;
        using var transaction = connection.BeginTransaction(deferred: false);
        Run("INSERT INTO waiting (number) SELECT number FROM events WHERE stream = $queue AND number >= (SELECT next FROM seen)", ("$queue", StreamName.Queue.ToString()));
        Run("UPDATE seen SET next = (SELECT coalesce(max(number), -1) + 1 FROM events WHERE stream = $queue)", ("$queue", StreamName.Queue.ToString()));
        var receipt = Guid.NewGuid();
        (long, int, Guid)? taken = null;
        using (var take = SqliteEventStore.Command(
            connection,
            """
            UPDATE waiting SET worker = $worker, receipt = $receipt, until = $until, times = times + 1
            WHERE number = (SELECT number FROM waiting WHERE until <= $now ORDER BY number LIMIT 1) RETURNING number, times
            """,
            ("$worker", worker), ("$receipt", receipt.ToByteArray()), ("$until", At(Lease)), ("$now", now)))
        using (var row = take.ExecuteReader())
            if (row.Read()) taken = (row.GetInt64(0), row.GetInt32(1), receipt);
        transaction.Commit();
        return taken;
    }

    private void Renew(long number, Guid receipt)
    {
        try
        {
            lock (gate) Run("UPDATE waiting SET until = $until WHERE number = $number AND receipt = $receipt", ("$until", At(Lease)), ("$number", number), ("$receipt", receipt.ToByteArray()));
        }
        catch (Exception e) when (e is SqliteException or InvalidOperationException)
        {
            // The next beat, or somebody else gets the job as well: what comes of it is recorded once.
        }
    }

    private async Task LetGo(Action write)
    {
        await StopAsync();
        Translated<object?>(() =>
        {
            write();
            return null;
        });
    }

    private async Task StopAsync()
    {
        if (heart is not null) await heart.DisposeAsync();      // a beat that is under way ends first
        heart = null;
    }

    private long At(TimeSpan later) => (time.GetUtcNow() + later).ToUnixTimeMilliseconds();

    private void Run(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = SqliteEventStore.Command(connection, sql, parameters);
        command.ExecuteNonQuery();
    }

    private T Translated<T>(Func<T> ask)
    {
        try
        {
            lock (gate) return ask();
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, path);
        }
    }
}
