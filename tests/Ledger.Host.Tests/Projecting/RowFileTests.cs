using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Projecting;
using Ledger.Projections.Rows;
using Ledger.TestKit;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Tests.Projecting;

public sealed class RowFileTests : IDisposable
{
    private static readonly Place There = new(new StorePosition(7), StreamName.Of(Some.MainId), 0, Some.Digest("an event"));
    private static readonly ChangeRow Row = new(
        Some.MainId, 1, 0, DateTimeOffset.MaxValue.ToUniversalTime(), "a\0na 🦜", "why\r\n\"so\"", "applied", Some.Edit(1), Variant.PRome, double.NaN, -0.0, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, 0.1, null,
        Outcome.Quarantined, Rules.KeyAsymmetry, EditStatus.InEffect, new StateId(Some.Digest("state")), null, Some.Digest("hash"), new StorePosition(long.MaxValue));

    private static readonly EditRow Edit = new(Some.Edit(1), " {} is", "'; DROP TABLE edits; --", "\0", null, "", "ana", null, "https://example.org/1", Some.Edit(2));

    private readonly string folder = Directory.CreateTempSubdirectory("ledger-rows-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Path => System.IO.Path.Combine(folder, "a.ledger.d", "projections.db");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task What_is_read_is_what_was_written_bit_for_bit()
    {
        var timeline = new TimelineRow(Some.MainId, "main", null, 0, 1, "", "it was only a try");
        await UseAsync(file =>
        {
            Write(file, new MadeRows(timeline, Edit, [Row]), There);
            return true;
        });
        await UseAsync(file =>
        {
            file.Place.ShouldBe(There);
            file.Timeline(Some.MainId).ShouldBe(timeline);
            var read = file.Changes(null).ShouldHaveSingleItem();
            read.ShouldBe((Row, Edit, "main"));
            BitConverter.DoubleToInt64Bits(read.Change.KuU!.Value).ShouldBe(BitConverter.DoubleToInt64Bits(-0.0), "a zero has its sign");
            (file.Changes("'; DROP TABLE edits; -- ").Count(), file.Changes("edits").Count(), file.Changes(Some.MainId, 1, "'; DROP TABLE edits; --").Count()).ShouldBe((1, 0, 1));
            (file.LastChange(Some.MainId, 1), file.LastChange(Some.MainId, Some.Edit(1), 5)).ShouldBe((Row, Row));
            (file.LastChange(Some.MainId, 0), file.LastChange(Some.MainId, Some.Edit(2), 5), file.Edit(Some.Edit(2)), file.Timeline(default)).ShouldBe((null, null, null, null));
            return true;
        });
    }

    [Fact]
    public async Task A_write_that_sqlite_rolls_back_by_itself_is_said_and_costs_no_row()
    {
        var edit = new EditRow(Some.Edit(1), "{} is", "Ada", "Rome", null, null, "ana", null, null, null);
        await UseAsync(file =>
        {
            Write(file, new MadeRows(new TimelineRow(Some.MainId, "main", null, 0, 0, "", null), null, []), There);
            return true;
        });
        // As a full disk does it: the transaction is over when the error comes.
        await using (var other = new SqliteConnection($"Data Source={Path};Pooling=False"))
        {
            await other.OpenAsync(Token);
            await using var trigger = other.CreateCommand();
            trigger.CommandText = "CREATE TRIGGER full BEFORE INSERT ON edits BEGIN SELECT RAISE(ROLLBACK, 'no room'); END";
            await trigger.ExecuteNonQueryAsync(Token);
        }
        var fault = await Should.ThrowAsync<RowFileException>(() => UseAsync(file =>
        {
            Write(file, new MadeRows(null, edit, []), There with { Number = 1 });
            return true;
        }));
        fault.Message.ShouldContain("no room");
        await UseAsync(file =>
        {
            (file.Count(), file.Place).ShouldBe((new RowCounts(1, 0, 0), There));
            return true;
        });
    }

    [Fact]
    public async Task What_is_not_committed_is_not_there()
    {
        await UseAsync(file =>
        {
            using (var writing = file.Write()) writing.Add(new MadeRows(new TimelineRow(Some.MainId, "main", null, 0, 0, "", null), null, []));
            (file.Count(), file.Place).ShouldBe((new RowCounts(0, 0, 0), null));
            return true;
        });
    }

    [Fact]
    public async Task Rows_of_another_ledger_or_another_version_are_dropped()
    {
        await UseAsync(file => Filled(file));
        (await RowFile.UseAsync(Path, new LedgerId(5), file => Task.FromResult(file.Count()))).ShouldBe(new RowCounts(0, 0, 0));
        await UseAsync(file => Filled(file));
        Sql("PRAGMA user_version = 999; CREATE TABLE \"odd \"\"name\" (x); CREATE VIEW odd AS SELECT * FROM edits");
        (await UseAsync(file => file.Count())).ShouldBe(new RowCounts(0, 0, 0));
        await UseAsync(file => Filled(file));
    }

    [Theory]
    [InlineData("no SQLite file, whatever its name says")]
    [InlineData("")]
    public async Task A_file_that_is_something_else_is_made_anew(string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        await File.WriteAllTextAsync(Path, text, Token);
        await UseAsync(file => Filled(file));
    }

    [Fact]
    public async Task A_damaged_file_is_made_anew()
    {
        await UseAsync(file => Filled(file));
        Sql("DROP TABLE edits");
        await UseAsync(file => Filled(file));
        var bytes = await File.ReadAllBytesAsync(Path, Token);
        bytes.AsSpan(100).Fill(0xA5);
        await File.WriteAllBytesAsync(Path, bytes, Token);
        await UseAsync(file => Filled(file));
    }

    [Theory]
    [InlineData("UPDATE upto SET hash = 'not a digest'")]
    [InlineData("UPDATE upto SET stream = 'not a stream'")]
    [InlineData("UPDATE changes SET what = 5, status = 'made-up'")]
    public async Task A_cell_that_nobody_of_us_wrote_is_damage_too(string sql)
    {
        await UseAsync(file =>
        {
            Write(file, new MadeRows(new TimelineRow(Some.MainId, "main", null, 0, 1, "", null), Edit, [Row]), There);
            return true;
        });
        Sql(sql);
        (await RowFile.LookAsync(Path, Some.LedgerId, file => Task.FromResult<object?>((file.Place, file.Changes(null).ToList())))).ShouldBeNull();
        (await UseAsync(file => (file.Place, file.Changes(null).Count()))).ShouldBe((null, 0));
    }

    [Fact]
    public async Task Where_no_file_can_be_the_error_says_which()
    {
        Directory.CreateDirectory(Path);
        (await Should.ThrowAsync<RowFileException>(() => UseAsync(file => file.Count()))).Message.ShouldContain(Path);
        await File.WriteAllTextAsync(System.IO.Path.Combine(folder, "b.ledger.d"), "in the way", Token);
        (await Should.ThrowAsync<RowFileException>(() => RowFile.UseAsync(System.IO.Path.Combine(folder, "b.ledger.d", "projections.db"), Some.LedgerId, file => Task.FromResult(file.Count())))).Kind.ShouldBe(FailureKind.Failed);
    }

    private static bool Filled(RowFile file)
    {
        if (file.Place is null) Write(file, new MadeRows(new TimelineRow(Some.MainId, "main", null, 0, 0, "", null), null, []), There);
        file.Count().ShouldBe(new RowCounts(1, 0, 0));
        return true;
    }

    private static void Write(RowFile file, MadeRows made, Place place)
    {
        using var writing = file.Write();
        writing.Add(made);
        writing.Commit(place);
    }

    private Task<T> UseAsync<T>(Func<RowFile, T> use) => RowFile.UseAsync(Path, Some.LedgerId, file => Task.FromResult(use(file)));

    private void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
