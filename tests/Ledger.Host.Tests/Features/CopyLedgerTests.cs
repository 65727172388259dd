using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Engine.Statistics;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Support;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.Host.Trust;

namespace Ledger.Host.Tests.Features;

/// <summary>Copies between files and servers: same bytes, same hashes, wherever a copy was cut short.</summary>
public sealed class CopyLedgerTests : IDisposable
{
    private const int Edits = 1_000;
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-copy-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_thousand_edits_go_to_a_server_and_back_and_keep_every_hash_also_when_cut_short()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { OnAppend = n => n % 50 == 0 ? AppendFault.BrokenAfter : AppendFault.None });
        var original = await GrownAsync(Edits);
        var server = ServerAddress.Parse(cluster.Address(user: "ann:geheim@"));

        // There, stopped three times on the way.
        foreach (var stop in new[] { 1, 300, 301 })
        {
            using var cut = CancellationTokenSource.CreateLinkedTokenSource(Token);
            await Should.ThrowAsync<OperationCanceledException>(() => CopyAsync(original, "there", server, new StopAt(stop, cut), cut.Token));
            File.Exists(Path.Combine(folder, "there.ledger")).ShouldBeFalse();
        }
        var there = await CopyAsync(original, "there", server);
        (there.Events, there.Copied).ShouldBe((Edits + 5, Edits + 5 - 301));
        (await File.ReadAllTextAsync(there.Paths.File, Token)).ShouldNotContain("geheim");

        // And back.
        using (var cut = CancellationTokenSource.CreateLinkedTokenSource(Token))
            await Should.ThrowAsync<OperationCanceledException>(() => CopyAsync(there.Paths, "back", null, new StopAt(500, cut), cut.Token));
        var back = await CopyAsync(there.Paths, "back", null);
        (back.Events, back.Copied).ShouldBe((Edits + 5, Edits + 5 - 500));
        var (first, last) = (await EventsAsync(original), await EventsAsync(back.Paths));
        last.Select(Content).ShouldBe(first.Select(Content));
        (await EventsAsync(there.Paths)).Select(Content).ShouldBe(first.Select(Content));

        // A copy is brought up to date by the same command, without saying where again.
        await GrownLedger.EditAsync(original, "main", 10, Token);
        var later = await CopyAsync(original, "there", null);
        (later.Events, later.Copied).ShouldBe((Edits + 15, 10));
        (await CopyAsync(original, "there", null)).Copied.ShouldBe(0);
    }

    [Fact]
    public async Task Killed_on_the_way_there_and_on_the_way_back_the_same_command_goes_on()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        var original = await GrownAsync(Edits);
        var ledger = new LedgerProcess(folder);

        string[] there = ["copy", "there", "-l", "grown", "--server", cluster.Address()];
        using (var copying = ledger.Start(there))
        {
            while (cluster.Appends < 200 && !copying.HasExited) await Task.Delay(1, Token);
            copying.Kill();                 // SIGKILL
            await copying.WaitForExitAsync(Token);
        }
        cluster.Appends.ShouldBeInRange(200, Edits);
        File.Exists(Path.Combine(folder, "there.ledger")).ShouldBeFalse();
        (await ledger.RunAsync([.. there, "--json"])).ShouldEndWith(0).Json[0].GetProperty("copied").GetInt32().ShouldBeInRange(5, Edits + 5 - 200);

        string[] back = ["copy", "back", "-l", "there"];
        using (var copying = ledger.Start(back))
        {
            var unfinished = new FileInfo(Path.Combine(folder, "back.ledger.copying-wal"));
            for (; !copying.HasExited && !(unfinished.Exists && unfinished.Length > 1 << 20); unfinished.Refresh()) await Task.Delay(1, Token);
            copying.Kill();
            await copying.WaitForExitAsync(Token);
        }
        File.Exists(Path.Combine(folder, "back.ledger")).ShouldBeFalse();
        (await ledger.RunAsync([.. back, "--json"])).ShouldEndWith(0).Json[0].GetProperty("copied").GetInt32().ShouldBeInRange(1, Edits);
        (await EventsAsync(new LedgerPaths(Path.Combine(folder, "back.ledger")))).Select(Content).ShouldBe((await EventsAsync(original)).Select(Content));
    }

    [Fact]
    public async Task What_is_no_copy_of_the_ledger_is_left_alone()
    {
        var (original, other) = (await GrownAsync(3), await GrownAsync(4, "other"));
        var before = await EventsAsync(other);
        (await Should.ThrowAsync<CopyTargetException>(() => CopyAsync(original, "other", null))).Kind.ShouldBe(FailureKind.BadInput);
        (await EventsAsync(other)).Select(Content).ShouldBe(before.Select(Content));
        await Should.ThrowAsync<SetupException>(() => CopyAsync(original, "grown", null));

        // A copy that was edited since has gone its own way.
        var copy = await CopyAsync(original, "copy", null);
        await GrownLedger.EditAsync(copy.Paths, "main", 1, Token);
        await Should.ThrowAsync<CopyTargetException>(() => CopyAsync(original, "copy", null));
    }

    [Fact]
    public async Task Of_copies_to_one_file_at_once_one_fills_it_and_the_others_change_nothing()
    {
        var original = await GrownAsync(Edits);
        var ledger = new LedgerProcess(folder);
        var ran = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ledger.RunAsync("copy", "copy", "-l", "grown")));
        ran.ShouldContain(r => r.ExitCode == 0);
        // One that begins when another has ended finds a copy made before.
        foreach (var refused in ran.Where(r => r.ExitCode != 0)) refused.ShouldEndWith(2).Err.ShouldContain("the command again");
        (await EventsAsync(new LedgerPaths(Path.Combine(folder, "copy.ledger")))).Select(Content).ShouldBe((await EventsAsync(original)).Select(Content));
        Directory.GetFiles(folder, "copy.ledger.copying*").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_that_leads_to_another_ledger_is_no_copy_of_this_one()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        var (original, other) = (await GrownAsync(3), await GrownAsync(2, "other"));
        var there = await CopyAsync(other, "there", ServerAddress.Parse(cluster.Address()));
        var pointer = await File.ReadAllTextAsync(there.Paths.File, Token);
        var appends = cluster.Appends;
        await File.WriteAllTextAsync(there.Paths.File, pointer.Replace(pointer.Split('"')[^2], new LedgerId(77).ToString()), Token);
        await Should.ThrowAsync<CopyTargetException>(() => CopyAsync(original, "there", null));
        cluster.Appends.ShouldBe(appends);
    }

    [Fact]
    public async Task A_damaged_ledger_is_not_copied_at_all()
    {
        var original = await GrownAsync(5);
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={original.File};Pooling=False"))
        {
            await connection.OpenAsync(Token);
            await using var command = connection.CreateCommand();
            command.CommandText = "DROP TRIGGER events_are_never_changed; UPDATE events SET data = x'7b7d' WHERE position = 8";
            await command.ExecuteNonQueryAsync(Token);
        }
        await Should.ThrowAsync<VerificationException>(() => CopyAsync(original, "copy", null));
        File.Exists(Path.Combine(folder, "copy.ledger")).ShouldBeFalse();
    }

    private async Task<LedgerPaths> GrownAsync(int edits, string name = "grown")
    {
        var paths = await GrownLedger.OpenAsync(folder, name, Token);
        await GrownLedger.EditAsync(paths, "main", edits, Token);
        return paths;
    }

    private Task<CopyLedger.Result> CopyAsync(LedgerPaths from, string name, ServerAddress? server, IProgress<CopyLedger.Step>? progress = null, CancellationToken? token = null) =>
        new CopyLedger.Handler(new LedgerSessions(TimeProvider.System), p => new KeyStatisticsStore(p.KeyStatistics), TimeProvider.System)
            .Handle(new CopyLedger.Request(from, folder, name, server, progress), token ?? Token);

    private static async Task<List<RecordedEvent>> EventsAsync(LedgerPaths paths)
    {
        await using var store = await new LedgerSessions(TimeProvider.System).StoreAsync(paths, Token);
        await ChainWalk.CheckAsync(store, Token);
        var events = new List<RecordedEvent>();
        await foreach (var e in store.ReadAllAsync(StorePosition.Start, Token)) events.Add(e);
        return events;
    }

    private static string Content(RecordedEvent e) =>
        $"{e.Stream} {e.Number} {e.Id} {e.Type} {Digest.Of(e.Metadata.Span)} {Digest.Of(e.Data.Span)} {e.Previous} {e.Hash}";

    private sealed class StopAt(long done, CancellationTokenSource stop) : IProgress<CopyLedger.Step>
    {
        public void Report(CopyLedger.Step step)
        {
            if (step.Done == done) stop.Cancel();
        }
    }
}
