using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ledger.Host.Features;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>A bulk run on the built-in model, killed with SIGKILL at random moments and begun again each time.</summary>
public sealed class KilledBulkAcceptance : IDisposable
{
    private const int Seed = 20261126, EditsAKill = 4;

    private readonly LedgerProcess ledger = new(Directory.CreateTempSubdirectory("ledger-killed-").FullName, new Dictionary<string, string> { ["LEDGER_AUTHOR"] = "acceptance" });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(ledger.Folder, recursive: true);

    [Fact]
    public async Task However_often_it_is_killed_every_record_is_edited_once_and_in_order()
    {
        var count = RealLedgers.Count(inCi: 24);
        var random = new Random(Seed);
        (await ledger.RunAsync("open", "killed", "--built-in")).ShouldEndWith(0);
        string[] edit = ["edit", "--from", BuiltIn.Records, "--first", $"{count}", "--json"];
        var acknowledged = new List<string>();
        int kills = 0, early = 0;
        for (var round = 0; round < count / EditsAKill; round++)
        {
            // Somewhere in its start, or somewhere in or between its edits; the mean is below what would end the run before the last kill.
            var (edits, delay) = (random.Next(0, 6), random.NextDouble());
            using var process = ledger.Start(edit);
            var errors = process.StandardError.ReadToEndAsync(Token);
            var seen = new List<string>();
            while (seen.Count < edits && await process.StandardOutput.ReadLineAsync(Token) is { } line) seen.Add(line);
            await Task.Delay(TimeSpan.FromSeconds(delay * (edits == 0 ? 3 : 0.5)), Token);
            var killed = !process.HasExited;
            process.Kill();                 // SIGKILL
            seen.AddRange((await process.StandardOutput.ReadToEndAsync(Token)).Split('\n')[..^1]);      // a line that was cut is not said
            await process.WaitForExitAsync(Token);
            await errors;
            if (killed) kills++;
            if (killed && seen.Count == 0) early++;
            acknowledged.AddRange(seen.Select(l => JsonDocument.Parse(l).RootElement).Where(l => l.TryGetProperty("edit", out _)).Select(l => l.GetProperty("edit").GetString()!));
        }
        var started = Stopwatch.GetTimestamp();
        var last = await ledger.RunAsync(edit);
        last.ExitCode.ShouldBeOneOf(0, 4);
        var result = last.Json[^1];
        RealLedgers.Print($"{count} edits, killed {kills} times (seed {Seed}), {early} of them before the first edit of the run; {acknowledged.Count} edits acknowledged by runs that were killed");
        RealLedgers.Print(string.Create(CultureInfo.InvariantCulture, $"the last run: {result.GetProperty("before").GetInt32()} done before, {last.Json.Count - 1} by itself in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s"));
        kills.ShouldBePositive();               // how many meet a program at work is the machine's matter

        var log = (await ledger.RunAsync("log", "--json")).ShouldEndWith(0).Json;
        using var records = JsonDocument.Parse(await File.ReadAllBytesAsync(BuiltIn.Records, Token));
        log.Select(Fact).ShouldBe(records.RootElement.EnumerateArray().Take(count).Select(r => Fact(r.GetProperty("requested_rewrite"))));
        var ids = log.Select(l => l.GetProperty("edit").GetString()!).ToHashSet();
        ids.Count.ShouldBe(count);
        acknowledged.ShouldBeSubsetOf(ids);
        RealLedgers.Print($"the ledger: {log.Count} revisions, each record once and in file order; {log.Count(l => l.GetProperty("what").GetString() == "applied")} applied, the others stopped by the gate; every acknowledged edit is there");

        RealLedgers.Say((await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0));
        var rebuilt = (await ledger.RunAsync("rebuild", "main@head", "--json")).ShouldEndWith(0).Json[0];
        rebuilt.GetProperty("fingerprint").GetString().ShouldBe(log[^1].GetProperty("fingerprint").GetString());
        rebuilt.GetProperty("agrees").GetBoolean().ShouldBeTrue();
        RealLedgers.Say((await ledger.RunAsync("rebuild", "main@head")).ShouldEndWith(0));
    }

    private static string Fact(JsonElement e) => $"{e.GetProperty("subject").GetString()} · {e.GetProperty("prompt").GetString()} → {(e.TryGetProperty("target", out var t) ? t : e.GetProperty("target_new").GetProperty("str")).GetString()}";
}
