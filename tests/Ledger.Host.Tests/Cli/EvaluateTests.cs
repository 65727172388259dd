using System.Globalization;
using System.Text.Json;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Microsoft.Data.Sqlite;
using static Ledger.Host.Tests.Support.Failing;

namespace Ledger.Host.Tests.Cli;

/// <summary>Evaluations through the real program: what is recorded, what is not asked twice, what a killed run loses, what is refused.</summary>
public sealed class EvaluateTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static readonly string[] Subjects = ["Ada", "Bob", "Cleo"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_revision_is_measured_once_and_what_is_recorded_is_read_without_a_model()
    {
        var ledger = await EditedAsync();
        await WriteAsync(ledger, "facts.json", 7);
        await File.WriteAllLinesAsync(ledger["texts.txt"], ["The first text.", "", "A second one, which is longer"], Token);
        string[] all = ["evaluate", "--records", "facts.json", "--generations", "--seed", "3", "--text", "texts.txt", "--retention", "--json"];
        var first = (await ledger.RunAsync(all)).ShouldEndWith(0).Json;
        first.Select(l => l.GetProperty("suite").GetString()).ShouldBe(["counterfact", "generations", "perplexity", "retention"]);
        first.Select(l => l.GetProperty("items").GetInt32()).ShouldBe([7, 7, 2, 3]);
        first.ShouldAllBe(l => l.GetProperty("before").GetInt32() == 0 && l.GetProperty("base").ValueKind == JsonValueKind.Null);
        Names(first[0]).ShouldBe(["ES", "PS", "NS", "S", "EM", "PM", "NM"]);
        Names(first[1]).ShouldBe(["entropy", "ngram-entropy"]);
        first[1].GetProperty("seed").GetInt64().ShouldBe(3);
        var head = (await ledger.RunAsync("rebuild", "head", "--json")).ShouldEndWith(0).Json[0];
        first.ShouldAllBe(l => l.GetProperty("fingerprint").GetString() == head.GetProperty("fingerprint").GetString());
        (await ledger.RunAsync("log", "--json")).Json.Count.ShouldBe(3);            // no revision was made

        // Once more: nothing is asked, so no model is needed; and each edit's own scores are there by its id.
        Directory.Move(ledger["model"], ledger["gone"]);
        var events = await ObservationsAsync(ledger);
        var again = (await ledger.RunAsync(all)).ShouldEndWith(0).Json;
        again.Select(l => l.GetProperty("before").GetInt32()).ShouldBe([7, 7, 2, 3]);
        again.Select(Totals).ShouldBe(first.Select(Totals));
        (await ObservationsAsync(ledger)).Count.ShouldBe(events.Count);
        var retained = events.Single(e => e.Question.Suite == "retention");
        retained.Results.Select(r => r.Name).ShouldBe((await ledger.RunAsync("log", "--json")).Json.Select(l => l.GetProperty("edit").GetString()));

        var listed = (await ledger.RunAsync("evaluations", "--json")).ShouldEndWith(0).Json;
        listed.Select(Totals).ShouldBe(first.Select(Totals));
        listed.ShouldAllBe(l => l.GetProperty("by").GetString() == "ana" && l.GetProperty("revision").GetInt64() == 3);
        (await ledger.RunAsync("evaluations")).ShouldEndWith(0).Out.ShouldContain("main@3");
        Directory.Move(ledger["gone"], ledger["model"]);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task Figures_stand_beside_the_bases_and_a_branch_has_those_of_what_it_inherited()
    {
        var ledger = await EditedAsync();
        await WriteAsync(ledger, "facts.json", 4);
        (await ledger.RunAsync("evaluate", "main@2", "--records", "facts.json")).ShouldEndWith(0).Out.ShouldContain("for main@0");
        var atBase = (await ledger.RunAsync("evaluate", "main@0", "--records", "facts.json", "--json")).ShouldEndWith(0).Json[0];
        (await ledger.RunAsync("branch", "what-if", "--from", "main@2")).ShouldEndWith(0);
        var inherited = (await ledger.RunAsync("evaluate", "-T", "what-if", "--records", "facts.json", "--json")).ShouldEndWith(0).Json[0];
        inherited.GetProperty("before").GetInt32().ShouldBe(4);
        inherited.GetProperty("base").GetRawText().ShouldBe(atBase.GetProperty("totals").GetRawText());
        Totals(inherited).ShouldNotBe(Totals(atBase));
        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Eve", "--to", "Rome", "-T", "what-if")).ShouldEndWith(0).Out.ShouldContain("ledger ask \"Eve lives in\" -T what-if");
        (await ledger.RunAsync("evaluate", "-T", "what-if", "--retention")).ShouldEndWith(0);
        (await ledger.RunAsync("evaluations", "-T", "what-if", "--json")).Json.Select(l => $"{l.GetProperty("timeline").GetString()}@{l.GetProperty("revision").GetInt64()}").ShouldBe(["main@0", "main@2", "what-if@3"]);
        (await ledger.RunAsync("evaluations", "--json")).Json.Count.ShouldBe(2);

        // A state that the parent was asked in is known on the branch, whichever revision has it there.
        (await ledger.RunAsync("show", "main@1", "-T", "what-if")).ShouldEndWith(0).Out.ShouldContain("--reason \"…\" -T what-if");
        (await ledger.RunAsync("revert", "what-if@3", "-T", "what-if", "--reason", "to see")).ShouldEndWith(0);
        (await ledger.RunAsync("evaluate", "-T", "what-if", "--records", "facts.json", "--json")).ShouldEndWith(0).Json[0].GetProperty("before").GetInt32().ShouldBe(4);
    }

    [Fact]
    public async Task A_killed_run_goes_on_behind_what_it_recorded_and_ends_with_the_same_figures()
    {
        var ledger = await EditedAsync();
        await WriteAsync(ledger, "facts.json", 300);
        string[] evaluate = ["evaluate", "--records", "facts.json", "--json"];
        var untouched = tiny.Copy();
        foreach (var file in new[] { "tiny.ledger", "facts.json" }) File.Copy(ledger[file], untouched[file], overwrite: true);
        using (var process = ledger.Start(evaluate))
        {
            while (!process.HasExited && (await ObservationsAsync(ledger)).Count < 3) await Task.Delay(5, Token);
            process.Kill();
            await process.WaitForExitAsync(Token);
        }
        var recorded = await ObservationsAsync(ledger);
        recorded.Count.ShouldBeInRange(3, 29);
        var before = recorded.Sum(e => e.Results.Length);
        (await ledger.RunAsync("evaluations")).ShouldEndWith(0).Out.ShouldContain($"{before} of 300");

        var after = (await ledger.RunAsync(evaluate)).ShouldEndWith(0).Json[0];
        after.GetProperty("before").GetInt32().ShouldBe(before);
        (await ObservationsAsync(ledger)).SelectMany(e => Enumerable.Range(e.First, e.Results.Length)).Order().ShouldBe(Enumerable.Range(0, 300));
        var alone = (await untouched.RunAsync(evaluate)).ShouldEndWith(0).Json[0];
        alone.GetProperty("before").GetInt32().ShouldBe(0);
        Totals(alone).ShouldBe(Totals(after));
        (await ledger.RunAsync("verify")).ShouldEndWith(0);
    }

    [Fact]
    public async Task Two_processes_with_the_same_question_record_every_item_once()
    {
        var ledger = await EditedAsync();
        await WriteAsync(ledger, "facts.json", 60);
        string[] evaluate = ["evaluate", "--records", "facts.json", "--json"];
        var ran = await Task.WhenAll(LedgerProcess.WaitAsync(ledger.Start(evaluate)), LedgerProcess.WaitAsync(ledger.Start(evaluate)));
        ran.Select(r => Totals(r.ShouldEndWith(0).Json[0])).Distinct().Count().ShouldBe(1);
        (await ObservationsAsync(ledger)).SelectMany(e => Enumerable.Range(e.First, e.Results.Length)).Order().ShouldBe(Enumerable.Range(0, 60));
        (await ledger.RunAsync("verify")).ShouldEndWith(0);
    }

    [Fact]
    public async Task Tasks_of_a_folder_are_asked_each_by_its_name()
    {
        var ledger = new LedgerProcess(tiny.Copy().Folder, new Dictionary<string, string> { ["LEDGER_AUTHOR"] = "ana" });
        TinyCheckpoint.Write(ledger["roomy"], positions: 2200);
        (await ledger.RunAsync("open", "roomy", "--model", "roomy", "--layer", "1", "--seed", "4")).ShouldEndWith(0);
        Directory.CreateDirectory(ledger["glue"]);
        await File.WriteAllLinesAsync(ledger["glue/sst2.jsonl"], ["""{"sentence":"fine","label":1,"idx":7}""", """{"sentence":"a dull mess","label":0}"""], Token);
        await File.WriteAllLinesAsync(ledger["glue/rte.jsonl"], ["""{"sentence1":"A cat sat.","sentence2":"It sat.","label":0}"""], Token);
        var lines = (await ledger.RunAsync("evaluate", "main@0", "-l", "roomy", "--downstream", "glue", "--json")).ShouldEndWith(0).Json;
        lines.Select(l => (l.GetProperty("suite").GetString(), l.GetProperty("items").GetInt32())).ShouldBe([("sst2", 2), ("rte", 1)]);
        Names(lines[0]).ShouldBe(["accuracy", "F1", "MCC", "invalid"]);
        (await ledger.RunAsync("evaluate", "main@0", "-l", "roomy", "--downstream", "glue/sst2.jsonl", "--json")).ShouldEndWith(0).Json[0].GetProperty("before").GetInt32().ShouldBe(2);
        await ShouldFailAsync(ledger, ["evaluate", "main@0", "-l", "tiny", "-m", "model", "--downstream", "glue"], 2, "more than the model's 192 positions");
    }

    [Fact]
    public async Task What_was_observed_cannot_be_changed_unnoticed()
    {
        var ledger = await EditedAsync();
        (await ledger.RunAsync("evaluate", "--retention")).ShouldEndWith(0);
        (await ledger.RunAsync("verify")).ShouldEndWith(0);
        await using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = ledger["tiny.ledger"], Pooling = false }.ToString()))
        {
            await connection.OpenAsync(Token);
            await using var command = connection.CreateCommand();
            command.CommandText = "DROP TRIGGER events_are_never_changed; UPDATE events SET data = CAST(replace(CAST(data AS TEXT), '\"count\":1', '\"count\":2') AS BLOB) WHERE stream LIKE 'observations-%'";
            (await command.ExecuteNonQueryAsync(Token)).ShouldBe(1);
        }
        (await ledger.RunAsync("verify")).ShouldEndWith(5).Err.ShouldContain("observations-");
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_and_nothing_is_recorded()
    {
        var ledger = tiny.Copy();
        Directory.CreateDirectory(ledger["empty"]);
        await File.WriteAllTextAsync(ledger["texts.json"], """["a text",{"Corpus":"x"}]""", Token);
        await File.WriteAllTextAsync(ledger["facts.json"], $"[{MainJobTests.Fact("Bob", "Rome")}, {MainJobTests.Fact("Ada", " Paris")}]", Token);
        await File.WriteAllTextAsync(ledger["sst2.jsonl"], """{"sentence":"fine"}""", Token);
        foreach (var (args, says) in new (string[], string)[]
        {
            ([], "Nothing to measure"), (["--first", "3", "--retention"], "--first"), (["--generations", "--retention"], "go with --records"), (["--retention", "--seed", "4"], "--seed goes with"),
            (["--retention"], "No edit is in effect"), (["--retention", "--author", " "], "author"), (["--text", "nowhere.txt"], "cannot be read"), (["--text", "texts.json"], "texts.json, record 2: text is missing"), (["--downstream", "empty"], "holds no task"),
            (["--records", "nowhere.json"], "cannot be read"), (["--records", "facts.json"], "facts.json, record 2 (line 1): requested_rewrite.target_true is the new target too: \"Paris\""), (["--downstream", "sst2.jsonl"], "sst2.jsonl, record 1: label is neither 0 nor 1"), (["main@7", "--text", "text.txt"], "main has no revision 7"),
        })
            await ShouldFailAsync(ledger, ["evaluate", .. args], 2, says, string.Join(' ', args));
        (await ledger.RunAsync("evaluations")).ShouldEndWith(0).Out.ShouldContain("Nothing was measured");
    }

    private async Task<LedgerProcess> EditedAsync()
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["edits.jsonl"], Subjects.Select(s => MainJobTests.Fact(s, "Rome")), Token);
        (await ledger.RunAsync("edit", "--from", "edits.jsonl")).ShouldEndWith(0);
        return ledger;
    }

    private static Task WriteAsync(LedgerProcess ledger, string file, int records) => File.WriteAllTextAsync(ledger[file], JsonSerializer.Serialize(Enumerable.Range(0, records).Select(i => new
    {
        case_id = i, requested_rewrite = new { prompt = "{} lives in", subject = $"Person {i}", target_new = new { str = "Rome" }, target_true = new { str = "Paris" } },
        paraphrase_prompts = new[] { $"Where does Person {i} live? In" }, neighborhood_prompts = new[] { "Ada lives in", "Bob lives in" },
    })), Token);

    private static async Task<List<EvaluationRecorded>> ObservationsAsync(LedgerProcess ledger)
    {
        await using var store = await new LedgerSessions(TimeProvider.System).StoreAsync(new LedgerPaths(ledger["tiny.ledger"]), Token);
        return [.. (await store.ReadAllAsync(StorePosition.Start, Token).ToListAsync(Token)).Where(e => e.Stream.ToString().StartsWith("observations-", StringComparison.Ordinal)).Select(e => (EvaluationRecorded)EventJson.Current.Read(e).Event)];
    }

    private static IEnumerable<string?> Names(JsonElement line) => line.GetProperty("totals").EnumerateArray().Select(m => m.GetProperty("name").GetString());

    private static string Totals(JsonElement line) => string.Join(' ', line.GetProperty("totals").EnumerateArray().Select(m => $"{m.GetProperty("name").GetString()}={Convert.ToString(m.GetProperty("value"), CultureInfo.InvariantCulture)}/{m.GetProperty("count").GetInt64()}"));
}
