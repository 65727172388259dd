using System.Text.Json;
using Ledger.Host.Tests.Support;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Cli;

public sealed class MainJobTests(TinyLedger tiny) : MainJob(tiny), IClassFixture<TinyLedger>;

public sealed class MainJobOnServerTests(TinyLedgerOnServer tiny) : MainJob(tiny), IClassFixture<TinyLedgerOnServer>;

/// <summary>The main job through the real program on a tiny model: nothing here knows the code behind it.</summary>
public abstract class MainJob(TinyLedger tiny)
{
    [Fact]
    public async Task An_edit_becomes_a_revision_and_every_revision_is_rebuilt_bit_for_bit_in_a_new_process()
    {
        var ledger = tiny.Copy();
        var live = new List<string>();
        foreach (var (subject, variant) in new[] { ("Ada", "rome"), ("Bob Marley", "r-rome"), ("Cleo", "p-rome"), ("Dan", "rome"), ("Eve", "r-rome") })
        {
            var edit = (await ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", subject, "--to", "English", "--true", "French", "--variant", variant, "--json")).ShouldEndWith(0).Json[0];
            edit.GetProperty("outcome").GetString().ShouldBe("applied");
            edit.GetProperty("revision").GetInt64().ShouldBe(live.Count + 1);
            live.Add(edit.GetProperty("fingerprint").GetString()!);
        }
        live.Distinct().Count().ShouldBe(live.Count);

        var rebuilt = (await ledger.RunAsync("rebuild", "main@3", "main@1", "head", "2", "main@4", "--json")).ShouldEndWith(0).Json;
        rebuilt.Select(r => r.GetProperty("fingerprint").GetString()).ShouldBe([live[2], live[0], live[4], live[1], live[3]]);
        rebuilt.ShouldAllBe(r => r.GetProperty("agrees").GetBoolean());
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0).Out.ShouldContain("5 weight fingerprints recomputed");
    }

    [Fact]
    public async Task A_reverted_edit_is_left_out_and_reinstated_as_the_last_one()
    {
        var ledger = tiny.Copy();
        var ids = new List<string>();
        foreach (var subject in new[] { "Ada", "Bob" })
            ids.Add((await ledger.RunAsync("edit", "{} lives in", "--subject", subject, "--to", "Rome", "--json")).ShouldEndWith(0).Json[0].GetProperty("edit").GetString()!);
        var two = await FingerprintAsync(ledger, "head");

        var reverted = (await ledger.RunAsync("revert", ids[0][..10], "--reason", "it was wrong")).ShouldEndWith(0);
        reverted.Out.ShouldContain("main@3");
        reverted.Out.ShouldContain("ledger reinstate");
        var one = await FingerprintAsync(ledger, "head");
        one.ShouldNotBe(two);

        (await ledger.RunAsync("revert", ids[0], "--reason", "again")).ShouldEndWith(2).Err.ShouldContain("is reverted and cannot be reverted");
        (await ledger.RunAsync("reinstate", ids[0], "--reason", "it was right")).ShouldEndWith(0);
        var log = (await ledger.RunAsync("log", "--json")).ShouldEndWith(0).Json;
        log.Select(l => l.GetProperty("what").GetString()).ShouldBe(["applied", "applied", "reverted", "reinstated"]);
        (await FingerprintAsync(ledger, "main@2")).ShouldBe(two);
        (await FingerprintAsync(ledger, "main@3")).ShouldBe(one);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task What_the_gate_stops_waits_for_review_and_is_released_or_dismissed()
    {
        var ledger = tiny.Copy();
        // A bound that every edit breaks: the gate's own bounds are tested where its rules are.
        await File.WriteAllTextAsync(ledger["strict.json"], """{"name":"strict","version":1,"rules":[{"rule":"unreached","threshold":1,"action":"quarantine"}]}""");
        (await ledger.RunAsync("open", "strict", "--layer", "1", "--policy", "strict.json")).ShouldEndWith(0);
        (await ledger.RunAsync("keystats", "text.txt", "-l", "strict")).ShouldEndWith(0);
        var w0 = await FingerprintAsync(ledger, "head", "strict");
        var ids = new List<string>();
        foreach (var subject in new[] { "Ada", "Bob", "Cleo" })
        {
            var edit = (await ledger.RunAsync("edit", "{} lives in", "--subject", subject, "--to", "Rome", "-l", "strict", "--json")).ShouldEndWith(4).Json[0];
            edit.GetProperty("outcome").GetString().ShouldBe("quarantined");
            edit.GetProperty("fingerprint").GetString().ShouldBe(w0);
            ids.Add(edit.GetProperty("edit").GetString()!);
        }
        (await ledger.RunAsync("review", "-l", "strict", "--json")).Json.Select(w => w.GetProperty("edit").GetString()).ShouldBe(ids);
        (await FingerprintAsync(ledger, "head", "strict")).ShouldBe(w0);

        (await ledger.RunAsync("review", "release", ids[0], "--reason", "I looked at it", "-l", "strict")).ShouldEndWith(0);
        (await ledger.RunAsync("review", "release", ids[1], "--reason", "anew", "--mode", "optimise", "--variant", "p-rome", "-l", "strict")).ShouldEndWith(0);
        (await ledger.RunAsync("review", "dismiss", ids[2], "--reason", "useless", "-l", "strict")).ShouldEndWith(0);
        (await ledger.RunAsync("review", "dismiss", ids[0], "--reason", "too late", "-l", "strict")).ShouldEndWith(2).Err.ShouldContain("is in effect and cannot be dismissed");
        (await ledger.RunAsync("review", "-l", "strict")).ShouldEndWith(0).Out.ShouldContain("Nothing waits");
        var log = (await ledger.RunAsync("log", "--json", "-l", "strict")).Json;
        log.Select(l => l.GetProperty("what").GetString()).ShouldBe(["quarantined", "quarantined", "quarantined", "released", "released", "dismissed"]);
        var shown = (await ledger.RunAsync("show", ids[1], "-l", "strict")).ShouldEndWith(0).Out;
        shown.ShouldContain("p-rome        in effect");
        shown.ShouldContain("released as p-rome (optimise");
        // Released on the base with the recorded v_e: the factors are those recorded, up to the rounding of W₀k from another sum.
        (await FingerprintAsync(ledger, "main@4", "strict")).ShouldNotBe(w0);
        (await ledger.RunAsync("verify", "--deep", "-l", "strict")).ShouldEndWith(0);
    }

    [Fact]
    public async Task A_dry_run_computes_everything_and_records_nothing()
    {
        var ledger = tiny.Copy();
        var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"]);
        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Rome", "--dry-run")).ShouldEndWith(0).Out.ShouldContain("nothing recorded");
        (await File.ReadAllBytesAsync(ledger["tiny.ledger"])).ShouldBe(before);
    }

    [Fact]
    public async Task Ask_answers_at_a_revision_beside_the_base_and_show_tells_all_of_an_edit()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada Lovelace", "--to", "Rome", "--reason", "a test", "--source", "T-1")).ShouldEndWith(0);
        var answers = (await ledger.RunAsync("ask", "Ada Lovelace lives in", "--json", "--tokens", "4")).ShouldEndWith(0).Json[0].GetProperty("answers");
        answers.EnumerateArray().Select(a => a.GetProperty("revision").GetString()).ShouldBe(["main@0 (base)", "main@1"]);
        answers[0].GetProperty("fingerprint").GetString().ShouldNotBe(answers[1].GetProperty("fingerprint").GetString());
        answers[0].GetProperty("next")[0].GetProperty("probability").GetDouble().ShouldBeInRange(0, 1);
        var shown = (await ledger.RunAsync("show", "main@1")).ShouldEndWith(0).Out;
        shown.ShouldContain("a test");
        shown.ShouldContain("T-1");
        shown.ShouldContain("ledger revert");
    }

    [Fact]
    public async Task A_file_of_edits_is_applied_in_order_and_run_again_goes_on_where_it_was()
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], Enumerable.Range(0, 4).Select(i => Fact($"Person {i}", "Rome")));
        (await ledger.RunAsync("edit", "--from", "facts.jsonl", "--first", "2", "--variant", "p-rome")).ShouldEndWith(0).Out.ShouldContain("2 applied");
        var again = (await ledger.RunAsync("edit", "--from", "facts.jsonl", "--variant", "p-rome")).ShouldEndWith(0).Out;
        again.ShouldContain("2 applied");
        again.ShouldContain("2 done before");
        (await ledger.RunAsync("log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(["Person 0", "Person 1", "Person 2", "Person 3"]);
        // The same file under another variant is another command.
        (await ledger.RunAsync("edit", "--from", "facts.jsonl", "--first", "1", "--variant", "rome")).ShouldEndWith(0).Out.ShouldContain("1 applied");
    }

    [Fact]
    public async Task A_CounterFact_array_on_one_line_is_a_record_each_and_goes_on_too()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["facts.json"], $"[{string.Join(", ", Enumerable.Range(0, 3).Select(i => Fact($"Person {i}", "Rome")))}]");
        (await ledger.RunAsync("edit", "--from", "facts.json", "--first", "2")).ShouldEndWith(0).Out.ShouldContain("2 applied");
        (await ledger.RunAsync("edit", "--from", "facts.json")).ShouldEndWith(0).Out.ShouldContain("1 applied, 0 quarantined, 0 rejected, 2 done before");
        (await ledger.RunAsync("log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(["Person 0", "Person 1", "Person 2"]);
    }

    [Fact]
    public async Task Key_statistics_are_taken_over_from_a_ledger_of_the_same_base_and_layer_only()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("open", "second", "--layer", "1")).ShouldEndWith(0);
        (await ledger.RunAsync("keystats", "--from", "tiny", "-l", "second")).ShouldEndWith(0).Out.ShouldContain("taken over");
        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Rome", "-l", "second")).ExitCode.ShouldBeOneOf(0, 4);
        var (own, taken) = (Directory.GetFiles(ledger["tiny.ledger.d/keystats"]).Select(Path.GetFileName), Directory.GetFiles(ledger["second.ledger.d/keystats"]).Select(Path.GetFileName));
        own.ShouldBeSubsetOf(taken);

        (await ledger.RunAsync("open", "third", "--layer", "0")).ShouldEndWith(0);
        (await ledger.RunAsync("keystats", "--from", "tiny", "-l", "third")).ShouldEndWith(2).Err.ShouldContain("take C from a ledger of the same base and layer");
        (await ledger.RunAsync("keystats", "--from", "third", "-l", "second")).ShouldEndWith(2);
    }

    [Fact]
    public async Task A_ledger_that_is_opened_without_a_layer_edits_the_models_default_one()
    {
        var opened = (await tiny.Copy().RunAsync("open", "second", "--json")).ShouldEndWith(0).Json[0];
        opened.GetProperty("matrix").GetProperty("layer").GetInt32().ShouldBe(TinyCheckpoint.Layers / 3);
    }

    [Fact]
    public async Task C_is_the_same_over_text_however_it_is_packed_and_comes_back_from_ROMEs_format()
    {
        var ledger = tiny.Copy();
        var text = await File.ReadAllTextAsync(ledger["text.txt"]);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Directory.CreateDirectory(ledger["corpus"]);
        await File.WriteAllBytesAsync(ledger["corpus/a.txt.gz"], Corpora.Gzip(string.Join('\n', lines[..20])));
        await File.WriteAllTextAsync(ledger["corpus/b.jsonl"], Corpora.JsonLines(lines[20..40], "body"));
        await File.WriteAllTextAsync(ledger["corpus/c.txt"], string.Join('\n', lines[40..]));
        await File.WriteAllTextAsync(ledger["corpus/README.md"], "no part of it");
        var plain = await StatisticsAsync("plain", "text.txt");
        var packed = await StatisticsAsync("packed", "corpus", "--column", "body");
        packed.GetProperty("digest").GetString().ShouldBe(plain.GetProperty("digest").GetString());
        packed.GetProperty("files").EnumerateArray().Select(f => f.GetString()).ShouldBe(["a.txt.gz", "b.jsonl", "c.txt"]);
        packed.GetProperty("column").GetString().ShouldBe("body");
        foreach (var file in Directory.GetFiles(ledger["plain.ledger.d/keystats"])) File.Delete(file);
        (await ledger.RunAsync("keystats", "--from", "packed", "-l", "plain")).ShouldEndWith(0).Out.ShouldContain("restored");

        // Sums in float64 of float32 means are exact: so is the way back.
        var matrix = Directory.GetFiles(ledger["plain.ledger.d/keystats"], "*.safetensors").Single(f => !f.Contains("cholesky"));
        var c = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>((await File.ReadAllBytesAsync(matrix)).AsSpan(^(4 * TinyCheckpoint.Inner * TinyCheckpoint.Inner)..)).ToArray();
        var tokens = plain.GetProperty("tokens").GetInt64();
        await File.WriteAllBytesAsync(ledger["published.npz"], Npz.Moment(Npz.Doubles(c.Select(x => (double)x * tokens), TinyCheckpoint.Inner), tokens, sample: null));
        var imported = await StatisticsAsync("imported", "import", "published.npz");
        imported.GetProperty("digest").GetString().ShouldBe(plain.GetProperty("digest").GetString());
        imported.GetProperty("context").ValueKind.ShouldBe(JsonValueKind.Null);
        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Rome", "-l", "imported")).ExitCode.ShouldBeOneOf(0, 4);
        (await ledger.RunAsync("verify", "-l", "imported")).ShouldEndWith(0);

        // What is lost is restored from the same file, and from no other.
        foreach (var file in Directory.GetFiles(ledger["imported.ledger.d/keystats"])) File.Delete(file);
        (await ledger.RunAsync("keystats", "text.txt", "--max-tokens", "500", "-l", "imported")).ShouldEndWith(2).Err.ShouldContain("import the recorded file again: published.npz");
        (await ledger.RunAsync("keystats", "import", "published.npz", "-l", "imported")).ShouldEndWith(0).Out.ShouldContain("restored");

        async Task<JsonElement> StatisticsAsync(string name, params string[] args)
        {
            (await ledger.RunAsync("open", name, "--layer", "1")).ShouldEndWith(0);
            return (await ledger.RunAsync(["keystats", .. args, "-l", name, "--json"])).ShouldEndWith(0).Json[0].GetProperty("statistics");
        }
    }

    [Fact]
    public async Task A_ledger_searches_with_the_hyperparameters_it_was_opened_with()
    {
        var ledger = tiny.Copy();
        var opened = (await ledger.RunAsync("open", "short", "--layer", "1", "--gate", "observe", "--evaluations", "3", "--clamp", "0.5", "--json")).ShouldEndWith(0).Json[0].GetProperty("hyperparameters");
        opened.GetProperty("evaluations").GetInt32().ShouldBe(3);
        opened.GetProperty("learningRate").GetDouble().ShouldBe(0.5);
        (await ledger.RunAsync("keystats", "--from", "tiny", "-l", "short")).ShouldEndWith(0);
        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Rome", "-l", "short")).ShouldEndWith(0);
        var signals = (await ledger.RunAsync("show", "main@1", "--json", "-l", "short")).ShouldEndWith(0).Json[0].GetProperty("record").GetProperty("signals");
        signals.GetProperty("loss").GetArrayLength().ShouldBe(3);
        signals.GetProperty("deltaOverM0").GetDouble().ShouldBe(0.5, 1e-6);
    }

    [Fact]
    public async Task The_matrix_is_exported_with_where_it_came_from()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Rome")).ShouldEndWith(0);
        (await ledger.RunAsync("rebuild", "--out", "w.safetensors")).ShouldEndWith(0);
        var bytes = await File.ReadAllBytesAsync(ledger["w.safetensors"]);
        var header = JsonDocument.Parse(bytes.AsMemory(8, (int)BitConverter.ToInt64(bytes))).RootElement;
        var metadata = header.GetProperty("__metadata__");
        metadata.GetProperty("fingerprint").GetString().ShouldBe(await FingerprintAsync(ledger, "head"));
        metadata.GetProperty("revision").GetString().ShouldBe("1");
        var matrix = header.EnumerateObject().Single(p => p.Name != "__metadata__").Value;
        matrix.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32()).ShouldBe([TinyCheckpoint.Hidden, TinyCheckpoint.Inner]);
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes.AsSpan(^(4 * TinyCheckpoint.Hidden * TinyCheckpoint.Inner)..))).ShouldBe(metadata.GetProperty("fingerprint").GetString());
    }

    internal static string Fact(string subject, string target) => JsonSerializer.Serialize(new
    {
        case_id = 1, requested_rewrite = new { prompt = "{} lives in", subject, target_new = new { str = target }, target_true = new { str = "Paris" }, relation_id = "P1" },
    });

    private static async Task<string> FingerprintAsync(LedgerProcess ledger, string revision, string name = "tiny") =>
        (await ledger.RunAsync("rebuild", revision, "--json", "-l", name)).ShouldEndWith(0).Json[0].GetProperty("fingerprint").GetString()!;
}
