using Ledger.Host.Cli;
using Ledger.Host.Features.Working;
using Ledger.Host.Jobs;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Cli;

public sealed class WorkerInFileTests(TinyLedger tiny) : WorkerTests(tiny), IClassFixture<TinyLedger>
{
    [Fact]
    public async Task A_job_that_nobody_who_has_it_comes_back_from_is_parked()
    {
        var ledger = Ledger();
        await QueueAsync(ledger, "Ada", "Bob");
        var paths = new LedgerPaths(ledger["tiny.ledger"]);
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(1));
        var jobs = new LedgerJobs(new LedgerSessions(time), time);
        await using (var log = await jobs.LogAsync(paths, Token))
            for (var i = 0; i < RunWorker.MostTimes; i++)
            {
                await using (var dying = jobs.Queue(log)) (await dying.TakeAsync("dying", TimeSpan.Zero, Token))!.Event.Number.ShouldBe(0);
                time.Advance(LocalJobQueue.Lease + TimeSpan.FromSeconds(1));
            }
        (await WorkAsync(ledger)).Json[^1].GetProperty("parked").GetInt32().ShouldBe(1);
        (await StatesAsync(ledger)).ShouldBe(["parked", "done"]);
        (await RunAsync(ledger, "jobs")).Out.ShouldContain("given out 10 times, and nobody who had it came back");
        (await RunAsync(ledger, "log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(["Bob"]);
    }

    [Fact]
    public async Task What_a_restored_ledger_has_lost_is_queued_again_and_another_ledger_of_the_name_has_no_jobs_of_it()
    {
        var ledger = Ledger();
        await QueueAsync(ledger, "Ada");
        await WorkAsync(ledger);
        File.Copy(ledger["tiny.ledger"], ledger["backup"]);
        await QueueAsync(ledger, "Bob", "Cleo");
        await WorkAsync(ledger);
        File.Move(ledger["backup"], ledger["tiny.ledger"], overwrite: true);
        (await RunAsync(ledger, "edit", "--from", ledger["queued.jsonl"], "--queue")).ShouldEndWith(0).Out.ShouldContain("2 jobs queued");
        (await StatesAsync(ledger)).ShouldBe(["done", "waiting", "waiting"]);
        await WorkAsync(ledger);
        (await RunAsync(ledger, "log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(["Ada", "Bob", "Cleo"]);
        (await RunAsync(ledger, "edit", "--from", ledger["queued.jsonl"], "--queue")).ShouldEndWith(0).Out.ShouldContain("0 jobs queued, 2 queued before");

        File.Delete(ledger["tiny.ledger"]);
        (await ledger.RunAsync("open", "tiny", "--layer", "1", "--seed", "4")).ShouldEndWith(0);
        (await StatesAsync(ledger)).ShouldBeEmpty();
    }
}

/// <summary>Jobs through the real program: asked for, done by workers; workers that are killed has Acceptance/WorkersAcceptance.</summary>
public abstract class WorkerTests(TinyLedger tiny)
{
    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected LedgerProcess Ledger() => tiny.Copy();

    [Fact]
    public async Task Two_workers_do_every_record_of_a_file_once_whatever_was_done_directly()
    {
        var ledger = tiny.Copy();
        string[] people = [.. Enumerable.Range(0, 12).Select(i => $"Person {i}")];
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], people.Select(p => MainJobTests.Fact(p, "Rome")), Token);
        (await RunAsync(ledger, "edit", "--from", ledger["facts.jsonl"], "--first", "3")).ShouldEndWith(0).Out.ShouldContain("3 applied");
        (await RunAsync(ledger, "edit", "--from", ledger["facts.jsonl"], "--queue", "--json")).ShouldEndWith(0).Json[^1].GetProperty("queued").GetInt32().ShouldBe(12);
        (await RunAsync(ledger, "edit", "--from", ledger["facts.jsonl"], "--queue")).ShouldEndWith(0).Out.ShouldContain("0 jobs queued, 12 queued before");

        var ran = await Task.WhenAll(WorkAsync(ledger, "one"), WorkAsync(ledger, "two"));
        ran.Sum(r => r.Json[^1].GetProperty("done").GetInt32()).ShouldBe(12);

        var log = (await RunAsync(ledger, "log", "--json")).Json;
        log.Select(l => l.GetProperty("subject").GetString()!).Order(StringComparer.Ordinal).ShouldBe(people.Order(StringComparer.Ordinal));
        var jobs = (await RunAsync(ledger, "jobs", "--json")).Json;
        jobs.ShouldAllBe(j => j.GetProperty("state").GetString() == "done");
        // Each says which edit is its own, the three that were there before them, too.
        jobs.Select(j => (j.GetProperty("edit").GetString(), j.GetProperty("revision").GetInt64())).ShouldBe(log.Select(l => ((string?)l.GetProperty("edit").GetString(), l.GetProperty("revision").GetInt64())), ignoreOrder: true);
        (await RunAsync(ledger, "edit", "--from", ledger["facts.jsonl"])).ShouldEndWith(0).Out.ShouldContain("12 done before");
        (await RunAsync(ledger, "verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task A_replay_and_an_evaluation_are_done_as_they_were_asked_for()
    {
        var ledger = tiny.Copy();
        await QueueAsync(ledger, "Ada", "Bob");
        await WorkAsync(ledger);
        (await RunAsync(ledger, "replay", "main", "--as", "other", "--variant", "p-rome", "--queue")).ShouldEndWith(0).Out.ShouldContain("queued as job");
        (await RunAsync(ledger, "evaluate", "main@1", "--retention", "--text", ledger["text.txt"], "--queue")).ShouldEndWith(0);
        // What comes to the timeline later is not their matter.
        (await RunAsync(ledger, "edit", "{} lives in", "--subject", "Cleo", "--to", "Rome")).ShouldEndWith(0);
        await WorkAsync(ledger);
        var jobs = (await RunAsync(ledger, "jobs", "--json")).Json;
        jobs.Skip(2).Select(j => $"{j.GetProperty("kind").GetString()} {j.GetProperty("state").GetString()} {j.GetProperty("on").GetString()}@{j.GetProperty("revision").GetInt64()}").ShouldBe(["replay done other@2", "evaluation done main@1"]);
        (await RunAsync(ledger, "log", "-T", "other", "--json")).Json.Select(l => l.GetProperty("variant").GetString()).ShouldBe(["p-rome", "p-rome"]);
        (await RunAsync(ledger, "evaluations", "--json")).Json.Select(l => l.GetProperty("suite").GetString()).ShouldBe(["perplexity", "retention"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_worker_goes_from_one_timeline_to_another_and_stream_rules_look_as_ever()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["wear.json"], """{ "name": "wear", "version": 1, "rules": [], "stream": [{ "rule": "cumulative-distance", "threshold": 1000, "every": 2 }] }""", Token);
        (await RunAsync(ledger, "gate", "set", ledger["wear.json"])).ShouldEndWith(0);
        (await RunAsync(ledger, "branch", "aside")).ShouldEndWith(0);
        foreach (var (person, timeline) in new[] { ("Ada", "main"), ("Bob", "aside"), ("Cleo", "main"), ("Dan", "main"), ("Eve", "aside"), ("Fay", "main") })
            (await RunAsync(ledger, "edit", "{} lives in", "-s", person, "-t", "Rome", "-T", timeline, "--queue")).ShouldEndWith(0);
        await WorkAsync(ledger);
        foreach (var (timeline, people) in new[] { ("main", "Ada Cleo Dan Fay"), ("aside", "Bob Eve") })
        {
            (await RunAsync(ledger, "log", "-T", timeline, "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(people.Split(' '));
            // It looked when the last edit made a look due, so there is nothing left to look at.
            (await RunAsync(ledger, "watch", "-T", timeline, "--json")).ShouldEndWith(0).Json[0].GetProperty("before").GetBoolean().ShouldBeTrue();
        }
        // Each edit's weights are what folding its own timeline gives.
        (await RunAsync(ledger, "verify", "--deep")).ShouldEndWith(0).Out.ShouldContain("6 weight fingerprints recomputed");
    }

    [Fact]
    public async Task What_can_never_be_done_is_parked_with_the_reason_and_done_when_it_is_queued_again()
    {
        var ledger = tiny.Copy();
        (await RunAsync(ledger, "branch", "aside")).ShouldEndWith(0);
        (await RunAsync(ledger, "edit", "{} lives in", "-s", "Ada", "-t", "Rome", "-T", "aside", "--queue")).ShouldEndWith(0);
        await File.WriteAllTextAsync(ledger["texts.txt"], "alpha beta gamma delta\n", Token);
        (await RunAsync(ledger, "evaluate", "--text", ledger["texts.txt"], "--queue")).ShouldEndWith(0);
        await QueueAsync(ledger, "Bob");
        (await RunAsync(ledger, "close", "aside", "--reason", "it was for nothing")).ShouldEndWith(0);
        await File.WriteAllTextAsync(ledger["texts.txt"], "another text\n", Token);

        (await WorkAsync(ledger)).Json[^1].GetProperty("parked").GetInt32().ShouldBe(2);
        var parked = (await RunAsync(ledger, "jobs", "--json")).Json.Where(j => j.GetProperty("state").GetString() == "parked").ToArray();
        parked.Select(j => j.GetProperty("result").GetString()!).ShouldBe(["aside is closed: it was for nothing; branch from it to go on:  ledger branch NAME --from aside", parked[1].GetProperty("result").GetString()!]);
        parked[1].GetProperty("result").GetString().ShouldStartWith("desk has another texts.txt: its SHA-256 does not begin with ");

        await File.WriteAllTextAsync(ledger["texts.txt"], "alpha beta gamma delta\n", Token);
        var id = parked[1].GetProperty("job").GetString()!;
        (await RunAsync(ledger, "jobs", "retry", id[..10])).ShouldEndWith(0);
        await WorkAsync(ledger);
        (await RunAsync(ledger, "jobs", "show", id)).ShouldEndWith(0).Out.ShouldContain("measured: perplexity");
        (await RunAsync(ledger, "jobs", "retry", id)).ShouldEndWith(2).Err.ShouldContain("is done");
    }

    [Fact]
    public async Task An_edit_that_is_there_already_is_done_though_its_timeline_was_closed_since()
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], [MainJobTests.Fact("Ada", "Rome")], Token);
        (await RunAsync(ledger, "branch", "aside")).ShouldEndWith(0);
        (await RunAsync(ledger, "edit", "--from", ledger["facts.jsonl"], "-T", "aside", "--queue")).ShouldEndWith(0);
        // As by a worker that died before it could say so.
        (await RunAsync(ledger, "edit", "--from", ledger["facts.jsonl"], "-T", "aside")).ShouldEndWith(0);
        (await RunAsync(ledger, "close", "aside", "--reason", "it is over")).ShouldEndWith(0);
        await WorkAsync(ledger);
        (await StatesAsync(ledger)).ShouldBe(["done"]);
    }

    [Fact]
    public async Task A_record_that_makes_too_large_a_job_is_named_or_left_out_and_a_long_one_is_not_printed_whole()
    {
        var ledger = tiny.Copy();
        var longest = string.Concat(Enumerable.Repeat("word ", 40_000));
        await File.WriteAllLinesAsync(
            ledger["facts.jsonl"], [MainJobTests.Fact("Ada", "Rome"), MainJobTests.Fact("Bob", string.Concat(Enumerable.Repeat(longest, 6))), MainJobTests.Fact("Cleo", longest)], Token);
        var ran = (await RunAsync(ledger, "edit", "--from", ledger["facts.jsonl"], "--queue")).ShouldEndWith(2);
        ran.Err.ShouldContain("line 2");
        ran.Err.ShouldContain("--skip-bad");
        (await RunAsync(ledger, "edit", "--from", ledger["facts.jsonl"], "--queue", "--skip-bad")).ShouldEndWith(0).Out.ShouldContain("1 job queued, 1 queued before, 1 bad record left out");
        foreach (var command in new[] { "jobs", "worker --until-empty", "jobs" }) (await RunAsync(ledger, command.Split(' '))).ShouldEndWith(0).Out.Length.ShouldBeLessThan(4_000);
        (await StatesAsync(ledger)).ShouldBe(["done", "parked"]);
        var parked = (await RunAsync(ledger, "jobs", "--json")).Json[1].GetProperty("job").GetString()!;
        (await RunAsync(ledger, "jobs", "retry", parked, "--author", " ")).ShouldEndWith(2).Err.ShouldContain("Nobody is named");
        (await RunAsync(ledger, "jobs", "retry", parked, "--author", "ben")).ShouldEndWith(0);
        // Who asked first is kept.
        (await RunAsync(ledger, "jobs", "--json")).Json[1].GetProperty("by").GetString().ShouldBe("ana");
    }

    [Fact]
    public async Task Told_to_stop_a_worker_gives_back_what_it_has_and_ends_well()
    {
        var ledger = tiny.Copy();
        string[] people = [.. Enumerable.Range(0, 16).Select(i => $"Person {i}")];
        await QueueAsync(ledger, people);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var stopper = new AfterLines(2, stop);
        var last = (await RunAsync(ledger, stopper, stop.Token, "worker", "--name", "leaving", "--json")).ShouldEndWith(0).Json[^1];
        last.GetProperty("stopped").GetBoolean().ShouldBeTrue();
        var done = last.GetProperty("done").GetInt32();
        (await StatesAsync(ledger)).Count(s => s == "done").ShouldBe(done);
        done.ShouldBeLessThan(16);

        await WorkAsync(ledger);
        (await RunAsync(ledger, "log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()!).ShouldBe(people, ignoreOrder: true);
    }

    [Fact]
    public async Task A_worker_without_a_model_of_its_own_ends_before_it_takes_a_job()
    {
        var ledger = tiny.Copy();
        await QueueAsync(ledger, "Ada");
        (await RunAsync(ledger, "worker", "--model", "nowhere")).ShouldEndWith(2).Err.ShouldContain("nowhere");
        (await RunAsync(ledger, "worker", "--data", "nowhere")).ShouldEndWith(2).Err.ShouldContain("no folder nowhere");
        (await RunAsync(ledger, "edit", "{} lives in", "-s", "Ada", "-t", "Rome", "--queue", "--dry-run")).ShouldEndWith(2).Err.ShouldContain("no dry run");
        (await RunAsync(ledger, "edit", "lives in", "-s", "Ada", "-t", "Rome", "--queue")).ShouldEndWith(2).Err.ShouldContain("no {} for the subject");
        (await RunAsync(ledger, "replay", "main", "--as", "x", "--queue")).ShouldEndWith(2).Err.ShouldContain("nothing to replay");
        (await StatesAsync(ledger)).ShouldBe(["waiting"]);
    }

    private protected static async Task QueueAsync(LedgerProcess ledger, params string[] people)
    {
        await File.WriteAllLinesAsync(ledger["queued.jsonl"], people.Select(p => MainJobTests.Fact(p, "Rome")), Token);
        (await RunAsync(ledger, "edit", "--from", ledger["queued.jsonl"], "--queue")).ShouldEndWith(0);
    }

    private protected static async Task<Ran> WorkAsync(LedgerProcess ledger, string name = "desk") => (await RunAsync(ledger, "worker", "--until-empty", "--name", name, "--data", ledger.Folder, "--json")).ShouldEndWith(0);

    private protected static async Task<IReadOnlyList<string>> StatesAsync(LedgerProcess ledger) => [.. (await RunAsync(ledger, "jobs", "--json")).ShouldEndWith(0).Json.Select(j => j.GetProperty("state").GetString()!)];

    /// <summary>In this process: what these tests are about is what a command does, and it has been seen elsewhere that a signal cancels it.</summary>
    private protected static async Task<Ran> RunAsync(LedgerProcess ledger, params string[] args) => await RunAsync(ledger, TextWriter.Null, Token, args);

    private static async Task<Ran> RunAsync(LedgerProcess ledger, TextWriter also, CancellationToken stop, params string[] args)
    {
        using StringWriter output = new(), error = new();
        using var both = new Both(output, also);
        string[] where = args.Contains("--model") ? [] : ["--model", ledger["model"]], who = args.Contains("--author") ? [] : ["--author", "ana"];
        var code = await Task.Run(() => LedgerCli.RunAsync([.. args, .. where, .. who, "--ledger", ledger["tiny.ledger"]], both, error, TimeProvider.System, stop), Token);
        return new Ran(code, output.ToString(), error.ToString());
    }

    /// <summary>Somebody who stops a worker that has said so much.</summary>
    private sealed class AfterLines(int lines, CancellationTokenSource stop) : TextWriter
    {
        public override System.Text.Encoding Encoding => System.Text.Encoding.UTF8;

        public override void WriteLine(string? value)
        {
            if (--lines == 0) stop.Cancel();
        }
    }

    private sealed class Both(TextWriter kept, TextWriter also) : TextWriter
    {
        public override System.Text.Encoding Encoding => kept.Encoding;

        public override void WriteLine(string? value)
        {
            kept.WriteLine(value);
            also.WriteLine(value);
        }
    }
}
