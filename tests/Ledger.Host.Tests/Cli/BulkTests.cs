using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ledger.Domain.Events;
using Ledger.Host.Stores;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Cli;

/// <summary>Files of edits through the real program: every form, signals, several processes on one ledger.</summary>
public sealed class BulkTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private const int SigInt = 2, SigTerm = 15;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_form_is_edited_and_a_records_own_reason_is_recorded()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["plain.jsonl"], """{"prompt":"{} lives in","subject":"Ada","target":"Rome","reason":"she moved"}""" + "\n" + """{"prompt":"{} lives in","subject":"Bob","target":"Rome"}""", Token);
        await File.WriteAllTextAsync(ledger["zsre.json"], """[{"subject":"Cleo","src":"Where does Cleo live?","alt":"Rome","answers":["Paris"]}]""", Token);
        await File.WriteAllTextAsync(ledger["rows.csv"], "prompt,subject,target,source\n{} lives in,\"Dan, the man\",Rome,T-1\n", Token);
        foreach (var (file, n) in new[] { ("plain.jsonl", 2), ("zsre.json", 1), ("rows.csv", 1) })
            (await ledger.RunAsync("edit", "--from", file, "--reason", "all of them")).ShouldEndWith(0).Out.ShouldContain($"{n} applied");

        var by = new List<string>();
        foreach (var line in (await ledger.RunAsync("log", "--json")).Json)
        {
            var record = (await ledger.RunAsync("show", line.GetProperty("edit").GetString()!, "--json")).ShouldEndWith(0).Json[0].GetProperty("record");
            var (request, provenance) = (record.GetProperty("request"), record.GetProperty("provenance"));
            by.Add($"{request.GetProperty("prompt").GetString()} {request.GetProperty("subject").GetString()}: {provenance.GetProperty("reason").GetString()}, {provenance.GetProperty("source").GetString()}");
        }
        by.ShouldBe([
            "{} lives in Ada: she moved, plain.jsonl", "{} lives in Bob: all of them, plain.jsonl",
            "Where does {} live? Cleo: all of them, zsre.json", "{} lives in Dan, the man: all of them, T-1",
        ]);
        (await ledger.RunAsync("edit", "--from", "rows.csv", "--format", "plain")).ShouldEndWith(2).Err.ShouldContain("rows.csv, line 1, column 1: not JSON");
    }

    /// <summary>The ids of runs that were begun by earlier programs, so that this one goes on with them.</summary>
    [Fact]
    public async Task The_event_ids_of_a_file_are_those_of_its_digest_and_its_records_places()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["facts.json"], $"\uFEFF[{MainJobTests.Fact("Ada", "Rome")},\n {MainJobTests.Fact("Bob", "Rome")}]", Token);
        (await ledger.RunAsync("edit", "--from", "facts.json", "--variant", "p-rome")).ShouldEndWith(0);

        var digest = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(ledger["facts.json"], Token)));
        await using var store = await SqliteEventStore.OpenAsync(ledger["tiny.ledger"], OpenMode.Open, TimeProvider.System, Token);
        var edits = await store.ReadAllAsync(StorePosition.Start, Token).Where(e => e.Stream.ToString().StartsWith("timeline-", StringComparison.Ordinal)).ToListAsync(Token);
        var timeline = edits[0].Stream.ToString()["timeline-".Length..];
        edits.Select(e => e.Id).ShouldBe([Id("1:5"), Id("2:2")]);

        Guid Id(string place) => new(SHA256.HashData(Encoding.UTF8.GetBytes($"{timeline}|{digest}|{place}|p-rome")).AsSpan(0, 16));
    }

    [Theory]
    [InlineData(SigInt)]
    [InlineData(SigTerm)]
    public async Task Told_to_stop_it_stops_between_two_edits_and_says_how_to_go_on(int signal)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("signals are sent as Unix has them");
        if (IsIgnored(signal)) Assert.Skip("a shell that starts this in the background has it ignored, and so by what is started from here");
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], Enumerable.Range(0, 400).Select(i => MainJobTests.Fact($"Person {i}", "Rome")), Token);
        using var process = ledger.Start("edit", "--from", "facts.jsonl", "--json");
        var lines = new List<string>();
        while (lines.Count < 3 && await process.StandardOutput.ReadLineAsync(Token) is { } line) lines.Add(line);
        Kill(process.Id, signal).ShouldBe(0);
        lines.AddRange((await process.StandardOutput.ReadToEndAsync(Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await process.WaitForExitAsync(Token);
        process.ExitCode.ShouldBe(1, await process.StandardError.ReadToEndAsync(Token));

        var result = JsonDocument.Parse(lines[^1]).RootElement;
        var done = lines.Count - 1;
        result.GetProperty("stopped").GetBoolean().ShouldBeTrue();
        result.GetProperty("done").GetInt32().ShouldBe(done);
        done.ShouldBeLessThan(400);
        (await ledger.RunAsync("log", "--json")).Json.Count.ShouldBe(done);

        (await ledger.RunAsync("edit", "--from", "facts.jsonl", "--first", $"{done + 2}")).ShouldEndWith(0).Out.ShouldContain($"2 applied, 0 quarantined, 0 rejected, {done} done before");
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task Two_processes_on_one_ledger_lose_nothing_and_keep_their_order_with_rebase()
    {
        var ledger = tiny.Copy();
        foreach (var name in new[] { "Ada", "Bob" })
            await File.WriteAllLinesAsync(ledger[$"{name}.jsonl"], Enumerable.Range(0, 25).Select(i => MainJobTests.Fact($"{name} {i}", "Rome")), Token);
        var bulk = new[] { "Ada", "Bob" }.Select(n => ledger.RebaseAsync("edit", "--from", $"{n}.jsonl", "--json")).ToArray();
        // A person in between, who does not look at what the others do.
        var single = await ledger.RebaseAsync("edit", "{} lives in", "--subject", "Cleo", "--to", "Rome", "--json");
        var ran = await Task.WhenAll(bulk);

        var subjects = (await ledger.RunAsync("log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()!).ToArray();
        subjects.Length.ShouldBe(51);
        foreach (var name in new[] { "Ada", "Bob" })
            subjects.Where(s => s.StartsWith(name, StringComparison.Ordinal)).ShouldBe(Enumerable.Range(0, 25).Select(i => $"{name} {i}"));
        var rebased = ran.Sum(r => r.Json[^1].GetProperty("rebased").GetInt32());
        TestContext.Current.TestOutputHelper?.WriteLine($"{rebased} edits of the last runs were rebased, the single one {single.Json[0].GetProperty("rebases").GetInt32()} times");
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0).Out.ShouldContain("51 weight fingerprints recomputed");
    }

    [Fact]
    public async Task Two_processes_with_the_same_file_do_it_once()
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], Enumerable.Range(0, 25).Select(i => MainJobTests.Fact($"Person {i}", "Rome")), Token);
        var ran = await Task.WhenAll(ledger.RebaseAsync("edit", "--from", "facts.jsonl", "--json"), ledger.RebaseAsync("edit", "--from", "facts.jsonl", "--json"));
        // Whoever had to be given again counts what its first run applied as done before: together at most, and each record once.
        ran.Sum(r => r.Json[^1].GetProperty("applied").GetInt32()).ShouldBeLessThanOrEqualTo(25);
        (await ledger.RunAsync("log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(Enumerable.Range(0, 25).Select(i => $"Person {i}"));
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    /// <summary>Of this process, as Linux tells it: a mask of signals in hexadecimal, signal 1 first.</summary>
    private static bool IsIgnored(int signal) =>
        File.Exists("/proc/self/status") && File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } line
        && (Convert.ToUInt64(line["SigIgn:".Length..].Trim(), 16) >> (signal - 1) & 1) == 1;

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
