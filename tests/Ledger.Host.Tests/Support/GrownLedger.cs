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

    /// <summary>Edits at the end of <c>main</c>, numbered on from what is there.</summary>
    /// <param name="dk">Length of their keys: 1,536 and 576 make events of some 60 KB.</param>
    public static void Edit(LedgerPaths paths, int edits, int dk = Some.Dk, int dv = Some.Dv)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = paths.File, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY";
        command.ExecuteNonQuery();
        var stream = StreamName.Of(Some.MainId);
        var (number, head) = Last(connection, stream);

        using var transaction = command.Transaction = connection.BeginTransaction();
        command.CommandText = "INSERT INTO events (stream, number, id, type, metadata, data, previous_hash, hash, stored_at) VALUES ($stream, $number, $id, $type, $metadata, $data, $previous, $hash, '')";
        foreach (var name in new[] { "$stream", "$number", "$id", "$type", "$metadata", "$data", "$previous", "$hash" }) command.Parameters.AddWithValue(name, null);
        for (var n = 0; n < edits; n++)
        {
            var e = Some.Recorded(Edited((int)++number, dk, dv), number, stream, head);
            head = e.Hash;
            object[] values = [stream.ToString(), number, e.Id.ToByteArray(bigEndian: true), e.Type, e.Metadata.ToArray(), e.Data.ToArray(), e.Previous.ToBytes(), e.Hash.ToBytes()];
            for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
            command.ExecuteNonQuery();
        }
        transaction.Commit();
        command.Transaction = null;
        command.CommandText = "PRAGMA journal_mode = WAL";
        command.ExecuteNonQuery();
    }

    /// <summary>An edit by its number: some are stopped, some have another variant.</summary>
    private static EditJudged Edited(int n, int dk, int dv)
    {
        var variant = VariantNames.All[n % 3];
        var record = Some.Record(n, variant, n % 10 == 9 ? Outcome.Quarantined : Outcome.Applied);
        if (dk != Some.Dk)
        {
            record = record with
            {
                Keys = new EditKeys(Some.Vector(dk, n), Some.Vector(dk, n + 1), Some.Vector(dk, n + 2), Some.Vector(dk, n + 3), Some.Vector(dv, n), Some.Vector(dv, n + 1)),
                Solution = new EditSolution(Some.Vector(dv, n + 2), Some.Vector(dv, n + 3), Some.Vector(dv, n + 4), Some.Vector(dv, n + 5), FactorU.UBar),
            };
        }
        return n % 10 == 9 ? new EditQuarantined(record) : new EditApplied(record);
    }

    private static (long Number, Digest Head) Last(SqliteConnection connection, StreamName stream)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT number, hash FROM events WHERE stream = $stream ORDER BY number DESC LIMIT 1";
        command.Parameters.AddWithValue("$stream", stream.ToString());
        using var row = command.ExecuteReader();
        if (row.Read()) return (row.GetInt64(0), new Digest(row.GetFieldValue<byte[]>(1)));
        row.Close();
        command.CommandText = "SELECT hash FROM events WHERE type = 'timeline-started.v1' ORDER BY position LIMIT 1";
        return (-1, new Digest((byte[])command.ExecuteScalar()!));
    }
}
