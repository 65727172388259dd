using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Stores;
using Ledger.Host.Tests.Reports;
using Ledger.Host.Tests.Support;
using static Ledger.Host.Tests.Support.Failing;

namespace Ledger.Host.Tests.Cli;

/// <summary>The paper's experiments through the real program: killed twice, gone on with, read again without a model, and the same as in one go.</summary>
public sealed class PaperTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static readonly string[] Whole = ["paper", "--out", "report", "--records", "facts.json", "--text", "texts.txt", "--independent", "6", "--sequential", "7", "--every", "3", "--seed", "2"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_runs_go_on_and_end_with_what_one_run_gives()
    {
        var (ledger, alone) = (await WithDataAsync(), await WithDataAsync());
        await KillAsync(ledger, "observations-", 3);
        await KillAsync(ledger, "timeline-", 4);
        var ended = (await ledger.RunAsync(Whole)).ShouldEndWith(0);
        var inOneGo = (await alone.RunAsync(Whole)).ShouldEndWith(0);
        ended.Out.ShouldBe(inOneGo.Out);
        foreach (var file in new[] { "tables.txt", "tables.csv", "independent.csv" }) (await ReadAsync(ledger, file)).ShouldBe(await ReadAsync(alone, file), file);
        WithoutIds(await ReadAsync(ledger, "sequential.csv")).ShouldBe(WithoutIds(await ReadAsync(alone, "sequential.csv")));

        // Everything of all runs is in the ledger: it makes the same report without a model.
        var before = await FilesAsync(ledger);
        Directory.Move(ledger["model"], ledger["gone"]);
        (await ledger.RunAsync(Whole)).ShouldEndWith(0).Out.ShouldBe(ended.Out);
        (await FilesAsync(ledger)).ShouldBe(before);
        Directory.Move(ledger["gone"], ledger["model"]);

        // More of the same asks only for the rest.
        var events = await CountAsync(ledger, "observations-");
        var more = (await ledger.RunAsync("paper", "--out", "more", "--records", "facts.json", "--text", "texts.txt", "--independent", "8", "--sequential", "0", "--seed", "2", "--json")).ShouldEndWith(0).Json;
        more.Where(l => l.GetProperty("dataset").GetString() == "facts.json").ShouldAllBe(l => l.GetProperty("records").GetInt64() == 8);
        (await CountAsync(ledger, "observations-")).ShouldBe(events + 2);
        (await ledger.RunAsync("verify")).ShouldEndWith(0);
    }

    [Fact]
    public async Task The_report_says_what_every_record_gave_and_draws_it()
    {
        var ledger = await WithDataAsync();
        (await ledger.RunAsync(Whole)).ShouldEndWith(0);

        // The ledger's own list has them in a line that can be read.
        var listed = (await ledger.RunAsync("evaluations")).ShouldEndWith(0).Out.Split('\n').Single(l => l.Contains("independent-edits", StringComparison.Ordinal));
        listed.Length.ShouldBeLessThan(280);
        listed.ShouldMatch(@"base ES \d+\.\d  rome abs-delta \d\.\de-\d+ ES \d+\.\d entropy \d\.\d{3}  r-rome abs-delta .* p-rome abs-delta");

        var independent = Csv(await ReadAsync(ledger, "independent.csv"));
        independent.Select(r => (r["record"], r["variant"])).ShouldBe(Enumerable.Range(1, 6).SelectMany(i => new[] { "rome", "r-rome", "p-rome" }.Select(v => ($"{i}", v))));
        var sequential = Csv(await ReadAsync(ledger, "sequential.csv"));
        sequential.Count.ShouldBe(3 * 7);
        // A record alone on the base and the first of a row are the same edit of the same weights.
        foreach (var variant in new[] { "rome", "r-rome", "p-rome" })
        {
            var (one, first) = (independent.First(r => r["variant"] == variant), sequential.First(r => r["variant"] == variant));
            foreach (var column in new[] { "absDelta", "keyRatio", "es", "ps", "ns", "em", "pm", "nm" }) first[column].ShouldBe(one[column], $"{column} of {variant}");
            double.Parse(first["distance"], CultureInfo.InvariantCulture).ShouldBe(double.Parse(first["absDelta"], CultureInfo.InvariantCulture), 1e-12);
        }
        var points = Csv(await ReadAsync(ledger, "points.csv"));
        points.Where(p => p["suite"] == "perplexity" && p["variant"] == "rome").Select(p => p["edit"]).ShouldBe(["0", "3", "6", "7"]);
        points.Where(p => p["suite"] == "retention" && p["measure"] == "ES" && p["variant"] == "p-rome").Select(p => (p["edit"], p["items"])).ShouldBe([("3", "3"), ("6", "6"), ("7", "7")]);

        var page = XElement.Parse((await ReadAsync(ledger, "report.html")).Replace("<!DOCTYPE html>", ""));
        SelfContained.Check(page);
        foreach (var said in new[] { "not measured: no data was named", "the paper's Table 2", "ten texts each with seed 2", "gate off", "facts.json" }) page.Value.ShouldContain(said);
        Directory.GetFiles(ledger["report/figures"], "*.svg").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)
            .ShouldBe(["delta-paper-p-rome", "delta-paper-r-rome", "delta-paper-rome", "independent-p-rome", "independent-r-rome", "independent-rome", "perplexity", "retention"]);
        Directory.GetFiles(ledger["report/figures"], "*.png").Length.ShouldBe(8);

        // A smaller number finds the longer timelines, and says so.
        (await ledger.RunAsync("paper", "--out", "report", "--records", "facts.json", "--text", "texts.txt", "--independent", "0", "--sequential", "2", "--every", "3", "--seed", "2")).ShouldEndWith(0);
        (await ReadAsync(ledger, "report.html")).ShouldContain("the first 7 records as rome, r-rome, p-rome; measured every 3 edits; gate off, observe-observed@1");

        // The timelines are ordinary ones, and what is done under their name is one experiment.
        (await ledger.RunAsync("log", "-T", "paper-rome", "--json")).ShouldEndWith(0).Json.Count.ShouldBe(7);
        await File.AppendAllTextAsync(ledger["facts.json"], " ", Token);
        var observed = await CountAsync(ledger, "observations-");
        await ShouldFailAsync(ledger, ["paper", "--out", "report", "--records", "facts.json", "--independent", "2", "--sequential", "2"], 2, "started for something else");
        (await CountAsync(ledger, "observations-")).ShouldBe(observed, "a name that is taken is known before the work");
    }

    [Fact]
    public async Task Timelines_with_a_slash_in_their_names_have_figures_too()
    {
        var ledger = await WithDataAsync();
        (await ledger.RunAsync("paper", "--out", "report", "--records", "facts.json", "--independent", "0", "--sequential", "2", "--every", "2", "--variant", "rome", "--as", "a/b")).ShouldEndWith(0);
        File.Exists(ledger["report/figures/delta-a-b-rome.svg"]).ShouldBeTrue();
    }

    [Fact]
    public async Task Tasks_are_asked_on_the_way_and_with_the_gate_on_what_it_stops_is_listed()
    {
        var ledger = await WithDataAsync();
        TinyCheckpoint.Write(ledger["roomy"], positions: 2200);
        (await ledger.RunAsync("open", "gated", "--model", "roomy", "--layer", "1", "--seed", "4")).ShouldEndWith(0);
        (await ledger.RunAsync("keystats", "text.txt", "-l", "gated", "-m", "roomy")).ShouldEndWith(0);
        Directory.CreateDirectory(ledger["glue"]);
        await File.WriteAllLinesAsync(ledger["glue/sst2.jsonl"], ["""{"sentence":"fine","label":1}""", """{"sentence":"a dull mess","label":0}"""], Token);
        string[] paper = ["paper", "-l", "gated", "-m", "roomy", "--records", "facts.json", "--downstream", "glue", "--independent", "0", "--sequential", "4", "--every", "2", "--variant", "rome"];
        (await ledger.RunAsync([.. paper, "--out", "off"])).ShouldEndWith(0);
        (await ledger.RunAsync([.. paper, "--out", "report", "--gate", "on"])).ShouldEndWith(0);

        var points = Csv(await ReadAsync(ledger, "points.csv"));
        points.Where(p => p["suite"] == "sst2" && p["measure"] == "accuracy").Select(p => (p["edit"], p["items"])).ShouldBe([("0", "2"), ("2", "2"), ("4", "2")]);
        File.Exists(ledger["report/figures/downstream-paper-gated-rome.png"]).ShouldBeTrue();
        (await ReadAsync(ledger, "report.html")).ShouldContain("Downstream: accuracy, weighted F1, MCC");

        // The same edits are caught; with the gate off that is only written down.
        string[] on = [.. (await ReadAsync(ledger, "stops.csv")).Split('\n').Where(l => l.Contains(",quarantined,"))], off = [.. (await File.ReadAllTextAsync(ledger["off/stops.csv"], Token)).Split('\n').Where(l => l.Contains(",observed,"))];
        on.Length.ShouldBeGreaterThan(0);
        off.Length.ShouldBeGreaterThan(0);
        on.ShouldAllBe(l => l.Contains("(rule "));
        (await ledger.RunAsync("log", "-l", "gated", "-T", "paper-gated-rome", "--json")).Json.Count(l => l.GetProperty("what").GetString() == "applied").ShouldBe(4 - on.Length);
        (await ledger.RunAsync("log", "-l", "gated", "-T", "paper-rome", "--json")).Json.ShouldAllBe(l => l.GetProperty("what").GetString() == "applied");
    }

    [Fact]
    public async Task A_look_that_a_killed_run_left_undone_is_made_and_a_collapse_at_the_last_edit_is_told()
    {
        var ledger = await WithDataAsync();
        string[] paper = ["paper", "--out", "report", "--records", "facts.json", "--independent", "0", "--sequential", "9", "--every", "9", "--variant", "r-rome", "--gate", "on"];
        await File.WriteAllTextAsync(ledger["lax.json"], """{"name":"lax","version":1,"rules":[]}""", Token);
        (await ledger.RunAsync("gate", "set", "lax.json")).ShouldEndWith(0);
        (await ledger.RunAsync(paper)).ShouldEndWith(0);
        // All edits are there and the look behind them is not, as after a kill in between.
        await File.WriteAllTextAsync(ledger["strict.json"], """{"name":"strict","version":1,"rules":[],"stream":[{"rule":"drift","threshold":1e-6,"every":1}]}""", Token);
        (await ledger.RunAsync("gate", "set", "strict.json")).ShouldEndWith(0);
        (await ledger.RunAsync(paper)).ShouldEndWith(0);
        string[] withheld = [.. Csv(await ReadAsync(ledger, "stops.csv")).Where(r => r["what"] == "withheld").Select(r => r["id"])];
        withheld.ShouldNotBeEmpty();

        foreach (var edit in withheld) (await ledger.RunAsync("review", "release", edit, "-T", "paper-gated-r-rome", "--mode", "verbatim", "--reason", "wanted")).ShouldEndWith(0);
        var ended = (await ledger.RunAsync(paper)).ShouldEndWith(4);

        ended.Out.ShouldContain("ended after 9 of 9 edits: a stream rule is exceeded");
        var report = await FilesAsync(ledger);
        Directory.Move(ledger["model"], ledger["gone"]);
        (await ledger.RunAsync(paper)).ShouldEndWith(4).Out.ShouldBe(ended.Out);
        (await FilesAsync(ledger)).ShouldBe(report);
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_and_nothing_is_recorded()
    {
        var ledger = await WithDataAsync();
        Directory.CreateDirectory(ledger["full"]);
        await File.WriteAllTextAsync(ledger["full/other.txt"], "mine", Token);
        await File.WriteAllTextAsync(ledger["same.json"], $"[{MainJobTests.Fact("Bob", " Paris")}]", Token);
        foreach (var (args, says) in new (string[], string)[]
        {
            (["--out", "", "--records", "facts.json"], "names no folder"), (["--out", "r"], "No records are named"), (["--records", "facts.json"], "--out"), (["--out", "r", "--records", "facts.json"], "fewer than 100"), (["--out", "full", "--records", "facts.json", "--independent", "1"], "something else than a report"),
            (["--out", "r", "--records", "same.json", "--independent", "1", "--sequential", "0"], "is the new target too"), (["--out", "r", "--independent", "0", "--sequential", "0"], "one of them more than 0"),
            (["--out", "r", "--records", "facts.json", "--sequential", "0", "--gate", "on"], "--gate goes with --sequential"), (["--out", "r", "--records", "facts.json", "--every", "0"], "--every"),
            (["--out", "r", "--records", "facts.json", "--sequential", "2", "--independent", "2", "--as", "a b"], "cannot be a timeline's name"), (["--out", "r", "--records", "facts.json", "--text", "nowhere.txt", "--independent", "1", "--sequential", "1"], "cannot be read"),
        })
            await ShouldFailAsync(ledger, ["paper", .. args], 2, says, string.Join(' ', args));
    }

    private async Task<LedgerProcess> WithDataAsync()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["facts.json"], JsonSerializer.Serialize(Enumerable.Range(0, 9).Select(i => new
        {
            case_id = i, requested_rewrite = new { prompt = "{} lives in", subject = $"Person {i}", target_new = new { str = "Rome" }, target_true = new { str = "Paris" } },
            paraphrase_prompts = new[] { $"Where does Person {i} live? In" }, neighborhood_prompts = new[] { "Ada lives in", "Bob lives in" },
        })), Token);
        await File.WriteAllLinesAsync(ledger["texts.txt"], ["The first text.", "A second one, which is longer"], Token);
        return ledger;
    }

    /// <summary>Begins and is killed as soon as it has recorded so many events in streams of that kind.</summary>
    private static async Task KillAsync(LedgerProcess ledger, string streams, int events)
    {
        using var process = ledger.Start(Whole);
        while (!process.HasExited && await CountAsync(ledger, streams) < events) await Task.Delay(5, Token);
        process.HasExited.ShouldBeFalse("it was to be killed");
        process.Kill();
        await process.WaitForExitAsync(Token);
        Directory.Exists(ledger["report"]).ShouldBeFalse();
    }

    private static async Task<int> CountAsync(LedgerProcess ledger, string streams)
    {
        await using var store = await SqliteEventStore.OpenAsync(ledger["tiny.ledger"], OpenMode.Open, TimeProvider.System, Token);
        return (await store.ReadAllAsync(StorePosition.Start, Token).ToListAsync(Token)).Count(e => e.Stream.ToString().StartsWith(streams, StringComparison.Ordinal));
    }

    private static Task<string> ReadAsync(LedgerProcess ledger, string file) => File.ReadAllTextAsync(ledger[$"report/{file}"], Token);

    private static async Task<string> FilesAsync(LedgerProcess ledger)
    {
        var files = new List<string>();
        foreach (var file in Directory.GetFiles(ledger["report"], "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)) files.Add($"{file} {Digest.Of(await File.ReadAllBytesAsync(file, Token))}");
        return string.Join('\n', files);
    }

    private static List<Dictionary<string, string>> Csv(string text)
    {
        string[][] rows = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd('\r').Split(','))];
        return [.. rows.Skip(1).Select(r => rows[0].Zip(r).ToDictionary(c => c.First, c => c.Second))];
    }

    private static IEnumerable<string> WithoutIds(string csv) => Csv(csv).Select(r => string.Join(' ', r.Where(c => c.Key != "id").Select(c => c.Value)));
}
