using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Engine;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Cli;

/// <summary>Merge, cherry-pick, withhold and dry runs through the real program.</summary>
public sealed class MergeCommandsTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    /// <summary>On a random model with a C of few tokens everything interferes with everything.</summary>
    private static readonly string[] Apart = ["--interference", "1e9"];

    [Fact]
    public async Task A_merge_takes_edits_and_decisions_of_a_branch_as_one_revision_and_finds_nothing_the_second_time()
    {
        var ledger = tiny.Copy();
        await EditAsync(ledger, "Ada");
        (await ledger.RunAsync("branch", "what-if")).ShouldEndWith(0);
        var bob = await EditAsync(ledger, "Bob", "-T", "what-if");
        (await ledger.RunAsync("revert", "what-if@1", "-T", "what-if", "--reason", "wrong")).ShouldEndWith(0).Out.ShouldContain("--reason \"…\" -T what-if");
        await EditAsync(ledger, "Cleo");

        var merged = (await ledger.RunAsync(["merge", "what-if", "--reason", "it was right", .. Apart])).ShouldEndWith(0).Out;
        foreach (var part in new[] { "what-if@3 into main", "main@3", "in effect", "reverted, was in effect", "ledger revert EDIT", "ledger branch NAME --from main@2" }) merged.ShouldContain(part);
        (await ledger.RunAsync("log", "--json")).ShouldEndWith(0).Json.Select(l => l.GetProperty("what").GetString()).ShouldBe(["applied", "applied", "merged"]);
        (await ledger.RunAsync("log")).ShouldEndWith(0).Out.ShouldContain("2 edits: ");
        (await ledger.RunAsync("show", bob)).ShouldEndWith(0).Out.ShouldContain("merged from what-if@3 as r-rome, in effect (factors");
        (await ledger.RunAsync("show", "main@1")).ShouldEndWith(0).Out.ShouldContain("merged from what-if@3 as r-rome, reverted (factors");
        (await StatusesAsync(ledger)).ShouldBe(["Ada reverted", "Bob in effect", "Cleo in effect"]);

        var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"]);
        (await ledger.RunAsync("merge", "what-if", "--reason", "again")).ShouldEndWith(0).Out.ShouldContain("main has everything that what-if@3 has");
        (await ledger.RunAsync("merge", "main@1", "-T", "what-if", "--reason", "its own past")).ShouldEndWith(0).Out.ShouldContain("nothing to take");
        (await File.ReadAllBytesAsync(ledger["tiny.ledger"])).ShouldBe(before);

        (await ledger.RunAsync(["merge", "main", "-T", "what-if", "--reason", "and back", .. Apart])).ShouldEndWith(0);
        (await StatusesAsync(ledger, "what-if")).ShouldBe(["Ada reverted", "Bob in effect", "Cleo in effect"]);
        (await ledger.RunAsync("edit", "{} was born in", "--subject", "Dan", "--to", "Rome")).ShouldEndWith(0);           // the model runs with what was taken
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task Every_kind_of_conflict_ends_with_both_sides_and_how_to_resolve_it_and_nothing_recorded()
    {
        var ledger = tiny.Copy();
        var inherited = await EditAsync(ledger, "Ada");
        (await ledger.RunAsync("branch", "what-if")).ShouldEndWith(0);
        var ours = await EditAsync(ledger, "Bob");
        (await ledger.RunAsync("revert", inherited, "--reason", "wrong")).ShouldEndWith(0);
        var theirs = await EditAsync(ledger, "Bob", "--to", "Dutch", "-T", "what-if");
        (await ledger.RunAsync("withhold", inherited, "-T", "what-if", "--reason", "to be looked at")).ShouldEndWith(0).Out.ShouldContain("ledger review release");
        var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"]);

        var said = (await ledger.RunAsync(["merge", "what-if", "--reason", "try", .. Apart])).ShouldEndWith(3);
        said.Err.ShouldBeEmpty();
        foreach (var part in new[]
        {
            "2 in conflict: nothing recorded", "Dutch   r-rome, in effect since what-if@2", $"{ours[..8]}  Bob", "main@2: the same fact with another target", $"--resolve {theirs[..8]}=both     takes it beside {ours[..8]}",
            "quarantined since what-if@3", "reverted since main@3: both timelines decided", $"--resolve {inherited[..8]}=ours     leaves it reverted",
        }) said.Out.ShouldContain(part);
        said.Out.ShouldNotContain($"{inherited[..8]}=both");

        // Without the bound each of the two facts is measured at the other's key as well.
        var measured = (await ledger.RunAsync("cherry-pick", theirs, "--from", "what-if", "--reason", "try", "--interference", "0", "--json")).ShouldEndWith(3).Json[0];
        var conflicts = measured.GetProperty("edits")[0].GetProperty("conflicts").EnumerateArray().ToList();
        conflicts.Select(c => (c.GetProperty("kind").GetString(), c.GetProperty("with").GetString())).ShouldBe([("fact", ours), ("interference", ours)]);
        conflicts[1].GetProperty("onTarget").GetDouble().ShouldBeGreaterThan(0);
        conflicts[1].GetProperty("onSource").GetDouble().ShouldBeGreaterThan(0);
        measured.GetProperty("recorded").GetBoolean().ShouldBeFalse();

        await RefusedAsync(ledger, "cannot stand both ways", "merge", "what-if", "--reason", "r", "--resolve", "all=both");
        (await File.ReadAllBytesAsync(ledger["tiny.ledger"])).ShouldBe(before);

        await ResolvedAsync("theirs", ["Ada quarantined", "Bob in effect", "Bob reverted"], next: 0);
        await ResolvedAsync("ours", ["Ada reverted", "Bob in effect"], next: 0);
        await ResolvedAsync("both", ["Ada quarantined", "Bob in effect", "Bob in effect"], next: 0);
        await ResolvedAsync("skip", ["Ada reverted", "Bob in effect"], next: 2);

        async Task ResolvedAsync(string how, string[] statuses, int next)
        {
            var copy = Again(before);
            var decision = how is "both" ? "theirs" : how;
            (await copy.RunAsync(["merge", "what-if", "--reason", how, "--resolve", $"{theirs[..10]}={how}", "--resolve", $"all={decision}", .. Apart])).ShouldEndWith(0);
            (await StatusesAsync(copy)).ShouldBe(statuses, how);
            var left = (await copy.RunAsync(["merge", "what-if", "--reason", "again", "--resolve", "all=skip", "--json", .. Apart])).ShouldEndWith(0).Json[0];
            left.GetProperty("edits").GetArrayLength().ShouldBe(next, how);
        }
    }

    [Fact]
    public async Task What_gives_way_is_said_where_it_is_shown_and_logged()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("branch", "what-if", "--from", "main@0")).ShouldEndWith(0);
        var ours = await EditAsync(ledger, "Bob");
        var theirs = await EditAsync(ledger, "Bob", "--to", "Dutch", "-T", "what-if");
        (await ledger.RunAsync(["cherry-pick", theirs, "--from", "what-if", "--reason", "better", "--resolve", $"{theirs}=theirs", .. Apart])).ShouldEndWith(0).Out.ShouldContain($"{ours[..8]} for it");
        (await ledger.RunAsync("show", ours)).ShouldEndWith(0).Out.ShouldContain($"gave way to {theirs[..8]}, cherry-picked from what-if@1");
        (await ledger.RunAsync("log")).ShouldEndWith(0).Out.ShouldContain("applied, since reverted");
        (await ledger.RunAsync("reinstate", ours, "--reason", "both after all")).ShouldEndWith(0);
        (await StatusesAsync(ledger)).ShouldBe(["Bob in effect", "Bob in effect"]);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task Cherry_picked_edits_take_effect_in_the_order_in_which_they_are_named()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("branch", "what-if")).ShouldEndWith(0);
        var ids = new List<string>();
        foreach (var subject in new[] { "Ada", "Bob", "Cleo" }) ids.Add(await EditAsync(ledger, subject, "-T", "what-if"));
        var picked = (await ledger.RunAsync(["cherry-pick", "what-if@3", ids[0][..9], "--from", "what-if", "--reason", "these two", "--json", .. Apart])).ShouldEndWith(0).Json[0];
        picked.GetProperty("edits").EnumerateArray().Select(e => e.GetProperty("edit").GetString()).ShouldBe([ids[2], ids[0]]);
        picked.GetProperty("revision").GetInt64().ShouldBe(1);

        // The other one came with no merge: it is all that a merge finds.
        (await ledger.RunAsync(["merge", "what-if", "--reason", "the rest", "--json", .. Apart])).ShouldEndWith(0).Json[0].GetProperty("edits").EnumerateArray().Select(e => e.GetProperty("edit").GetString()).ShouldBe([ids[1]]);
        (await ledger.RunAsync("branch", "order", "--from", "main@0")).ShouldEndWith(0);
        (await ledger.RunAsync(["cherry-pick", ids[2], ids[0], ids[1], "--from", "what-if", "-T", "order", "--reason", "at once", .. Apart])).ShouldEndWith(0);
        var states = (await ledger.RunAsync("rebuild", "main", "order", "what-if", "--json")).ShouldEndWith(0).Json.Select(r => r.GetProperty("fingerprint").GetString()).ToList();
        states[1].ShouldBe(states[0]);
        states[2].ShouldNotBe(states[0]);                           // the same edits in another order
    }

    [Fact]
    public async Task In_mode_values_the_gate_decides_and_what_it_stops_waits_here_for_review()
    {
        var ledger = tiny.Copy();
        // Bounds that every edit as published breaks; on the branch a person lets one in all the same.
        await File.WriteAllTextAsync(ledger["strict.json"], """{"name":"strict","version":1,"rules":[{"rule":"key-asymmetry","threshold":0.9999,"action":"quarantine"},{"rule":"unreached","threshold":1,"action":"quarantine"}]}""");
        (await ledger.RunAsync("open", "strict", "--layer", "1", "--policy", "strict.json")).ShouldEndWith(0);
        (await ledger.RunAsync("keystats", "--from", "tiny", "-l", "strict")).ShouldEndWith(0);
        (await ledger.RunAsync("branch", "what-if", "-l", "strict")).ShouldEndWith(0);
        var id = (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Rome", "--variant", "rome", "-l", "strict", "-T", "what-if", "--json")).ShouldEndWith(4).Json[0].GetProperty("edit").GetString()!;
        (await ledger.RunAsync("review", "release", id, "--reason", "fine here", "-l", "strict", "-T", "what-if")).ShouldEndWith(0);

        (await ledger.RunAsync("branch", "factors", "--from", "main", "-l", "strict")).ShouldEndWith(0);
        (await ledger.RunAsync("merge", "what-if", "-T", "factors", "--reason", "as it is", "-l", "strict")).ShouldEndWith(0).Out.ShouldContain("in effect");
        var merged = (await ledger.RunAsync("merge", "what-if", "--mode", "values", "--reason", "judged anew", "-l", "strict", "--json")).ShouldEndWith(0).Json[0].GetProperty("edits")[0];
        merged.GetProperty("after").GetString().ShouldBe("quarantined");
        merged.GetProperty("caught").EnumerateArray().Select(f => f.GetProperty("rule").GetString()).ShouldBe(["key-asymmetry"]);       // unreached needs a pass

        var waiting = (await ledger.RunAsync("review", "-l", "strict")).ShouldEndWith(0).Out;
        waiting.ShouldContain("rule key-asymmetry");
        waiting.ShouldContain("judged anew");
        (await ledger.RunAsync("show", id, "-l", "strict")).ShouldEndWith(0).Out.ShouldContain("merged from what-if@2 as rome, quarantined (values");
        (await ledger.RunAsync("review", "release", id, "--variant", "p-rome", "--reason", "fine here too", "-l", "strict")).ShouldEndWith(0);
        (await ledger.RunAsync("show", id, "-l", "strict")).ShouldEndWith(0).Out.ShouldContain("released as p-rome (values");
        (await ledger.RunAsync("verify", "--deep", "-l", "strict")).ShouldEndWith(0);
    }

    [Fact]
    public async Task An_edit_that_was_withheld_comes_back_with_the_very_factors_it_had()
    {
        var ledger = tiny.Copy();
        await EditAsync(ledger, "Ada");
        var bob = await EditAsync(ledger, "Bob");
        (await ledger.RunAsync("withhold", bob, "--reason", "to be looked at")).ShouldEndWith(0);
        (await ledger.RunAsync("review")).ShouldEndWith(0).Out.ShouldContain("to be looked at");
        (await ledger.RunAsync("review", "release", bob, "--variant", "p-rome", "--reason", "other factors")).ShouldEndWith(0);
        (await ledger.RunAsync("withhold", bob, "--reason", "once more")).ShouldEndWith(0);
        (await ledger.RunAsync("review", "release", bob, "--mode", "verbatim", "--reason", "as it was")).ShouldEndWith(0);
        var states = (await ledger.RunAsync("rebuild", "main@4", "main@6", "main@2", "--json")).ShouldEndWith(0).Json.Select(r => r.GetProperty("fingerprint").GetString()).ToList();
        states[1].ShouldBe(states[0]);
        states[2].ShouldNotBe(states[0]);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_recorded_and_the_state_it_would_give_and_records_nothing()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("branch", "what-if")).ShouldEndWith(0);
        var ids = new List<string>();
        foreach (var subject in new[] { "Ada", "Bob", "Cleo", "Dan" }) ids.Add(await EditAsync(ledger, subject));
        var far = await EditAsync(ledger, "Eve", "-T", "what-if");
        await EditAsync(ledger, "Fay", "-T", "what-if");
        (await ledger.RunAsync("withhold", ids[3], "--reason", "to be released")).ShouldEndWith(0);

        await BothAsync("revert", ids[0]);
        await BothAsync("reinstate", ids[0]);
        await BothAsync("withhold", ids[1]);
        await BothAsync("review", "dismiss", ids[1]);
        await BothAsync("review", "release", ids[3], "--variant", "p-rome");
        await BothAsync(["cherry-pick", far, "--from", "what-if", .. Apart]);
        await BothAsync(["merge", "what-if", "--mode", "values", .. Apart]);
        (await ledger.RunAsync("revert", ids[0], "--reason", "why", "--dry-run")).ShouldEndWith(0).Out.ShouldContain("a dry run: nothing recorded");

        async Task BothAsync(params string[] command)
        {
            var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"]);
            var would = (await ledger.RunAsync([.. command, "--reason", "why", "--dry-run", "--json"])).ShouldEndWith(0).Json[0];
            (await File.ReadAllBytesAsync(ledger["tiny.ledger"])).ShouldBe(before, command[0]);
            var did = (await ledger.RunAsync([.. command, "--reason", "why", "--json"])).ShouldEndWith(0).Json[0];
            (would.GetProperty("recorded").GetBoolean(), did.GetProperty("recorded").GetBoolean()).ShouldBe((false, true));
            foreach (var field in new[] { "revision", "state", "inEffect" }) JsonElement.DeepEquals(would.GetProperty(field), did.GetProperty(field)).ShouldBeTrue($"{command[0]} {field}");
        }
    }

    [Fact]
    public async Task What_cannot_be_taken_is_answered_with_what_can_and_nothing_is_recorded()
    {
        var ledger = tiny.Copy();
        var ada = await EditAsync(ledger, "Ada");
        (await ledger.RunAsync("branch", "what-if")).ShouldEndWith(0);
        var bob = await EditAsync(ledger, "Bob", "-T", "what-if");
        var cleo = await EditAsync(ledger, "Cleo", "-T", "what-if");
        (await ledger.RunAsync("revert", cleo, "-T", "what-if", "--reason", "wrong")).ShouldEndWith(0);
        (await ledger.RunAsync("branch", "shut")).ShouldEndWith(0);
        (await ledger.RunAsync("close", "shut", "--reason", "done")).ShouldEndWith(0);
        var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"]);

        await RefusedAsync(ledger, "name another timeline", "merge", "main", "--reason", "r");
        await RefusedAsync(ledger, "ledger reinstate", "cherry-pick", ada, "--from", "what-if@1", "--reason", "r");          // what-if@1 is main@1
        await RefusedAsync(ledger, "is in effect and cannot be cherry-picked again", "cherry-pick", ada, "--from", "what-if", "--reason", "r");
        await RefusedAsync(ledger, "is reverted and cannot be cherry-picked", "cherry-pick", cleo, "--from", "what-if", "--reason", "r");
        await RefusedAsync(ledger, "what-if has no edit", "cherry-pick", "zzzz", "--from", "what-if", "--reason", "r");
        await RefusedAsync(ledger, "revisions 0 (the base) to 4", "merge", "what-if@9", "--reason", "r");
        await RefusedAsync(ledger, "neither a timeline nor a tag", "merge", "nowhere", "--reason", "r");
        await RefusedAsync(ledger, "branch from it", "merge", "what-if", "-T", "shut", "--reason", "r");
        await RefusedAsync(ledger, "not among those to be taken", "merge", "what-if", "--reason", "r", "--resolve", $"{ada}=ours");
        await RefusedAsync(ledger, "write EDIT=theirs", "merge", "what-if", "--reason", "r", "--resolve", $"{bob}=mine");
        await RefusedAsync(ledger, "says twice", "merge", "what-if", "--reason", "r", "--resolve", $"{bob}=ours", "--resolve", $"{bob[..9]}=skip");
        await RefusedAsync(ledger, "a decision needs a reason", "merge", "what-if", "--reason", " ");
        await RefusedAsync(ledger, "0 reports every pair", "merge", "what-if", "--reason", "r", "--interference", "-1");
        await RefusedAsync(ledger, "only an edit that is in effect can be withheld", "withhold", cleo, "-T", "what-if", "--reason", "r");
        (await ledger.RunAsync("merge", "what-if", "--reason", "r", "--mode", "optimise")).ExitCode.ShouldBe(2);
        (await ledger.RunAsync(["merge", "what-if", "--reason", "r", "--resolve", "all=skip", "--resolve", $"{bob}=skip", .. Apart])).ShouldEndWith(0).Out.ShouldContain("Everything was skipped");
        (await File.ReadAllBytesAsync(ledger["tiny.ledger"])).ShouldBe(before);
    }

    [Fact]
    public async Task A_merge_that_does_not_fit_into_one_event_says_how_much_does()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("branch", "what-if")).ShouldEndWith(0);
        foreach (var subject in new[] { "Ada", "Bob", "Cleo" }) await EditAsync(ledger, subject, "-T", "what-if");
        var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"]);
        var merge = new Merge.Handler(new LedgerSessions(TimeProvider.System), new BaseGuard(new ModelLibrary("cpu")));

        // Three edits beside a reason that leaves room for two.
        var refused = await Should.ThrowAsync<TakeTooLargeException>(() => merge.Handle(Request(new string('x', 1_047_600)), TestContext.Current.CancellationToken));
        refused.Message.ShouldContain("To take 3 edits over is an event of 1,0");
        refused.Remedy!.ShouldContain("2 of them fit");
        refused.Remedy!.ShouldContain("ledger merge what-if@2");
        (await Should.ThrowAsync<TakeTooLargeException>(() => merge.Handle(Request(new string('x', 1_048_576)), TestContext.Current.CancellationToken))).Remedy.ShouldBe("give a shorter reason");
        (await File.ReadAllBytesAsync(ledger["tiny.ledger"])).ShouldBe(before);

        Merge.Request Request(string reason) => new(
            new TakeEdits(RevisionName.Head("what-if"), null, ReplayMode.Factors, double.PositiveInfinity, [], "ana", reason), new LedgerPaths(ledger["tiny.ledger"]), LedgerSetup.Main, null, DryRun: false);
    }

    private static async Task<string> EditAsync(LedgerProcess ledger, string subject, params string[] more)
    {
        string[] to = more.Contains("--to") ? [] : ["--to", "English"];
        return (await ledger.RunAsync(["edit", "The mother tongue of {} is", "--subject", subject, "--json", .. to, .. more])).ShouldEndWith(0).Json[0].GetProperty("edit").GetString()!;
    }

    /// <summary>Subject and status of every edit.</summary>
    private static async Task<IEnumerable<string>> StatusesAsync(LedgerProcess ledger, string timeline = LedgerSetup.Main)
    {
        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(new LedgerPaths(ledger["tiny.ledger"]), TestContext.Current.CancellationToken);
        var history = await session.HistoryAsync(timeline, TestContext.Current.CancellationToken);
        return history.Timeline.Edits.Values.Select(e => $"{history.Record(e.Edit).Request.Subject} {e.Status.Words()}").Order(StringComparer.Ordinal);
    }

    private static async Task RefusedAsync(LedgerProcess ledger, string said, params string[] command)
    {
        var ran = (await ledger.RunAsync(command)).ShouldEndWith(2);
        ran.Err.ShouldContain(said);
        ran.Out.ShouldBeEmpty();
    }

    /// <summary>The same ledger as it was.</summary>
    private LedgerProcess Again(byte[] contents)
    {
        var copy = tiny.Copy();
        File.WriteAllBytes(copy["tiny.ledger"], contents);
        return copy;
    }
}
