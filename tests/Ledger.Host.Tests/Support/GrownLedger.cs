using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.TestKit;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Tests.Support;

/// <summary>
/// Ledgers with long histories and no model: the set-up is appended as <c>open</c> does it; edits go straight into the file in one transaction, chained right,
/// because a durable append each would take minutes. Their recorded states are zero.
/// </summary>
internal static class GrownLedger
{
    /// <summary>A ledger without edits; <c>main</c> has the id <see cref="Some.MainId"/>.</summary>
    public static async Task<LedgerPaths> OpenAsync(string folder, string name, CancellationToken token)
    {
        var paths = new LedgerPaths(Path.Combine(folder, name + LedgerPaths.Extension));
        await using var session = await LedgerSession.ReadAsync(paths, await SqliteEventStore.OpenAsync(paths.File, OpenMode.Create, TimeProvider.System, token), TimeProvider.System, token);
        foreach (var e in new SetupEvent[] { Some.Opened, Some.TemplatesDrawn, Some.PolicySet, Some.MainStarted, Some.StatisticsRecorded })
            await session.AppendAsync(e, CommandContext.For("ana"), token);
        return paths;
    }

    /// <summary>Edits at the end of a timeline.</summary>
    /// <param name="dk">Length of their keys: 1,536 with a d_v of 576 makes events of some 60 KB.</param>
    /// <returns>Their ids.</returns>
    public static async Task<IReadOnlyList<EditId>> EditAsync(LedgerPaths paths, string timeline, int edits, CancellationToken token, int dk = Some.Dk, int dv = Some.Dv)
    {
        StreamName stream;
        long number;
        Digest head;
        await using (var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, token))
        {
            var entry = session.Setup.Timeline(timeline);
            stream = StreamName.Of(entry.Started.Timeline);
            var last = await session.Store.ReadLastAsync(stream, token);
            (number, head) = (last?.Number ?? -1, last?.Hash ?? entry.ChainStart);
        }
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = paths.File, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY";
        command.ExecuteNonQuery();
        command.CommandText = "SELECT max(position) FROM events";
        var n = (int)(long)command.ExecuteScalar()!;
        using (var transaction = command.Transaction = connection.BeginTransaction())
        {
            command.CommandText = "INSERT INTO events (stream, number, id, type, metadata, data, previous_hash, hash, stored_at) VALUES ($stream, $number, $id, $type, $metadata, $data, $previous, $hash, '')";
            foreach (var name in new[] { "$stream", "$number", "$id", "$type", "$metadata", "$data", "$previous", "$hash" }) command.Parameters.AddWithValue(name, null);
            for (var i = 1; i <= edits; i++)
            {
                var (by, e) = (Some.Metadata(n + i), Judged(n + i, dk, dv));
                var (type, metadata, data) = (EventJson.NameOf(e), EventJson.Serialize(by), EventJson.Serialize(e));
                var hash = EventHash.Of(stream, ++number, type, metadata, data, head);
                object[] values = [stream.ToString(), number, by.EventId.ToByteArray(bigEndian: true), type, metadata, data, head.ToBytes(), hash.ToBytes()];
                for (var column = 0; column < values.Length; column++) command.Parameters[column].Value = values[column];
                command.ExecuteNonQuery();
                head = hash;
            }
            transaction.Commit();
        }
        command.Transaction = null;
        command.CommandText = "PRAGMA journal_mode = WAL";
        command.ExecuteNonQuery();
        return [.. Enumerable.Range(n + 1, edits).Select(Id)];
    }

    /// <summary>Numbers far apart, so that short beginnings differ.</summary>
    private static EditId Id(int n) => new(new UInt128((ulong)n * 0x9E37_79B9_7F4A_7C15, (ulong)n));

    /// <summary>An edit by its number, one in ten of them stopped; variants take turns.</summary>
    private static EditJudged Judged(int n, int dk, int dv)
    {
        var outcome = n % 10 == 9 ? Outcome.Quarantined : Outcome.Applied;
        var record = Some.Record(n, VariantNames.All[n % 3], outcome) with { Edit = Id(n) };
        if (dk != Some.Dk)
            record = record with
            {
                Keys = new EditKeys(Some.Vector(dk, n), Some.Vector(dk, n + 1), Some.Vector(dk, n + 2), Some.Vector(dk, n + 3), Some.Vector(dv, n), Some.Vector(dv, n + 1)),
                Solution = new EditSolution(Some.Vector(dv, n + 2), Some.Vector(dv, n + 3), Some.Vector(dv, n + 4), Some.Vector(dv, n + 5), FactorU.UBar),
            };
        return outcome == Outcome.Applied ? new EditApplied(record) : new EditQuarantined(record);
    }
}
