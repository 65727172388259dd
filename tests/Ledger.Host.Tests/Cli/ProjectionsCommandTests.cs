using System.Runtime.InteropServices;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Cli;
using Ledger.Host.Projecting;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.Projections.Timelines;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Cli;

/// <summary>The rows beside a ledger through the real program: kept up to date, followed, killed, dropped, in the way, and never what decides about an answer.</summary>
public sealed class ProjectionsCommandTests : IDisposable
{
    private const int Terminate = 15;
    private readonly LedgerProcess ledger = new(Directory.CreateTempSubdirectory("ledger-projections-").FullName);
    private readonly LedgerSessions sessions = new(TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private LedgerPaths Paths => new(ledger["grown.ledger"]);

    public void Dispose() => Directory.Delete(ledger.Folder, recursive: true);

    [Fact]
    public async Task They_say_how_far_behind_they_are_catch_up_and_can_be_dropped()
    {
        await GrownAsync(20);
        (await RunAsync("projections")).ShouldEndWith(0).Out.ShouldContain("not made yet");
        File.Exists(Paths.Projections).ShouldBeFalse();
        (await RunAsync("projections", "run")).ShouldEndWith(0).Out.ShouldContain("25 events taken in");
        await GrownLedger.EditAsync(Paths, LedgerSetup.Main, 3, Token);

        var behind = (await RunAsync("projections", "--json")).ShouldEndWith(0).Json.ShouldHaveSingleItem();
        behind.GetProperty("rows").GetProperty("changes").GetInt64().ShouldBe(20);
        (behind.GetProperty("behind").GetInt64(), behind.GetProperty("position").GetInt64(), behind.GetProperty("orMore").GetBoolean()).ShouldBe((3, 25, false));
        behind.GetProperty("since").GetDateTimeOffset().ShouldBe(Some.Metadata(26).Time);
        behind.GetProperty("lag").GetDouble().ShouldBeGreaterThanOrEqualTo(0);
        (await RunAsync("projections")).ShouldEndWith(0).Out.ShouldContain("3 events, since 2026-11-24 05:06:33Z");

        // An audit takes in what is new by itself.
        (await RunAsync("audit", "--json")).ShouldEndWith(0).Json.Count.ShouldBe(23);
        (await RunAsync("projections")).ShouldEndWith(0).Out.ShouldContain("0 events");
        (await RunAsync("projections", "run", "--json")).ShouldEndWith(0).Json[0].GetProperty("events").GetInt64().ShouldBe(0);
        (await RunAsync("projections", "drop")).ShouldEndWith(0).Out.ShouldContain("dropped: 23 changes of 23 edits");
        (await RunAsync("projections", "--json")).ShouldEndWith(0).Json[0].GetProperty("behind").GetInt64().ShouldBe(28);
    }

    [Fact]
    public async Task To_look_at_them_changes_nothing()
    {
        await GrownAsync(20);
        (await RunAsync("projections", "run")).ShouldEndWith(0);
        await UnchangedAsync(20, "as they are");

        // The same ledger as it was before it grew: another history.
        File.Move(Paths.File, ledger["longer.ledger"]);
        await GrownLedger.OpenAsync(ledger.Folder, "grown", Token);
        await UnchangedAsync(0, "rows of another history");
        File.Move(ledger["longer.ledger"], Paths.File, overwrite: true);
        await UnchangedAsync(20, "back again");
        await File.WriteAllTextAsync(Paths.Projections, "something else", Token);
        await UnchangedAsync(0, "damaged");

        async Task UnchangedAsync(int changes, string what)
        {
            var before = await File.ReadAllBytesAsync(Paths.Projections, Token);
            var shown = (await RunAsync("projections", "--json")).ShouldEndWith(0).Json.ShouldHaveSingleItem();
            shown.GetProperty("rows").GetProperty("changes").GetInt64().ShouldBe(changes, what);
            (await File.ReadAllBytesAsync(Paths.Projections, Token)).ShouldBe(before, what);
        }
    }

    [Fact]
    public async Task An_audit_is_the_same_whatever_became_of_the_rows_meanwhile()
    {
        await GrownAsync(300);
        var expected = await FoldedAsync(Paths);
        await AuditedAsync("for the first time");
        await AuditedAsync("from rows");
        File.Delete(Paths.Projections);
        await AuditedAsync("rows were removed");
        await File.WriteAllTextAsync(Paths.Projections, "something else", Token);
        await AuditedAsync("rows were overwritten");
        File.Delete(Paths.Projections);
        Directory.CreateDirectory(Paths.Projections);
        await AuditedAsync("no file can be made");
        (await RunAsync("projections", "run")).ShouldEndWith(1).Err.ShouldContain("projections.db cannot be used");

        async Task AuditedAsync(string what) => (await RunAsync("audit", "--json")).ShouldEndWith(0).Out.ShouldBe(expected, what);
    }

    [Fact]
    public async Task Killed_at_any_moment_the_next_run_goes_on_with_each_change_once()
    {
        await GrownAsync(4_000);
        var ends = new List<long>();
        for (var kills = 0; kills < 3; kills++)
        {
            using var run = ledger.Start("projections", "run", "--follow", "--json");
            await run.StandardOutput.ReadLineAsync(Token);      // of sixteen batches the first that it takes in
            run.Kill();                 // SIGKILL
            await run.WaitForExitAsync(Token);
            ends.Add(await PositionAsync());
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"killed at {string.Join(", ", ends)} of 4,005");
        ends.ShouldContain(end => end > 0 && end < 4_005);
        (await RunAsync("audit", "--json")).ShouldEndWith(0).Out.ShouldBe(await FoldedAsync(Paths));

        async Task<long> PositionAsync() =>
            !File.Exists(Paths.Projections) ? -1 : await RowFile.UseAsync(Paths.Projections, Some.LedgerId, file => Task.FromResult(file.Place?.Position.Value ?? -1));
    }

    [Fact]
    public async Task Who_follows_tells_of_each_batch_outlives_breaks_and_ends_well_when_asked_to()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("signals are sent as Unix has them");
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        await GrownAsync(30);
        (await ledger.RunAsync("copy", "team", "--server", cluster.Address())).ShouldEndWith(0);
        cluster.OnRead = n => n % 4 == 0 ? null : 1 + n % 9;
        using var follower = ledger.Start("projections", "run", "--follow", "--json", "-l", "team");
        await TakenAsync(follower.StandardOutput, 35);

        await using (var session = await sessions.OpenAsync(new LedgerPaths(ledger["team.ledger"]), Token))
        {
            var tip = await session.TipAsync(LedgerSetup.Main, Token);
            for (var n = 1; n <= 10; n++)
            {
                if (n == 5) cluster.BreakAll();
                await session.AppendAsync(tip, Some.Applied(1_000 + n), CommandContext.For("ana"), Token);
            }
        }
        (await TakenAsync(follower.StandardOutput, 10)).GetProperty("lag").GetDouble().ShouldBeInRange(0, 30);
        Kill(follower.Id, Terminate).ShouldBe(0);
        var ended = await LedgerProcess.WaitAsync(follower);
        (ended.ExitCode, ended.Err).ShouldBe((0, ""));
        cluster.OnRead = _ => null;
        (await ledger.RunAsync("projections", "-l", "team", "--json")).ShouldEndWith(0).Json[0].GetProperty("behind").GetInt64().ShouldBe(0);
        (await ledger.RunAsync("audit", "-l", "team", "--json")).ShouldEndWith(0).Out.ShouldBe(await FoldedAsync(new LedgerPaths(ledger["team.ledger"])));
    }

    /// <summary>The program in this process: what is asked of it here is not how it starts and ends.</summary>
    private async Task<Ran> RunAsync(params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        var exitCode = await LedgerCli.RunAsync([.. args, "--ledger", Paths.File], output, error, TimeProvider.System, Token);
        return new Ran(exitCode, output.ToString(), error.ToString());
    }

    private async Task GrownAsync(int edits)
    {
        (await GrownLedger.OpenAsync(ledger.Folder, "grown", Token)).File.ShouldBe(Paths.File);
        await GrownLedger.EditAsync(Paths, LedgerSetup.Main, edits, Token);
    }

    private async Task<string> FoldedAsync(LedgerPaths paths)
    {
        await using var session = await sessions.OpenAsync(paths, Token);
        return string.Concat((await NaiveLines.OfAsync(session, null, new AuditFilter(), Token)).Select(l => JsonSerializer.Serialize(l, EventJson.Options) + "\n"));
    }

    /// <summary>Reads lines until they have told of so many events.</summary>
    private static async Task<JsonElement> TakenAsync(StreamReader output, int events)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        for (var taken = 0; ;)
        {
            using var line = JsonDocument.Parse((await output.ReadLineAsync(patience.Token)).ShouldNotBeNull());
            taken += line.RootElement.GetProperty("events").GetInt32();
            if (taken < events) continue;
            taken.ShouldBe(events);
            return line.RootElement.Clone();
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
