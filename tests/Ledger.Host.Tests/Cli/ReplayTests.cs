using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Tests.Cli;

/// <summary>Replays through the real program: what each mode keeps, what it needs, how it is resumed, what is refused.</summary>
public sealed class ReplayTests(EditedLedger edited) : IClassFixture<EditedLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Factors_give_the_same_weights_and_without_an_edit_the_fold_without_it()
    {
        var ledger = edited.Copy();
        var edits = (await LogAsync(ledger, "main")).Edits;
        (await ledger.RunAsync("revert", edits[1], "--reason", "to see")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main@5", "--as", "again")).ShouldEndWith(0).Out.ShouldContain("5 let in");
        (await ledger.RunAsync("replay", "main@5", "--without", "main@2", "--as", "without")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main@5", "--only", "main@1", "--only", "main@3", "--as", "only")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main@5", "--from", "3", "--without", "main@4", "--as", "later")).ShouldEndWith(0);
        await File.WriteAllLinesAsync(ledger["order.txt"], ["# the other way round", .. edits.Reverse()], Token);
        (await ledger.RunAsync("replay", "main@5", "--order", "order.txt", "--as", "reversed")).ShouldEndWith(0);

        var prints = await FingerprintsAsync(ledger, "again", "main@5", "without", "main@6");
        (prints[0], prints[2]).ShouldBe((prints[1], prints[3]));
        (await LogAsync(ledger, "only")).Subjects.ShouldBe(["Ada", "Cleo"]);
        var later = await LogAsync(ledger, "later");
        later.Subjects.ShouldBe(["Ada", "Bob Marley", "Cleo", "Eve"]);
        later.Edits.Take(3).ShouldBe(edits.Take(3));            // what came before the fork is inherited, not replayed
        (await LogAsync(ledger, "reversed")).Subjects.ShouldBe(EditedLedger.Subjects.Reverse());
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task Values_under_another_variant_need_events_alone()
    {
        var ledger = edited.Copy();
        foreach (var folder in new[] { "model", "tiny.ledger.d" }) Directory.Delete(ledger[folder], recursive: true);

        var ran = (await ledger.RunAsync("replay", "main", "--variant", "p-rome", "--gate", "off", "--as", "main-p", "--json")).ShouldEndWith(0);

        var lines = ran.Json.Where(l => l.TryGetProperty("shift", out _)).ToList();
        lines.Select(l => l.GetProperty("subject").GetString()).ShouldBe(EditedLedger.Subjects);
        lines.ShouldAllBe(l => l.GetProperty("variant").GetString() == "p-rome" && l.GetProperty("how").GetString() == "values" && l.GetProperty("shift").GetDouble() < 0.5);
        var done = ran.Json[^1];
        (done.GetProperty("applied").GetInt32(), done.GetProperty("fingerprint").ValueKind).ShouldBe((5, JsonValueKind.Null));
        done.GetProperty("withoutFingerprint").GetString().ShouldNotBeNull();
        (await ledger.RunAsync("show", "main-p@1", "-T", "main-p", "--json")).ShouldEndWith(0).Json[0].GetProperty("record").GetProperty("provenance").GetProperty("origin").GetString()
            .ShouldBe((await LogAsync(ledger, "main")).Edits[0]);
    }

    [Fact]
    public async Task Optimise_computes_everything_on_the_replayed_model()
    {
        var ledger = edited.Copy();
        (await ledger.RunAsync("replay", "main", "--mode", "optimise", "--as", "again")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main", "--mode", "auto", "--as", "auto")).ShouldEndWith(0);
        // The same program on the same machine finds what it found.
        (await FingerprintsAsync(ledger, "again", "main")).Distinct().Count().ShouldBe(1);
        var told = (await ledger.RunAsync("replay", "main", "--mode", "optimise", "--variant", "r-rome", "--without", "main@1", "--as", "other", "--json")).ShouldEndWith(0).Json;
        var edits = (await LogAsync(ledger, "other")).Edits.Count;
        edits.ShouldBeGreaterThan(0);
        told.Where(l => l.TryGetProperty("how", out _)).Select(l => l.GetProperty("how").GetString()).ShouldBe(Enumerable.Repeat("optimise", edits));
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0).Out.ShouldContain("fingerprints recomputed");
    }

    [Fact]
    public async Task A_release_is_told_like_an_edit_and_found_anew_where_its_target_value_was_found_on_a_different_model()
    {
        var ledger = edited.Copy();
        await MadeEdits.AppendAsync(ledger, EditId.Parse((await LogAsync(ledger, "main")).Edits[0]), [("Boulder", 50)]);
        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Oslo", "--variant", "p-rome")).ShouldEndWith(0);
        // v_e of main@7 was found on a model that main@6 had broken; main@10 lets it in without that.
        (await ledger.RunAsync("withhold", "main@7", "--reason", "to see")).ShouldEndWith(0);
        (await ledger.RunAsync("revert", "main@6", "--reason", "to see")).ShouldEndWith(0);
        (await ledger.RunAsync("review", "release", "main@7", "--mode", "values", "--reason", "to see")).ShouldEndWith(0);

        var values = (await ledger.RunAsync("replay", "main", "--from", "main@8", "--mode", "values", "--as", "values", "--json")).ShouldEndWith(0).Json;
        (values.Count, Text(values[0], "subject"), Text(values[0], "how"), Text(values[0], "outcome")).ShouldBe((2, "Ada", "values", "applied"));
        (values[0].GetProperty("released").GetBoolean(), values[0].GetProperty("differentModel").GetBoolean()).ShouldBe((true, true));
        values[0].GetProperty("shift").GetDouble().ShouldBeGreaterThan(0.5);
        Counts(values[1]).ShouldBe((1, 1, 0, 1));
        var auto = (await ledger.RunAsync("replay", "main", "--from", "main@8", "--mode", "auto", "--as", "auto", "--json")).ShouldEndWith(0).Json;
        (Text(auto[0], "how"), auto[0].GetProperty("shift").ValueKind).ShouldBe(("optimise", JsonValueKind.Null));
        Counts(auto[1]).ShouldBe((1, 1, 0, 0));
        (await ledger.RunAsync("replay", "main", "--from", "main@8", "--mode", "values", "--as", "told")).ShouldEndWith(0).Out.ShouldContain("1 let in, 1 of them released, 0 quarantined");
        // A v_e is one that was found on the model there; replayed again, it is held against that.
        (await ledger.RunAsync("replay", "auto", "--from", "auto@8", "--mode", "values", "--as", "again", "--json")).ShouldEndWith(0).Json[0].GetProperty("shift").GetDouble().ShouldBeLessThan(1e-3);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);

        static string? Text(JsonElement line, string name) => line.GetProperty(name).GetString();
        static (int, int, int, int) Counts(JsonElement done) => (Int(done, "applied"), Int(done, "released"), Int(done, "quarantined"), Int(done, "flagged"));
        static int Int(JsonElement line, string name) => line.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task A_replay_that_was_killed_goes_on_and_ends_like_one_that_was_not()
    {
        var ledger = edited.Copy();
        await File.WriteAllLinesAsync(ledger["more.jsonl"], Enumerable.Range(0, 10).Select(i => MainJobTests.Fact($"Person {i}", "Rome")), Token);
        (await ledger.RunAsync("edit", "--from", "more.jsonl")).ShouldEndWith(0);
        (await ledger.RunAsync("revert", "main@7", "--reason", "to see")).ShouldEndWith(0);
        string[] command = ["replay", "main", "--mode", "optimise", "--variant", "r-rome", "--as", "killed"];
        for (var kills = 0; kills < 3; kills++)
        {
            using var process = ledger.Start([.. command, "--json"]);
            // By what it has done, not by time: 16 steps are more than three times three.
            var lines = 0;
            while (lines < 3 && await process.StandardOutput.ReadLineAsync(Token) is not null) lines++;
            process.Kill();
            await process.WaitForExitAsync(Token);
        }
        // On a slow reader a run may have come to its end before it was killed.
        var last = await ledger.RunAsync(command);
        if (last.ExitCode != 0) Done(last);
        (await ledger.RunAsync([.. command[..^1], "whole"])).ShouldEndWith(0);

        var prints = await FingerprintsAsync(ledger, "killed", "whole");
        prints[0].ShouldBe(prints[1]);
        (await LogAsync(ledger, "killed")).Subjects.ShouldBe((await LogAsync(ledger, "whole")).Subjects);
        Done(await ledger.RunAsync(command));
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);

        static void Done(Ran ran) => ran.ShouldEndWith(2).Err.ShouldContain("a replay that is done");
    }

    [Fact]
    public async Task Two_that_go_on_with_one_replay_make_one_timeline_and_who_comes_late_is_told()
    {
        var ledger = edited.Copy();
        string[] command = ["replay", "main", "--mode", "values", "--as", "shared"];
        // Between two steps of the first, another process takes all that are left.
        var late = await Should.ThrowAsync<TimelineConflictException>(() => ReplayAsync(ledger, "shared", new AfterOne(() =>
        {
            using var other = ledger.Start(command);
            other.WaitForExit();
            other.ExitCode.ShouldBe(0);
        }), Token));
        Errors.ExitCode(late).ShouldBe(Errors.Conflict);
        late.Remedy!.ShouldContain("somebody else writes to shared while it is replayed");

        // And both at once, from where a run was stopped.
        using var stop = new CancellationTokenSource();
        (await ReplayAsync(ledger, "raced", new AfterOne(stop.Cancel), stop.Token)).Stopped.ShouldBeTrue();
        var ran = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => ledger.RunAsync([.. command[..^1], "raced"])));
        ran.ShouldContain(r => r.ExitCode == 0);
        foreach (var loser in ran.Where(r => r.ExitCode != 0)) loser.ShouldEndWith(loser.ExitCode == 3 ? 3 : 2).Err.ShouldContain(loser.ExitCode == 3 ? "while it is replayed" : "a replay that is done");

        (await FingerprintsAsync(ledger, "shared", "raced")).Distinct().Count().ShouldBe(1);
        (await ledger.RunAsync("timelines", "--json")).ShouldEndWith(0).Json.Select(t => t.GetProperty("timeline").GetString()).ShouldBe(["main", "raced", "shared"]);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task What_cannot_be_replayed_is_refused_and_nothing_is_appended()
    {
        var ledger = edited.Copy();
        var edits = (await LogAsync(ledger, "main")).Edits;
        await File.WriteAllLinesAsync(ledger["dropped.txt"], edits.Skip(1), Token);
        await File.WriteAllTextAsync(ledger["empty.txt"], "# nothing\n", Token);
        Directory.Delete(ledger["tiny.ledger.d"], recursive: true);
        var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"], Token);

        await RefusedAsync("keystats", "main", "--mode", "optimise");
        await RefusedAsync("keystats", "main", "--mode", "auto");
        await RefusedAsync(edits[0][..8], "main", "--order", "dropped.txt");
        await RefusedAsync("names no edit", "main", "--order", "empty.txt");
        await RefusedAsync("cannot be read", "main", "--order", "nowhere.txt");
        (await ledger.RunAsync("replay", "main", "--as", "main")).ShouldEndWith(2).Err.ShouldContain("no replay");
        (await File.ReadAllBytesAsync(ledger["tiny.ledger"], Token)).ShouldBe(before);

        (await ledger.RunAsync("replay", "main", "--as", "done")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main", "--as", "done")).ShouldEndWith(2).Err.ShouldContain("is done");

        async Task RefusedAsync(string why, params string[] replay)
        {
            var ran = (await ledger.RunAsync(["replay", .. replay, "--as", "new"])).ShouldEndWith(2);
            ran.Err.ShouldContain(why);
        }
    }

    [Fact]
    public async Task A_replay_that_somebody_else_wrote_into_is_not_gone_on_with()
    {
        var ledger = edited.Copy();
        using (var stop = new CancellationTokenSource())
        {
            var stopped = await ReplayAsync(ledger, "cut", new AfterOne(stop.Cancel), stop.Token);
            (stopped.Stopped, stopped.Applied).ShouldBe((true, 1));
        }
        (await ledger.RunAsync("replay", "main", "--mode", "optimise", "--as", "cut")).ShouldEndWith(2).Err.ShouldContain("other options");
        (await ledger.RunAsync("replay", "main", "--mode", "values", "--as", "cut", "--purpose", new string('x', 1000))).ShouldEndWith(2).Err.ShouldContain("1000 characters");
        (await ledger.RunAsync("revert", "cut@1", "-T", "cut", "--reason", "in between")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main", "--mode", "values", "--as", "cut")).ShouldEndWith(2).Err.ShouldContain("wrote to the timeline before it was done");
    }

    /// <summary>A replay of main in mode values, in this process.</summary>
    private static async Task<ReplayTimeline.Result> ReplayAsync(LedgerProcess ledger, string name, IProgress<ReplayTimeline.Step> progress, CancellationToken token)
    {
        await using var services = Wiring.Build(TimeProvider.System, "cpu");
        return await services.GetRequiredService<IMediator>().Send(
            new ReplayTimeline.Request(
                new LedgerPaths(ledger["tiny.ledger"]), RevisionName.Head("main"), null, name, ReplayMode.Values, null, [], [], [], null, OutcomesAsRecorded: false, null, ledger["model"], "ana", progress),
            token);
    }

    /// <summary>Does something behind a replay's first step.</summary>
    private sealed class AfterOne(Action act) : IProgress<ReplayTimeline.Step>
    {
        public void Report(ReplayTimeline.Step value)
        {
            if (value.Done == 1) act();
        }
    }

    private static async Task<(IReadOnlyList<string> Edits, IReadOnlyList<string?> Subjects)> LogAsync(LedgerProcess ledger, string timeline)
    {
        var lines = (await ledger.RunAsync("log", "--json", "-T", timeline)).ShouldEndWith(0).Json;
        return ([.. lines.Select(l => l.GetProperty("edit").GetString()!)], [.. lines.Select(l => l.GetProperty("subject").GetString())]);
    }

    private static async Task<IReadOnlyList<string?>> FingerprintsAsync(LedgerProcess ledger, params string[] revisions) =>
        [.. (await ledger.RunAsync(["rebuild", .. revisions, "--json"])).ShouldEndWith(0).Json.Select(r => r.GetProperty("fingerprint").GetString())];
}
