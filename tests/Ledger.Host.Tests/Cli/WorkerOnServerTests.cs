using Ledger.Host.Cli;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.Host.Tests.Support.EventStoreDb;

namespace Ledger.Host.Tests.Cli;

/// <summary>The same on a server, and what only a server does to a worker: it goes away, refuses, is restored, gives out again.</summary>
public sealed class WorkerOnServerTests(TinyLedgerOnServer tiny) : WorkerTests(tiny), IClassFixture<TinyLedgerOnServer>
{
    [Fact]
    public async Task A_server_that_is_away_is_waited_for_by_who_waits_for_work_and_not_by_who_wants_to_end()
    {
        var ledger = Ledger();
        await QueueAsync(ledger, "Ada");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using Lines worked = new(), followed = new();
        Task<int> worker = StayAsync(ledger, worked, stop.Token, "worker", "--name", "desk"), follower = StayAsync(ledger, followed, stop.Token, "projections", "run", "--follow");
        // Both have begun: who is just starting ends.
        await UntilAsync(async () => (await StatesAsync(ledger))[0] == "done" && await BehindAsync(ledger) == 0);
        try
        {
            tiny.Cluster.IsAway = true;
            tiny.Cluster.BreakAll();
            await UntilAsync(() => Task.FromResult(worked.Count("waiting:") * followed.Count("waiting:") > 0), () => $"worker ({worker.Status}): {worked}, follower ({follower.Status}): {followed}");
            (await RunAsync(ledger, "worker", "--until-empty")).ShouldEndWith(1).Err.ShouldContain("cannot be reached");
            (await RunAsync(ledger, "projections", "run")).ShouldEndWith(1);
        }
        finally
        {
            tiny.Cluster.IsAway = false;
        }
        await QueueAsync(ledger, "Bob");
        await UntilAsync(async () => (await StatesAsync(ledger))[1] == "done");
        await UntilAsync(() => Task.FromResult(worked.Count("there again") * followed.Count("there again") > 0));
        await stop.CancelAsync();
        (await Task.WhenAll(worker, follower)).ShouldBe([0, 0]);
        // Once, however often it was asked for.
        (worked.Count("waiting:"), followed.Count("waiting:")).ShouldBe((1, 1));
        (await RunAsync(ledger, "projections", "--json")).Json[0].GetProperty("behind").GetInt64().ShouldBe(0);
        (await RunAsync(ledger, "log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(["Ada", "Bob"]);
    }

    /// <summary>The subscription lives on: the queue would wait for this worker's word.</summary>
    [Fact]
    public async Task A_job_whose_result_cannot_be_told_while_the_queue_is_well_is_done_by_the_same_worker_afterwards()
    {
        var ledger = Ledger();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using Lines worked = new();
        var edit = -1;
        try
        {
            // Everything behind the edit's own append: what came of the job.
            tiny.Cluster.OnAppend = n => edit >= 0 && n > edit && worked.Count("waiting:") == 0 ? AppendFault.NotReady : AppendFault.None;
            await QueueAsync(ledger, "Ada");
            edit = tiny.Cluster.Appends + 1;
            var worker = StayAsync(ledger, worked, stop.Token, "worker", "--name", "desk");
            await UntilAsync(async () => (await StatesAsync(ledger))[0] == "done", () => $"worker ({worker.Status}): {worked}");
            worked.Count("waiting:").ShouldBe(1);
            await stop.CancelAsync();
            (await worker).ShouldBe(0);
        }
        finally
        {
            tiny.Cluster.OnAppend = _ => AppendFault.None;
        }
        (await RunAsync(ledger, "log", "--json")).Json.ShouldHaveSingleItem().GetProperty("subject").GetString().ShouldBe("Ada");
    }

    [Fact]
    public async Task A_server_that_is_restored_under_a_worker_ends_it_before_it_appends_and_a_follower_makes_its_rows_anew()
    {
        var ledger = Ledger();
        var logs = tiny.Cluster.Private;
        var name = TinyLedgerOnServer.LogOf(ledger);
        await QueueAsync(ledger, "Ada");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using Lines worked = new(), followed = new();
        Task<int> worker = StayAsync(ledger, worked, stop.Token, "worker", "--name", "desk"), follower = StayAsync(ledger, followed, stop.Token, "projections", "run", "--follow");
        await UntilAsync(async () => (await StatesAsync(ledger))[0] == "done");
        var backup = logs[name].Copy();
        await QueueAsync(ledger, "Bob", "Cleo");
        await UntilAsync(async () => (await StatesAsync(ledger)).All(s => s == "done") && await BehindAsync(ledger) == 0);

        logs[name] = backup;
        tiny.Cluster.BreakAll();
        // Others make the timeline as long as the worker knows it.
        foreach (var person in new[] { "Dan", "Eve" }) (await RunAsync(ledger, "edit", "{} lives in", "-s", person, "-t", "Rome")).ShouldEndWith(0);
        await QueueAsync(ledger, "Fay");
        (await worker.WaitAsync(TimeSpan.FromMinutes(1), Token)).ShouldBe(5);
        worked.Count("restored or replaced").ShouldBe(1);
        await WorkAsync(ledger);
        (await RunAsync(ledger, "log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(["Ada", "Dan", "Eve", "Fay"]);
        (await RunAsync(ledger, "verify", "--deep")).ShouldEndWith(0);
        await UntilAsync(async () => (await RowsAsync(ledger)).SequenceEqual(["Ada", "Dan", "Eve", "Fay"]));
        await stop.CancelAsync();
        (await follower).ShouldBe(0);
    }

    private static async Task<long> BehindAsync(LedgerProcess ledger) => (await RunAsync(ledger, "projections", "--json")).ShouldEndWith(0).Json[0].GetProperty("behind").GetInt64();

    /// <summary>Whose edits the rows that are there have; nothing is taken in for that.</summary>
    private static async Task<IReadOnlyList<string>> RowsAsync(LedgerProcess ledger)
    {
        var rows = new List<string>();
        await using var file = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={new LedgerPaths(ledger["tiny.ledger"]).Projections};Pooling=False");
        await file.OpenAsync(Token);
        await using var command = file.CreateCommand();
        command.CommandText = "SELECT subject FROM changes JOIN edits ON edits.id = changes.edit ORDER BY revision";
        await using var reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token)) rows.Add(reader.GetString(0));
        return rows;
    }

    [Fact]
    public async Task Parked_jobs_that_the_servers_own_page_gives_out_again_hold_nobody_up()
    {
        var ledger = Ledger();
        (await RunAsync(ledger, "branch", "aside")).ShouldEndWith(0);
        (await RunAsync(ledger, "edit", "{} lives in", "-s", "Ada", "-t", "Rome", "-T", "aside", "--queue")).ShouldEndWith(0);
        (await RunAsync(ledger, "close", "aside", "--reason", "it is over")).ShouldEndWith(0);
        await WorkAsync(ledger);
        var name = TinyLedgerOnServer.LogOf(ledger);
        var group = tiny.Cluster.Groups.Single(g => g.Key.Item1 == tiny.Cluster.Private[name]).Value;
        group.Parked.Count.ShouldBe(1);
        group.Replay();
        await QueueAsync(ledger, "Bob");
        await WorkAsync(ledger);
        (await StatesAsync(ledger)).ShouldBe(["parked", "done"]);
        await UntilAsync(() => Task.FromResult(group.InFlight == 0));
    }

    [Fact]
    public async Task What_the_server_does_not_let_a_worker_do_is_no_fault_of_the_job()
    {
        var ledger = Ledger();
        await QueueAsync(ledger, "Ada");
        try
        {
            tiny.Cluster.RefusesGroups = true;
            (await RunAsync(ledger, "worker", "--until-empty")).ShouldEndWith(2).Err.ShouldContain("$ops");
            tiny.Cluster.RefusesGroups = false;
            // The edit's, and whatever is said of it afterwards would go well.
            var next = tiny.Cluster.Appends + 1;
            tiny.Cluster.OnAppend = n => n == next ? AppendFault.Denied : AppendFault.None;
            (await RunAsync(ledger, "worker", "--until-empty")).ShouldEndWith(2).Err.ShouldContain("lets nobody without a name do that");
        }
        finally
        {
            (tiny.Cluster.RefusesGroups, tiny.Cluster.OnAppend) = (false, _ => AppendFault.None);
        }
        (await StatesAsync(ledger)).ShouldBe(["waiting"]);
        await WorkAsync(ledger);
        (await StatesAsync(ledger)).ShouldBe(["done"]);
    }

    private static Task<int> StayAsync(LedgerProcess ledger, TextWriter error, CancellationToken stop, params string[] args) =>
        Task.Run(() => LedgerCli.RunAsync([.. args, "--model", ledger["model"], "--ledger", ledger["tiny.ledger"], "--author", "ana"], TextWriter.Null, error, TimeProvider.System, stop), Token);

    /// <summary>What was said, which may be read while more is.</summary>
    private sealed class Lines : TextWriter
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> lines = [];

        public override System.Text.Encoding Encoding => System.Text.Encoding.UTF8;

        public int Count(string word) => lines.Count(l => l.Contains(word, StringComparison.Ordinal));

        public override void WriteLine(string? value) => lines.Enqueue(value ?? "");

        public override string ToString() => string.Join(" | ", lines);
    }

    private static async Task UntilAsync(Func<Task<bool>> done, Func<string>? instead = null)
    {
        for (var i = 0; i < 600; i++)
        {
            if (await done()) return;
            await Task.Delay(100, Token);
        }
        Assert.Fail($"It did not come to that. {instead?.Invoke()}");
    }
}
