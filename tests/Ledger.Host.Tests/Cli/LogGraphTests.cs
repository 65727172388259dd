using System.Diagnostics;
using System.Text.RegularExpressions;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Cli;

/// <summary>All timelines of a ledger on one screen.</summary>
public sealed partial class LogGraphTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_graph_shows_where_timelines_leave_each_other_and_where_one_is_merged()
    {
        var ledger = tiny.Copy();
        foreach (var subject in new[] { "Ada", "Bob" }) await EditAsync(ledger, subject);
        (await ledger.RunAsync("tag", "good", "main@1")).ShouldEndWith(0);
        (await ledger.RunAsync("branch", "what-if", "--from", "main@1")).ShouldEndWith(0);
        await EditAsync(ledger, "Cleo", "-T", "what-if");
        (await ledger.RunAsync("revert", "what-if@1", "--reason", "only here", "-T", "what-if")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main", "--as", "main-p", "--variant", "p-rome")).ShouldEndWith(0);
        (await ledger.RunAsync("branch", "empty", "-T", "what-if")).ShouldEndWith(0);
        await EditAsync(ledger, "Dan");
        (await ledger.RunAsync("close", "what-if", "--reason", "enough")).ShouldEndWith(0);

        Drawn((await ledger.RunAsync("log", "--graph")).ShouldEndWith(0).Out).ShouldBe(
            """
            * 3 applied Dan (main)
            | * 2 applied Bob (main-p, replay of main as p-rome)
            | * 1 applied Ada
            | | * 3 reverted Ada (empty; what-if, closed)
            | | * 2 applied Cleo
            * | | 2 applied Bob
            |_|/
            * | 1 applied Ada (tag: good)
            |/
            * 0 the base
            """);
        Drawn((await ledger.RunAsync("log", "--graph", "--limit", "2")).ShouldEndWith(0).Out).ShouldBe(
            """
            * 3 applied Dan (main)
            | * 2 applied Bob (main-p, replay of main as p-rome)
            … 5 older revisions
            """);

        var lines = (await ledger.RunAsync("log", "--graph", "--json")).ShouldEndWith(0).Json;
        lines.Select(l => $"{l.GetProperty("timeline").GetString()}@{l.GetProperty("revision").GetInt64()} after {l.GetProperty("parent").GetProperty("timeline").GetString()}@{l.GetProperty("parent").GetProperty("revision").GetInt64()}").ShouldBe(
        [
            "main@1 after main@0", "main@2 after main@1", "what-if@2 after main@1", "what-if@3 after what-if@2", "main-p@1 after main@0", "main-p@2 after main-p@1", "main@3 after main@2",
        ]);
        (await ledger.RunAsync("log", "--graph", "--json", "-n", "1")).ShouldEndWith(0).Json.ShouldHaveSingleItem().GetProperty("subject").GetString().ShouldBe("Dan");
        (await ledger.RunAsync("log", "--json", "--limit", "2")).ShouldEndWith(0).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(["Bob", "Dan"]);
        (await ledger.RunAsync("log", "--limit", "1")).ShouldEndWith(0).Out.ShouldContain("… 2 older revisions");

        await Failing.ShouldFailAsync(ledger, ["log", "--graph", "-T", "main"], 2, "leave --timeline out");
        await Failing.ShouldFailAsync(ledger, ["log", "--limit", "0"], 2, "at least 1");
        await Failing.ShouldFailAsync(ledger, ["log", "--limit", "some"], 2, "a number is expected");
    }

    [Fact]
    public async Task A_ledger_without_edits_is_its_base()
    {
        Drawn((await tiny.Copy().RunAsync("log", "--graph")).ShouldEndWith(0).Out).ShouldBe("* 0 the base (main)");
        (await tiny.Copy().RunAsync("log", "--graph", "--json")).ShouldEndWith(0).Out.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_merge_has_a_line_from_its_source_and_says_how_far_it_took()
    {
        var ledger = new LedgerProcess(Directory.CreateTempSubdirectory("ledger-graph-").FullName);
        try
        {
            var paths = await GrownLedger.OpenAsync(ledger.Folder, "merged", Token);
            await GrownLedger.EditAsync(paths, "main", 2, Token);
            await BranchAsync(paths, "what-if", new RevisionName("main", 1));
            var edits = await GrownLedger.EditAsync(paths, "what-if", 2, Token);
            await using (var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token))
            {
                var (main, source) = (await session.HistoryAsync("main", Token), await session.HistoryAsync("what-if", Token));
                var taken = source.Record(edits[0]);
                await session.AppendAsync(
                    main.Tip, main.Timeline.Merge(source.Timeline.Id, source.Name, source.Timeline.Revision, ReplayMode.Factors,
                        [new TakenEdit(taken.Edit, Resolution.Both, [], taken.Delta.Digest, EditStatus.InEffect, taken.Variant, taken.Delta.Digest, taken.Signals.Own.AbsDelta, [])], "good", null),
                    CommandContext.For("ana"), Token);
            }
            var printed = (await ledger.RunAsync("log", "--graph")).ShouldEndWith(0).Out.TrimEnd().Split('\n')[1..];
            printed.Select(l => l.PadRight(3)[..3].TrimEnd()).ShouldBe(["*", "|\\", "| *", "| *", "* |", "|/", "*", "*"]);
            printed[0].ShouldContain("merged");
            printed[0].ShouldContain("from what-if@3");
            var from = (await ledger.RunAsync("log", "--graph", "--json")).ShouldEndWith(0).Json[^1].GetProperty("source");
            (from.GetProperty("timeline").GetString(), from.GetProperty("revision").GetInt64()).ShouldBe(("what-if", 3));
        }
        finally
        {
            Directory.Delete(ledger.Folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_thousand_edits_on_twenty_timelines_are_printed()
    {
        var ledger = new LedgerProcess(Directory.CreateTempSubdirectory("ledger-graph-").FullName);
        try
        {
            var paths = await GrownLedger.OpenAsync(ledger.Folder, "many", Token);
            await GrownLedger.EditAsync(paths, "main", 50, Token);
            for (var i = 1; i < 20; i++)
            {
                await BranchAsync(paths, $"b{i}", new RevisionName(i % 3 == 0 ? $"b{i / 2}" : "main", 2 * i));
                await GrownLedger.EditAsync(paths, $"b{i}", 50, Token);
            }
            var clock = Stopwatch.StartNew();
            var printed = (await ledger.RunAsync("log", "--graph")).ShouldEndWith(0).Out.TrimEnd().Split('\n');
            TestContext.Current.TestOutputHelper?.WriteLine($"{printed.Length} lines in {clock.ElapsedMilliseconds} ms, the process included");
            printed.Count(l => l.Contains('*')).ShouldBe(1_001);
            (await ledger.RunAsync("log", "--graph", "--json")).ShouldEndWith(0).Json.Count.ShouldBe(1_000);
        }
        finally
        {
            Directory.Delete(ledger.Folder, recursive: true);
        }
    }

    /// <summary>Of each row the lines, revision, outcome, subject and names.</summary>
    private static string Drawn(string table) =>
        string.Join('\n', table.TrimEnd().Split('\n').Where(l => !l.Contains("variant", StringComparison.Ordinal)).Select(l => Row().Match(l) is { Success: true } m
            ? $"{m.Groups["lines"].Value.TrimEnd()} {m.Groups["rev"].Value} {m.Groups["what"].Value} {m.Groups["subject"].Value} {m.Groups["names"].Value}".Replace("  ", " ").TrimEnd() : l.TrimEnd()));

    [GeneratedRegex(@"^(?<lines>[*|/\\_ ]+) (?<rev>\d+) .*?(?<what>applied|reverted|the base).*?( (?<subject>Ada|Bob|Cleo|Dan) · .*?)?(?<names>\([^()]*\))?\s*$")]
    private static partial Regex Row();

    private static Task BranchAsync(LedgerPaths paths, string name, RevisionName from) =>
        new Branch.Handler(new LedgerSessions(TimeProvider.System)).Handle(new Branch.Request(new StartBranch(name, from, null, "ana"), paths), Token);

    private static async Task EditAsync(LedgerProcess ledger, string subject, params string[] more) =>
        (await ledger.RunAsync(["edit", "The mother tongue of {} is", "--subject", subject, "--to", "English", .. more])).ShouldEndWith(0);
}
