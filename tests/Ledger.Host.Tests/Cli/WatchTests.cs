using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Cli;

/// <summary>Collapse through the real program: seen, stopped, shown, reviewed.</summary>
public sealed class WatchTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private const string Rules = """
        { "name": "guarded", "version": 1,
          "rules": [{ "rule": "perplexity", "threshold": 1e9, "action": "observe" }, { "rule": "entropy", "threshold": 0, "action": "observe" }],
          "probe": { "texts": ["replaced by --probe"], "tokens": 24 },
          "stream": [{ "rule": "cumulative-distance", "threshold": 3, "every": 5 }, { "rule": "probe-perplexity", "threshold": 1.5, "every": 5 }] }
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Where_the_look_fails_behind_an_edit_it_is_said_that_the_edit_is_recorded()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["guarded.json"], """{"name":"guarded","version":1,"rules":[],"stream":[{"rule":"cumulative-distance","threshold":3,"every":1}]}""", Token);
        (await ledger.RunAsync("gate", "set", "guarded.json")).ShouldEndWith(0);
        // A newer program observed something.
        await using (var session = await new LedgerSessions(TimeProvider.System).OpenAsync(new LedgerPaths(ledger["tiny.ledger"]), Token))
        {
            var stream = StreamName.ObservationsOf(session.Setup.Timeline(LedgerSetup.Main).Started.Timeline);
            byte[] beside = EventJson.Serialize(Some.Metadata()), data = [.. "{}"u8];
            var e = new NewEvent(Some.Metadata().EventId, "something-observed.v1", beside, data, default, EventHash.Of(stream, 0, "something-observed.v1", beside, data, default));
            await session.Store.AppendAsync(stream, new ExpectedRevision(-1), e, Token);
        }

        var ran = await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Rome");

        ran.ShouldEndWith(1);
        ran.Err.ShouldContain("The edit is recorded as main@1, but the stream rules' look at it failed");
        ran.Err.ShouldContain("do not give the edit again");
        (await ledger.RunAsync("log", "--json")).Json.ShouldHaveSingleItem().GetProperty("subject").GetString().ShouldBe("Ada");
    }

    [Fact]
    public async Task A_planted_edit_that_breaks_the_model_is_withheld_shown_and_reviewed()
    {
        var (ledger, planted) = await PlantedAsync(watchedFromTheStart: false);
        var set = (await ledger.RunAsync("gate", "set", "guarded.json", "--probe", "probe.txt")).ShouldEndWith(0).Out;
        set.ShouldContain("6 texts; generations of 24 tokens, seed 0");
        set.ShouldContain("the base's perplexity on it is");
        set.Split('\n').Single(l => l.Contains("cumulative-distance", StringComparison.Ordinal)).ShouldContain("quarantine");     // the word that the file takes

        var report = (await ledger.RunAsync("watch", "--json")).ShouldEndWith(4).Json.Single();
        var stop = report.GetProperty("withheld").EnumerateArray().ShouldHaveSingleItem();
        Id(stop.GetProperty("edit")).ShouldBe(planted);
        report.GetProperty("content").GetBoolean().ShouldBeTrue();
        (await ledger.RunAsync("watch")).ShouldEndWith(0).Out.ShouldContain("here, before");
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);

        var waiting = (await ledger.RunAsync("review", "--try", "--json")).ShouldEndWith(0).Json.Single();
        (waiting.GetProperty("edit").GetString(), waiting.GetProperty("stoppedBy").GetString()).ShouldBe((planted, "policy:guarded@1"));
        waiting.GetProperty("why")[0].GetProperty("rule").GetString().ShouldBe("cumulative-distance");
        var releases = waiting.GetProperty("releases").EnumerateArray().ToArray();
        releases.Select(r => r.GetProperty("variant").GetString()).ShouldBe(["rome", "r-rome", "p-rome"]);
        releases.ShouldAllBe(r => r.GetProperty("with").GetProperty("perplexity").GetProperty("base").GetDouble() > 1);
        waiting.GetProperty("now").GetProperty("answer").GetString().ShouldNotBeNull();

        // A person's decision stands, and the run that meets it is told so.
        (await ledger.RunAsync("review", "release", planted, "--mode", "verbatim", "--reason", "we need it")).ShouldEndWith(0);
        var again = (await ledger.RunAsync("watch")).ShouldEndWith(4).Out;
        again.ShouldContain("ana released it, and that stands");
        again.ShouldContain($"ledger revert {planted[..8]}");
        again.ShouldNotContain("Nothing that the stream rules may withhold helps");
        again.ShouldContain("What helps is an edit that a person released");
        again.ShouldContain($"ledger review release {planted[..8]} --variant p-rome");
        var third = (await ledger.RunAsync("watch")).ShouldEndWith(4).Out;
        third.ShouldContain("here, before");
        third.ShouldContain("ana released it, and that stands");
        third.ShouldContain($"Next: ledger revert {planted[..8]}");

        await File.WriteAllLinesAsync(ledger["facts.jsonl"], Enumerable.Range(1, 6).Select(n => MainJobTests.Fact($"Guest {n}", "Rome")), Token);
        var run = (await tiny.Copy(ledger).RunAsync("edit", "--from", "facts.jsonl", "--variant", "p-rome")).ShouldEndWith(4).Out;
        run.ShouldContain($"what helps is {planted[..8]}, which ana released");
        run.ShouldNotContain("nothing that it may withhold helps", Case.Insensitive);

        var stability = (await ledger.RunAsync("stability", "--every", "4", "--html", "stability.html", "--json")).ShouldEndWith(0).Json.Single();
        stability.GetProperty("collapses").EnumerateArray().Select(c => c.GetProperty("suspects")[0].GetString()).ShouldBe([planted, planted]);
        var points = stability.GetProperty("points").EnumerateArray().ToArray();
        points.Select(p => p.GetProperty("what").GetString()).TakeLast(2).ShouldBe(["withheld", "released"]);
        points[^1].GetProperty("perplexityRatio").GetDouble().ShouldBeGreaterThan(points[^2].GetProperty("perplexityRatio").GetDouble());
        points.Count(p => p.GetProperty("driftMedian").ValueKind == JsonValueKind.Number).ShouldBe(points.Length / 4 + (points.Length % 4 == 0 ? 0 : 1));
        (await File.ReadAllTextAsync(ledger["stability.html"], Token)).ShouldContain("cumulative distance");
        var csv = (await ledger.RunAsync("stability", "--csv")).ShouldEndWith(0).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        csv.Length.ShouldBe(points.Length + 1);
        csv[0].ShouldStartWith("revision,time,what,edit,variant,absDelta");
    }

    [Fact]
    public async Task Stability_never_shows_a_perplexity_beside_one_of_another_text_without_saying_so()
    {
        var (ledger, _) = await PlantedAsync(watchedFromTheStart: false);
        (await ledger.RunAsync("gate", "set", "guarded.json", "--probe", "probe.txt")).ShouldEndWith(0);
        (await ledger.RunAsync("watch")).ShouldEndWith(4);
        await File.WriteAllLinesAsync(ledger["odd.txt"], ["0x7f 0x45 0x4c 0x46", "zzzz qqqq"], Token);
        (await ledger.RunAsync("evaluate", "main@5", "--text", "odd.txt")).ShouldEndWith(0);

        var before = (await ledger.RunAsync("stability", "--json")).ShouldEndWith(0).Json.Single();
        before.GetProperty("texts").EnumerateArray().Select(t => (t.GetProperty("isProbe").GetBoolean(), t.GetProperty("readings").EnumerateArray().Select(r => r.GetProperty("revision").GetInt64()).Contains(5))).ShouldBe([(true, false), (false, true)]);
        Points(before).ShouldNotContainKey(5);
        Points(before).Values.ShouldAllBe(p => p.Of == "probe of guarded@1");
        var shown = (await ledger.RunAsync("stability", "--html", "stability.html")).ShouldEndWith(0).Out;
        shown.ShouldContain("on probe of guarded@1; --json and --html have those on odd.txt (");
        (await File.ReadAllTextAsync(ledger["stability.html"], Token)).ShouldContain("perplexity on it was not measured: odd.txt (");

        // Another probe reads anew, and replaces no figure of a text that is not its own.
        await File.WriteAllTextAsync(ledger["next.json"], Rules.Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal), Token);
        (await ledger.RunAsync("gate", "set", "next.json", "--probe", "odd.txt")).ShouldEndWith(0);
        Points((await ledger.RunAsync("stability", "--json")).Json.Single()).ShouldBe(Points(before));
        (await ledger.RunAsync("watch")).ExitCode.ShouldBeOneOf(0, 4);
        var after = (await ledger.RunAsync("stability", "--json")).ShouldEndWith(0).Json.Single();
        Points(after).Values.ShouldAllBe(p => p.Of == "probe of guarded@2");
        var old = after.GetProperty("texts").EnumerateArray().Single(t => t.GetProperty("name").GetString() == "probe of guarded@1");
        old.GetProperty("readings").EnumerateArray().ToDictionary(r => r.GetProperty("revision").GetInt64(), r => (r.GetProperty("perplexity").GetDouble(), (string?)"probe of guarded@1")).ShouldBe(Points(before));

        static Dictionary<long, (double, string? Of)> Points(JsonElement stability) => stability.GetProperty("points").EnumerateArray().Where(p => p.GetProperty("perplexity").ValueKind == JsonValueKind.Number)
            .ToDictionary(p => p.GetProperty("revision").GetInt64(), p => (p.GetProperty("perplexity").GetDouble(), p.GetProperty("perplexityOf").GetString()));
    }

    [Fact]
    public async Task A_run_of_edits_is_watched_over_goes_on_without_the_culprit_and_ends_like_one_that_stopped_something()
    {
        var (ledger, planted) = await PlantedAsync(watchedFromTheStart: true);
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], new[] { "Cleo", "Dan" }.Select(s => MainJobTests.Fact(s, "Rome")), Token);
        var run = (await ledger.RunAsync("edit", "--from", "facts.jsonl")).ShouldEndWith(4).Out;
        run.ShouldContain($"withheld    {planted[..8]}");
        run.ShouldContain("2 applied, 0 quarantined, 0 rejected, 1 withheld by stream rules");

        // Edits that follow are computed on the weights without it, and what the probe read on them is recorded.
        var edit = (await ledger.RunAsync("edit", "{} lives in", "--subject", "Eve", "--to", "Rome", "--json")).ShouldEndWith(0).Json.Single();
        edit.GetProperty("probes").EnumerateArray().Select(p => p.GetProperty("probe").GetString()).ShouldBe(["perplexity", "entropy"]);
        edit.GetProperty("watch").ValueKind.ShouldBe(JsonValueKind.Null);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
        var dry = (await ledger.RunAsync("edit", "{} lives in", "--subject", "Fay", "--to", "Rome", "--dry-run")).ShouldEndWith(0).Out;
        dry.ShouldContain("rule perplexity");
        dry.ShouldContain("rule entropy");
        dry.ShouldContain("rule non-finite");
    }

    /// <summary>On the built-in model: of one that knows nothing an edit can make the perplexity smaller as well as larger.</summary>
    [Fact]
    public async Task A_slow_wear_is_stopped_by_withholding_what_takes_most_of_it_away_until_the_bound_is_kept()
    {
        // A copy of the tiny ledger for its folder, which is removed with it.
        var folder = Directory.CreateDirectory(Path.Combine(tiny.Copy().Folder, "built-in")).FullName;
        var ledger = new LedgerProcess(folder, new Dictionary<string, string> { ["LEDGER_AUTHOR"] = "ana" });
        (await ledger.RunAsync("open", "tiny", "--built-in", "--gate", "observe")).ShouldEndWith(0);
        await File.WriteAllTextAsync(ledger["wear.json"], """{ "name": "wear", "version": 1, "rules": [], "stream": [{ "rule": "probe-perplexity", "threshold": 1.2, "every": 50 }] }""", Token);
        var first = Id((await ledger.RunAsync("edit", "{} lies on the continent of", "--subject", "Zambia", "--to", "Asia", "--variant", "p-rome", "--json")).ShouldEndWith(0).Json[0]);
        await MadeEdits.AppendAsync(ledger, EditId.Parse(first), Enumerable.Range(2, 12).Select(n => ($"Person {n}", 12.0)));
        (await ledger.RunAsync("gate", "set", "wear.json", "--probe", Path.Combine(Shared.Checkout, "docs", "how-to", "stop-collapse", "probe.txt"))).ShouldEndWith(0);

        var report = (await ledger.RunAsync("watch", "--json")).ShouldEndWith(4).Json.Single();
        var withheld = report.GetProperty("withheld").EnumerateArray().ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join("  ", withheld.Select(w => $"{w.GetProperty("value").GetDouble():g4} → {w.GetProperty("without").GetDouble():g4}")));
        report.GetProperty("content").GetBoolean().ShouldBeTrue();
        report.GetProperty("findings")[0].GetProperty("value").GetDouble().ShouldBeLessThanOrEqualTo(1.2);
        withheld.Length.ShouldBeInRange(2, 12);
        // Each step goes on where the last one ended, and none was taken that was not needed.
        foreach (var (a, b) in withheld.Zip(withheld.Skip(1))) b.GetProperty("value").GetDouble().ShouldBe(a.GetProperty("without").GetDouble(), 1e-9);
        withheld.SkipLast(1).ShouldAllBe(w => w.GetProperty("without").GetDouble() > 1.2);
    }

    [Fact]
    public async Task Without_stream_rules_there_is_nothing_to_watch_and_it_says_what_to_do()
    {
        var ledger = tiny.Copy();
        await Failing.ShouldFailAsync(ledger, ["watch"], 2, "observe@1 has no stream rules");
        await Failing.ShouldFailAsync(ledger, ["stability", "--every", "0"], 2, "1 or more");
        await Failing.ShouldFailAsync(ledger, ["stability", "--csv", "--json"], 2, "two forms");
    }

    /// <summary>Thirteen edits, the eighth of which is far larger than the others.</summary>
    private async Task<(LedgerProcess Ledger, string Planted)> PlantedAsync(bool watchedFromTheStart)
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["guarded.json"], Rules);
        await File.WriteAllLinesAsync(ledger["probe.txt"], (await File.ReadAllLinesAsync(ledger["text.txt"])).Take(6));
        if (watchedFromTheStart) (await ledger.RunAsync("gate", "set", "guarded.json", "--probe", "probe.txt")).ShouldEndWith(0);
        var first = Id((await ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", "Ada", "--to", "English", "--variant", "rome", "--json")).ShouldEndWith(0).Json[0]);
        await MadeEdits.AppendAsync(ledger, EditId.Parse(first), Enumerable.Range(2, 12).Select(n => ($"Person {n}", n == 8 ? 400 : 0.5)));
        var log = (await ledger.RunAsync("log", "--json")).Json;
        return (ledger, Id(log.Single(l => l.GetProperty("revision").GetInt64() == 8)));
    }

    private static string Id(JsonElement e) => (e.TryGetProperty("edit", out var edit) ? edit : e.GetProperty("id")).GetString()!;
}
