using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Stores;
using Ledger.Host.Trust;
using Ledger.TestKit;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Tests.Stores;

/// <summary>What may happen to the file: kill -9, torn logs, other versions, other programs' files, tampering.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-file-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string LedgerFile => Path.Combine(folder, "a.ledger");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Killed_at_any_moment_every_acknowledged_event_is_there_and_the_file_goes_on()
    {
        const int kills = 15;
        var random = new Random(20261124);
        await using (await OpenAsync(OpenMode.Create)) { }
        long acknowledged = -1;
        for (var round = 0; round < kills; round++)
        {
            using var writer = StoreWriter.Start(LedgerFile);
            var killAt = acknowledged + random.Next(1, 60);
            while (acknowledged < killAt && await writer.StandardOutput.ReadLineAsync(Token) is { } line) acknowledged = long.Parse(line, CultureInfo.InvariantCulture);
            await Task.Delay(TimeSpan.FromMicroseconds(random.Next(3_000)), Token);
            writer.Kill();                  // SIGKILL
            while (await writer.StandardOutput.ReadLineAsync(Token) is { } line)
                if (long.TryParse(line, out var late)) acknowledged = late;
            await writer.WaitForExitAsync(Token);

            await using var store = await OpenAsync(OpenMode.Open);
            var chain = new Chain(store, Chain.Named("timeline-a"));
            var (previous, number) = (default(Digest), 0L);
            await foreach (var e in store.ReadStreamAsync(chain.Stream, 0, Token))
            {
                e.Number.ShouldBe(number);
                e.Data.Span.SequenceEqual(StoreWriter.Data(number)).ShouldBeTrue($"event {number}");
                (e.Previous, e.Hash).ShouldBe((previous, EventHash.Of(e)));
                (previous, number) = (e.Hash, number + 1);
            }
            number.ShouldBeGreaterThan(acknowledged);
            await chain.CatchUpAsync(Token);
            acknowledged = (await chain.AppendAsync(StoreWriter.Data(number), Token)).Number;
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{kills} kills, {acknowledged + 1} events, none lost");
    }

    [Fact]
    public async Task A_log_torn_at_any_byte_loses_only_what_was_not_whole_and_the_file_goes_on()
    {
        // A crash leaves the file and its log behind: both are taken while the store is open.
        string crashed = Path.Combine(folder, "crashed"), wal;
        var ends = new List<long>();            // of each event in the log
        Directory.CreateDirectory(crashed);
        await using (var store = await OpenAsync(OpenMode.Create))
        {
            var chain = new Chain(store, Chain.Named("ledger-a"));
            for (var i = 0; i < 8; i++)
            {
                await chain.AppendAsync(StoreWriter.Data(i), Token);
                ends.Add(new FileInfo(LedgerFile + "-wal").Length);
            }
            ends.ShouldBeUnique();          // and in order, since a log only grows
            File.Copy(LedgerFile, Path.Combine(crashed, "a.ledger"));
            File.Copy(LedgerFile + "-wal", wal = Path.Combine(crashed, "a.ledger-wal"));
        }
        var whole = await File.ReadAllBytesAsync(wal, Token);
        var random = new Random(5);
        for (var round = 0; round < 40; round++)
        {
            var torn = Path.Combine(folder, $"torn{round}.ledger");
            File.Copy(Path.Combine(crashed, "a.ledger"), torn);
            var cut = random.Next(whole.Length + 1);
            await File.WriteAllBytesAsync(torn + "-wal", whole[..cut], Token);
            await using var store = await SqliteEventStore.OpenAsync(torn, OpenMode.Open, TimeProvider.System, Token);
            var chain = new Chain(store, Chain.Named("ledger-a"));
            await foreach (var e in store.ReadStreamAsync(chain.Stream, 0, Token)) e.Data.Span.SequenceEqual(StoreWriter.Data(e.Number)).ShouldBeTrue();
            await chain.CatchUpAsync(Token);
            (chain.Last + 1).ShouldBe(ends.Count(end => end <= cut), $"cut at {cut}");
            await chain.AppendAsync(StoreWriter.Data(chain.Last + 1), Token);
            await ChainWalk.CheckAsync(store, Token);
        }
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_named_as_such_and_not_touched()
    {
        await using (var store = await OpenAsync(OpenMode.Create)) await new Chain(store, Chain.Named("ledger-a")).AppendAsync([1], Token);
        var bytes = await File.ReadAllBytesAsync(LedgerFile, Token);
        bytes[63] = 9;                      // user_version, big-endian, at offset 60
        await File.WriteAllBytesAsync(LedgerFile, bytes, Token);
        var fault = await Should.ThrowAsync<StoreVersionException>(() => OpenAsync(OpenMode.Open));
        (fault.Found, fault.Known, fault.Kind).ShouldBe((9, SqliteEventStore.Version, FailureKind.BadInput));
        (await File.ReadAllBytesAsync(LedgerFile, Token)).ShouldBe(bytes);
        Directory.GetFiles(folder).ShouldBe([LedgerFile]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("SQLite format 3\0 but no more than this, and so on and so forth until a hundred bytes are there ........................")]
    public async Task A_file_that_is_no_ledger_is_refused_and_not_touched(string content)
    {
        await File.WriteAllTextAsync(LedgerFile, content, Token);
        await Should.ThrowAsync<NotALedgerException>(() => OpenAsync(OpenMode.Open));
        (await File.ReadAllTextAsync(LedgerFile, Token)).ShouldBe(content);
    }

    [Fact]
    public async Task Another_programs_SQLite_file_is_refused()
    {
        await using (var other = new SqliteConnection($"Data Source={LedgerFile};Pooling=False"))
        {
            await other.OpenAsync(Token);
            await Sql(other, "CREATE TABLE notes (text TEXT)");
        }
        await Should.ThrowAsync<NotALedgerException>(() => OpenAsync(OpenMode.Open));
    }

    [Fact]
    public async Task A_missing_file_and_a_folder_and_a_file_that_is_there_already_are_told_apart()
    {
        await Should.ThrowAsync<StoreFileException>(() => OpenAsync(OpenMode.Open));
        await Should.ThrowAsync<NotALedgerException>(() => SqliteEventStore.OpenAsync(folder, OpenMode.Open, TimeProvider.System, Token));
        await using (await OpenAsync(OpenMode.Create)) { }
        await Should.ThrowAsync<StoreFileException>(() => OpenAsync(OpenMode.Create));
    }

    [Fact]
    public async Task A_file_cut_in_the_middle_is_reported_as_damaged()
    {
        await using (var store = await OpenAsync(OpenMode.Create))
        {
            var chain = new Chain(store, Chain.Named("ledger-a"));
            for (var i = 0; i < 50; i++) await chain.AppendAsync(StoreWriter.Data(i), Token);
        }
        await using (var file = new FileStream(LedgerFile, FileMode.Open)) file.SetLength(file.Length / 2);
        var fault = await Should.ThrowAsync<LedgerException>(async () =>
        {
            await using var store = await OpenAsync(OpenMode.Open);
            await ChainWalk.CheckAsync(store, Token);
        });
        fault.ShouldBeOfType<StoreDamagedException>().Kind.ShouldBe(FailureKind.VerificationFailed);
    }

    [Theory]
    [InlineData("UPDATE events SET data = x'00'")]
    [InlineData("DELETE FROM events")]
    public async Task Not_even_SQL_changes_an_event_by_mistake(string sql)
    {
        await using (var store = await OpenAsync(OpenMode.Create)) await new Chain(store, Chain.Named("ledger-a")).AppendAsync([1], Token);
        await using var connection = new SqliteConnection($"Data Source={LedgerFile};Pooling=False");
        await connection.OpenAsync(Token);
        await Should.ThrowAsync<SqliteException>(() => Sql(connection, sql));
    }

    [Theory]
    [InlineData("UPDATE events SET data = x'00' WHERE number = 3", 3)]
    [InlineData("UPDATE events SET metadata = x'7b7d20' WHERE number = 2", 2)]
    [InlineData("UPDATE events SET type = 'other.v1' WHERE number = 4", 4)]
    [InlineData("UPDATE events SET hash = previous_hash WHERE number = 1", 1)]
    [InlineData("DELETE FROM events WHERE number = 5", 5)]
    [InlineData("UPDATE events SET number = -1 WHERE number = 2; UPDATE events SET number = 2 WHERE number = 3; UPDATE events SET number = 3 WHERE number = -1", 2)]
    public async Task Verification_names_the_first_event_that_was_tampered_with(string sql, long first)
    {
        await using (var store = await OpenAsync(OpenMode.Create))
        {
            var chain = new Chain(store, Chain.Named("ledger-a"));
            for (var i = 0; i < 8; i++) await chain.AppendAsync([(byte)i], Token);
            (await ChainWalk.CheckAsync(store, Token)).Events.ShouldBe(8);
        }
        await using (var connection = new SqliteConnection($"Data Source={LedgerFile};Pooling=False"))
        {
            await connection.OpenAsync(Token);
            await Sql(connection, "DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted; " + sql);
        }
        await using var tampered = await OpenAsync(OpenMode.Open);
        (await Should.ThrowAsync<VerificationException>(() => ChainWalk.CheckAsync(tampered, Token))).Number.ShouldBe(first);
    }

    private Task<SqliteEventStore> OpenAsync(OpenMode mode) => SqliteEventStore.OpenAsync(LedgerFile, mode, TimeProvider.System, Token);

    private static async Task Sql(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Token);
    }
}
