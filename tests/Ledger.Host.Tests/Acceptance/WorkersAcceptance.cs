using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ledger.Host.Features;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>Three workers in processes of their own on the built-in model; every few seconds one is killed with SIGKILL and another begun in its place. On the server that LEDGER_EVENTSTOREDB names, where there is one.</summary>
public sealed class WorkersAcceptance : IDisposable
{
    private const int Workers = 3, Seed = 20261127;

    private readonly string? server = Environment.GetEnvironmentVariable("LEDGER_EVENTSTOREDB") is { Length: > 0 } named ? named : null;
    private readonly LedgerProcess ledger;

    public WorkersAcceptance() => ledger = new LedgerProcess(
        Directory.CreateTempSubdirectory("ledger-workers-").FullName, new Dictionary<string, string> { ["LEDGER_AUTHOR"] = "acceptance", ["OMP_NUM_THREADS"] = "1" }, server);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(ledger.Folder, recursive: true);

    [Fact]
    public async Task However_often_a_worker_is_killed_every_job_is_recorded_once()
    {
        var (count, random) = (RealLedgers.Count(inCi: 10), new Random(Seed));
        (await ledger.RunAsync("open", "workers", "--built-in")).ShouldEndWith(0);
        (await ledger.RunAsync("edit", "--from", BuiltIn.Records, "--first", $"{count}", "--queue")).ShouldEndWith(0).Out.ShouldContain($"{count} jobs queued");

        var (kills, atWork, begun, started) = (0, 0, 0, Stopwatch.GetTimestamp());
        var workers = Enumerable.Range(0, Workers).Select(_ => Begin()).ToList();
        // The last few jobs are left to be finished in peace. Between two kills some job is done, however slow the machine is.
        for (var done = 0; done < count - Workers;)
        {
            var before = done;
            while (done == before)
            {
                await Task.Delay(TimeSpan.FromSeconds(1.5 + 2 * random.NextDouble()), Token);
                done = await DoneAsync();
            }
            var (process, output) = workers[random.Next(Workers)];
            if (process.HasExited) continue;
            process.Kill();                 // SIGKILL
            var lines = await EndAsync(process, output);
            kills++;
            if (lines.Count > 0) atWork++;
            workers.RemoveAll(w => w.Process == process);
            process.Dispose();
            workers.Add(Begin());
        }
        var ended = new List<JsonElement>();
        foreach (var (process, output) in workers)
        {
            ended.Add((await EndAsync(process, output))[^1]);
            process.ExitCode.ShouldBe(0);
            process.Dispose();
        }
        RealLedgers.Print(string.Create(CultureInfo.InvariantCulture,
            $"{count} jobs, {(server is null ? "in a file" : "on a server")}, {Workers} workers at a time, {begun} in all; {kills} killed (seed {Seed}), {atWork} of them after they had done a job; {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s"));
        RealLedgers.Print($"the last {Workers}: {string.Join(", ", ended.Select(e => e.GetProperty("done").GetInt32()))} done");
        kills.ShouldBePositive();

        var jobs = (await ledger.RunAsync("jobs", "--json")).ShouldEndWith(0).Json;
        jobs.Count.ShouldBe(count);
        jobs.ShouldAllBe(j => j.GetProperty("state").GetString() == "done" && j.GetProperty("attempt").GetInt32() == 0);
        var log = (await ledger.RunAsync("log", "--json")).ShouldEndWith(0).Json;
        using var records = JsonDocument.Parse(await File.ReadAllBytesAsync(BuiltIn.Records, Token));
        log.Select(Fact).ShouldBe(records.RootElement.EnumerateArray().Take(count).Select(r => Fact(r.GetProperty("requested_rewrite"))), ignoreOrder: true);
        jobs.Select(Made).ShouldBe(log.Select(Made), ignoreOrder: true);
        RealLedgers.Print($"the ledger: {log.Count} revisions, each record once; the queue: {jobs.Count} results, each names the edit and the revision that its record has; {jobs.Select(j => j.GetProperty("worker").GetString()).Distinct().Count()} workers have results");
        RealLedgers.Say((await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0));

        (Process Process, Task<string> Output) Begin()
        {
            var process = ledger.Start("worker", "--until-empty", "--name", $"worker {++begun}", "--json");
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            return (process, process.StandardOutput.ReadToEndAsync(Token));
        }
    }

    private async Task<int> DoneAsync() => (await ledger.RunAsync("jobs", "--json")).ShouldEndWith(0).Json.Count(j => j.GetProperty("state").GetString() == "done");

    /// <summary>What it said; a line that was cut is not said.</summary>
    private static async Task<List<JsonElement>> EndAsync(Process process, Task<string> output)
    {
        await process.WaitForExitAsync(Token);
        return [.. (await output).Split('\n')[..^1].Select(l => JsonDocument.Parse(l).RootElement)];
    }

    private static (string?, long) Made(JsonElement e) => (e.GetProperty("edit").GetString(), e.GetProperty("revision").GetInt64());

    private static string Fact(JsonElement e) => $"{e.GetProperty("subject").GetString()} · {e.GetProperty("prompt").GetString()} → {(e.TryGetProperty("target", out var t) ? t : e.GetProperty("target_new").GetProperty("str")).GetString()}";
}
