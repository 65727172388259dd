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
public sealed class ReplayTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static readonly string[] Subjects = ["Ada", "Bob Marley", "Cleo", "Dan", "Eve"];

    [Fact]
    public async Task Factors_give_the_same_weights_and_without_an_edit_the_fold_without_it()
    {
        var ledger = await EditedAsync();
        var edits = await EditsAsync(ledger, "main");
        (await ledger.RunAsync("revert", edits[1], "--reason", "to see")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main@5", "--as", "again")).ShouldEndWith(0).Out.ShouldContain("5 let in");
        (await ledger.RunAsync("replay", "main@5", "--without", "main@2", "--as", "without")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main@5", "--only", "main@1", "--only", "main@3", "--as", "only")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main@5", "--from", "3", "--without", "main@4", "--as", "later")).ShouldEndWith(0);
        await File.WriteAllLinesAsync(ledger["order.txt"], ["# the other way round", .. edits.Take(5).Reverse()]);
        (await ledger.RunAsync("replay", "main@5", "--order", "order.txt", "--as", "reversed")).ShouldEndWith(0);

        (await FingerprintAsync(ledger, "again")).ShouldBe(await FingerprintAsync(ledger, "main@5"));
        (await FingerprintAsync(ledger, "without")).ShouldBe(await FingerprintAsync(ledger, "main@6"));
        (await SubjectsAsync(ledger, "only")).ShouldBe(["Ada", "Cleo"]);
        (await SubjectsAsync(ledger, "later")).ShouldBe(["Ada", "Bob Marley", "Cleo", "Eve"]);
        (await SubjectsAsync(ledger, "reversed")).ShouldBe(Subjects.Reverse());
        (await EditsAsync(ledger, "later")).Take(3).ShouldBe(edits.Take(3));            // what came before the fork is inherited, not replayed
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task Values_under_another_variant_need_events_alone()
    {
        var ledger = await EditedAsync();
        foreach (var folder in new[] { "model", "tiny.ledger.d" }) Directory.Delete(ledger[folder], recursive: true);

        var ran = (await ledger.RunAsync("replay", "main", "--variant", "p-rome", "--gate", "off", "--as", "main-p", "--json")).ShouldEndWith(0);

        var lines = ran.Json.Where(l => l.TryGetProperty("shift", out _)).ToList();
        lines.Select(l => l.GetProperty("subject").GetString()).ShouldBe(Subjects);
        lines.ShouldAllBe(l => l.GetProperty("variant").GetString() == "p-rome" && l.GetProperty("how").GetString() == "values" && l.GetProperty("shift").GetDouble() < 0.5);
        var done = ran.Json[^1];
        (done.GetProperty("applied").GetInt32(), done.GetProperty("fingerprint").ValueKind).ShouldBe((5, JsonValueKind.Null));
        done.GetProperty("withoutFingerprint").GetString().ShouldNotBeNull();
        (await ledger.RunAsync("show", "main-p@1", "-T", "main-p", "--json")).ShouldEndWith(0).Json[0].GetProperty("record").GetProperty("provenance").GetProperty("origin").GetString()
            .ShouldBe((await EditsAsync(ledger, "main"))[0]);
    }

    [Fact]
    public async Task Optimise_computes_everything_on_the_replayed_model()
    {
        var ledger = await EditedAsync();
        (await ledger.RunAsync("replay", "main", "--mode", "optimise", "--as", "again")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main", "--mode", "auto", "--as", "auto")).ShouldEndWith(0);
        // The same program on the same machine finds what it found.
        (await FingerprintAsync(ledger, "again")).ShouldBe(await FingerprintAsync(ledger, "main"));
        (await ledger.RunAsync("replay", "main", "--mode", "optimise", "--variant", "r-rome", "--without", "main@1", "--as", "other", "--json")).ShouldEndWith(0).Json
            .Where(l => l.TryGetProperty("how", out _)).ShouldAllBe(l => l.GetProperty("how").GetString() == "optimise");
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0).Out.ShouldContain("fingerprints recomputed");
    }

    [Fact]
    public async Task A_replay_that_was_killed_goes_on_and_ends_like_one_that_was_not()
    {
        var ledger = await EditedAsync();
        await File.WriteAllLinesAsync(ledger["more.jsonl"], Enumerable.Range(0, 20).Select(i => MainJobTests.Fact($"Person {i}", "Rome")));
        (await ledger.RunAsync("edit", "--from", "more.jsonl")).ShouldEndWith(0);
        (await ledger.RunAsync("revert", "main@7", "--reason", "to see")).ShouldEndWith(0);
        string[] command = ["replay", "main", "--mode", "optimise", "--variant", "r-rome", "--as", "killed"];
        var random = new Random(5);
        var kills = 0;
        while (kills < 4)
        {
            using var process = ledger.Start(command);
            using var waiting = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(1500, 4000)));
            try
            {
                await process.WaitForExitAsync(waiting.Token);
                process.ExitCode.ShouldBe(0);
                break;
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                await process.WaitForExitAsync(TestContext.Current.CancellationToken);
                kills++;
            }
        }
        if (kills == 4) (await ledger.RunAsync(command)).ShouldEndWith(0);
        (await ledger.RunAsync([.. command[..^1], "whole"])).ShouldEndWith(0);

        (await FingerprintAsync(ledger, "killed")).ShouldBe(await FingerprintAsync(ledger, "whole"));
        (await SubjectsAsync(ledger, "killed")).ShouldBe(await SubjectsAsync(ledger, "whole"));
        (await ledger.RunAsync(command)).ShouldEndWith(2).Err.ShouldContain("a replay that is done");
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task What_cannot_be_replayed_is_refused_and_nothing_is_appended()
    {
        var ledger = await EditedAsync();
        var edits = await EditsAsync(ledger, "main");
        await File.WriteAllLinesAsync(ledger["dropped.txt"], edits.Skip(1));
        await File.WriteAllLinesAsync(ledger["twice.txt"], [.. edits, edits[0]]);
        await File.WriteAllTextAsync(ledger["empty.txt"], "# nothing\n");
        Directory.Delete(ledger["tiny.ledger.d"], recursive: true);
        var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"]);

        await RefusedAsync("keystats", "main", "--mode", "optimise");
        await RefusedAsync("keystats", "main", "--mode", "auto");
        await RefusedAsync(edits[0][..8], "main", "--order", "dropped.txt");
        await RefusedAsync("twice", "main", "--order", "twice.txt");
        await RefusedAsync("names no edit", "main", "--order", "empty.txt");
        await RefusedAsync("cannot be read", "main", "--order", "nowhere.txt");
        await RefusedAsync("no edit \"zzzz\"", "main", "--without", "zzzz");
        await RefusedAsync("contradict", "main", "--without", "main@1", "--only", "main@2");
        await RefusedAsync("not among", "main", "--from", "main@2", "--without", "main@1");
        await RefusedAsync("values", "main", "--mode", "factors", "--variant", "rome");
        await RefusedAsync("does not ask the gate", "main", "--gate", "off");
        await RefusedAsync("no gate policy", "main", "--mode", "values", "--gate", "strict@9");
        await RefusedAsync("nothing to replay", "main@0");
        await RefusedAsync("nothing to replay", "main", "--from", "main@5");
        await RefusedAsync("has no revision 9", "main@9");
        (await ledger.RunAsync("replay", "main", "--as", "main")).ShouldEndWith(2).Err.ShouldContain("no replay");
        (await File.ReadAllBytesAsync(ledger["tiny.ledger"])).ShouldBe(before);

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
        var ledger = await EditedAsync();
        using (var stop = new CancellationTokenSource())
        await using (var services = Wiring.Build(TimeProvider.System, "cpu"))
        {
            var stopped = await services.GetRequiredService<IMediator>().Send(
                new ReplayTimeline.Request(
                    new LedgerPaths(ledger["tiny.ledger"]), RevisionName.Head("main"), null, "cut", ReplayMode.Values, null, [], [], [], null, OutcomesAsRecorded: false, null, ledger["model"], "ana", new AfterOne(stop)),
                stop.Token);
            (stopped.Stopped, stopped.Applied).ShouldBe((true, 1));
        }
        (await ledger.RunAsync("replay", "main", "--mode", "optimise", "--as", "cut")).ShouldEndWith(2).Err.ShouldContain("other options");
        (await ledger.RunAsync("replay", "main", "--mode", "values", "--as", "cut", "--purpose", new string('x', 1000))).ShouldEndWith(2);
        (await ledger.RunAsync("revert", "cut@1", "-T", "cut", "--reason", "in between")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main", "--mode", "values", "--as", "cut")).ShouldEndWith(2).Err.ShouldContain("wrote to the timeline before it was done");
    }

    /// <summary>Stops a replay behind its first step.</summary>
    private sealed class AfterOne(CancellationTokenSource stop) : IProgress<ReplayTimeline.Step>
    {
        public void Report(ReplayTimeline.Step value) => stop.Cancel();
    }

    private async Task<LedgerProcess> EditedAsync()
    {
        var ledger = tiny.Copy();
        foreach (var (subject, i) in Subjects.Select((s, i) => (s, i)))
            (await ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", subject, "--to", "English", "--variant", new[] { "rome", "r-rome", "p-rome" }[i % 3])).ShouldEndWith(0);
        return ledger;
    }

    private static async Task<IReadOnlyList<string>> EditsAsync(LedgerProcess ledger, string timeline) =>
        [.. (await ledger.RunAsync("log", "--json", "-T", timeline)).ShouldEndWith(0).Json.Select(l => l.GetProperty("edit").GetString()!)];

    private static async Task<IReadOnlyList<string?>> SubjectsAsync(LedgerProcess ledger, string timeline) =>
        [.. (await ledger.RunAsync("log", "--json", "-T", timeline)).ShouldEndWith(0).Json.Select(l => l.GetProperty("subject").GetString())];

    private static async Task<string?> FingerprintAsync(LedgerProcess ledger, string revision) =>
        (await ledger.RunAsync("rebuild", revision, "--json")).ShouldEndWith(0).Json[0].GetProperty("fingerprint").GetString();
}
