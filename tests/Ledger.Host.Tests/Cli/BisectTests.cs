using System.Text.Json;
using Ledger.Domain;
using Ledger.Engine.Checkpoints;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Replay;

namespace Ledger.Host.Tests.Cli;

/// <summary>A history of 1,000 edits on a tiny model, one of which breaks it.</summary>
public sealed class PlantedLedger : IAsyncLifetime
{
    public const int Edits = 1000, Planted = 617;

    private readonly TinyLedger tiny = new();

    internal LedgerProcess Ledger { get; private set; } = null!;

    /// <summary>A prompt whose answer the planted edit changes, and what it was before.</summary>
    internal (string Prompt, string Expect) Question { get; private set; }

    public async ValueTask InitializeAsync()
    {
        await tiny.InitializeAsync();
        Ledger = tiny.Copy();
        var first = (await Ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", "Ada", "--to", "English", "--json")).ShouldEndWith(0).Json[0];
        await MadeEdits.AppendAsync(Ledger, EditId.Parse(first.GetProperty("edit").GetString()!), Enumerable.Range(2, Edits - 1).Select(n => ($"Person {n}", n == Planted ? 40 : 1e-6)));
        Question = await Questions.FlippedAsync(Ledger, $"main@{Planted - 1}", $"main@{Planted}");
    }

    public ValueTask DisposeAsync() => tiny.DisposeAsync();
}

internal static class Questions
{
    /// <summary>A prompt that is answered otherwise at one revision than at another, and the first letter of the first answer.</summary>
    public static async Task<(string Prompt, string Expect)> FlippedAsync(LedgerProcess ledger, string before, string after)
    {
        foreach (var prompt in new[] { "The mother tongue of Ada is", "Bob Marley lives in", "The capital of France is", "Who wrote this", "One two three" })
        {
            var said = (await ledger.RunAsync("ask", prompt, "--at", before, "--at", after, "--tokens", "8", "--json")).ShouldEndWith(0).Json[0].GetProperty("answers").EnumerateArray().ToArray();
            string[] texts = [.. said[^2..].Select(a => a.GetProperty("continuation").GetString()!.TrimStart())];
            if (texts[0].Length > 0 && char.IsAscii(texts[0][0]) && !char.IsControl(texts[0][0]) && !texts[1].StartsWith(texts[0][0])) return (prompt, texts[0][..1]);
        }
        throw new InvalidOperationException("No prompt is answered otherwise.");
    }
}

/// <summary>Bisect through the real program.</summary>
public sealed class BisectTests(PlantedLedger planted) : IClassFixture<PlantedLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_answer_that_one_of_1000_edits_flipped_leads_to_it_with_at_most_10_rebuilds_besides_the_ends()
    {
        var (prompt, expect) = planted.Question;
        var before = await File.ReadAllBytesAsync(planted.Ledger["tiny.ledger"], Token);
        var r = (await planted.Ledger.RunAsync("bisect", "--prompt", prompt, "--expect", expect, "--json")).ShouldEndWith(0).Json.Single();

        ShouldLeadToThePlantedEdit(r);
        (r.GetProperty("good").GetInt64(), r.GetProperty("bad").GetInt64(), r.GetProperty("changes").GetInt32(), r.GetProperty("most").GetInt32()).ShouldBe((0, PlantedLedger.Edits, PlantedLedger.Edits, 10));
        var culprit = r.GetProperty("first").GetProperty("edits").EnumerateArray().Single();
        (culprit.GetProperty("edit").GetProperty("subject").GetString(), culprit.GetProperty("status").GetString()).ShouldBe(($"Person {PlantedLedger.Planted}", "in-effect"));
        (await File.ReadAllBytesAsync(planted.Ledger["tiny.ledger"], Token)).ShouldBe(before);

        // The other way round: what is expected holds at the later end only.
        var to = Saw(r, "bad");
        ShouldLeadToThePlantedEdit((await planted.Ledger.RunAsync("bisect", "--prompt", prompt, "--expect", System.Globalization.StringInfo.GetNextTextElement(to), "--json")).ShouldEndWith(0).Json.Single());
        (await planted.Ledger.RunAsync("bisect", "--prompt", prompt, "--expect", expect)).ShouldEndWith(0).Out
            .ShouldContain($"main@{PlantedLedger.Planted} is the first bad revision; main@{PlantedLedger.Planted - 1} is good.");
    }

    [Fact]
    public async Task A_perplexity_over_a_bound_leads_to_the_same_edit_whether_the_bound_is_a_number_or_times_the_bases()
    {
        // This tiny model is so sure of what it says that broken it is less wrong: the bad end is under the bound.
        await File.WriteAllTextAsync(planted.Ledger["texts.txt"], "abc def ghi\n\nthe mother tongue of Ada is English\n", Token);
        var relative = (await planted.Ledger.RunAsync("bisect", "--perplexity", "texts.txt", "--over", "0.9x", "--json")).ShouldEndWith(0).Json.Single();
        ShouldLeadToThePlantedEdit(relative);
        var bound = relative.GetProperty("trial").GetString()!.Split(' ', ',')[5];
        var absolute = (await planted.Ledger.RunAsync("bisect", "--perplexity", "texts.txt", "--over", bound, "--good", "600", "--bad", "main@700", "--json")).ShouldEndWith(0).Json.Single();
        ShouldLeadToThePlantedEdit(absolute);
        absolute.GetProperty("rebuilds").GetInt32().ShouldBeLessThanOrEqualTo(7);
        (await planted.Ledger.RunAsync("bisect", "--perplexity", "texts.txt", "--over", "1000x")).ShouldEndWith(2).Err.ShouldContain("are alike");
    }

    [Fact]
    public async Task A_command_gets_each_rebuilt_matrix_and_its_words_as_they_were_given()
    {
        var script = await ScriptAsync("""
            cp "$LEDGER_MATRIX" "seen-$LEDGER_REVISION.safetensors"
            echo "$LEDGER_TIMELINE $LEDGER_REVISION $LEDGER_FINGERPRINT $LEDGER_MATRIX $# $1" >> seen.txt
            echo "looking at $LEDGER_REVISION"
            test "$LEDGER_REVISION" -lt 617
            """);
        var ran = (await planted.Ledger.RunAsync("bisect", "--json", "--run", "--", "/bin/sh", script, "two  words; $(touch broken) *")).ShouldEndWith(0);

        ShouldLeadToThePlantedEdit(ran.Json.Single());
        ran.Err.ShouldContain("looking at 1000");
        File.Exists(planted.Ledger["broken"]).ShouldBeFalse();
        var steps = ran.Json[0].GetProperty("steps").EnumerateArray().ToArray();
        var seen = await File.ReadAllLinesAsync(planted.Ledger["seen.txt"], Token);
        seen.Length.ShouldBe(steps.Length);
        foreach (var (line, step) in seen.Zip(steps))
        {
            var (words, revision, fingerprint) = (line.Split(' ', 6), step.GetProperty("revision").GetInt64(), step.GetProperty("fingerprint").GetString()!);
            words.ShouldBe(["main", $"{revision}", fingerprint, words[3], "1", "two  words; $(touch broken) *"]);
            Path.Exists(words[3]).ShouldBeFalse();
            Path.Exists(Path.GetDirectoryName(words[3])).ShouldBeFalse();
            using var file = SafetensorsFile.Open(planted.Ledger[$"seen-{revision}.safetensors"]);
            WeightFingerprint.Of(file.ReadFloats("h.1.mlp.c_proj.weight")).ShouldBe(Digest.Parse(fingerprint));
        }
    }

    [Fact]
    public async Task What_a_command_cannot_tell_is_left_out_and_where_that_leaves_several_they_are_named()
    {
        string[] run = ["--json", "--run", "--", "/bin/sh"];
        var around = await ScriptAsync("case $LEDGER_REVISION in 4??|5??) exit 125;; esac; test \"$LEDGER_REVISION\" -lt 617");
        var found = (await planted.Ledger.RunAsync(["bisect", .. run, around])).ShouldEndWith(0).Json.Single();
        ShouldLeadToThePlantedEdit(found, most: 21);
        found.GetProperty("steps").EnumerateArray().ShouldContain(s => s.GetProperty("side").GetString() == "untested");

        var across = await ScriptAsync("test \"$LEDGER_REVISION\" -gt 612 -a \"$LEDGER_REVISION\" -lt 620 && exit 125; test \"$LEDGER_REVISION\" -lt 617");
        var several = (await planted.Ledger.RunAsync(["bisect", "--good", "600", "--bad", "640", .. run, across])).ShouldEndWith(1).Json.Single();
        several.GetProperty("first").ValueKind.ShouldBe(JsonValueKind.Null);
        several.GetProperty("untested").EnumerateArray().Select(u => u.GetInt32()).ShouldBe(Enumerable.Range(613, 8));
        several.GetProperty("lastGood").GetInt32().ShouldBe(612);
        (await planted.Ledger.RunAsync("bisect", "--good", "600", "--bad", "640", "--run", "--", "/bin/sh", across)).ShouldEndWith(1).Out.ShouldContain("cannot be told: it is one of main@613");
    }

    [Fact]
    public async Task A_command_that_says_stop_is_killed_or_is_not_there_ends_the_search()
    {
        var temporary = Directory.CreateDirectory(planted.Ledger["temporary"]).FullName;
        var ledger = new LedgerProcess(planted.Ledger.Folder, new Dictionary<string, string> { ["TMPDIR"] = temporary });
        foreach (var (body, code) in new[] { ("exit 128", 128), ("exit 255", 255), ("kill -9 $$", 137) })
        {
            var ran = (await ledger.RunAsync("bisect", "--run", "--", "/bin/sh", await ScriptAsync(body))).ShouldEndWith(1);
            ran.Err.ShouldContain($"ended with exit code {code} at main@0");
            ran.Out.ShouldBeEmpty();
        }
        (await ledger.RunAsync("bisect", "--run", "--", "./nowhere.sh")).ShouldEndWith(2).Err.ShouldContain("cannot be run");
        (await ledger.RunAsync("bisect", "--run", "--", "/bin/sh", await ScriptAsync("exit 125"))).ShouldEndWith(2).Err.ShouldContain("main@0 cannot be tested: exit code 125");
        (await ledger.RunAsync("bisect", "--run", "--", "/bin/sh", await ScriptAsync("exit 7"))).ShouldEndWith(2).Err.ShouldContain("are alike");
        Directory.GetFileSystemEntries(temporary, "ledger-*").ShouldBeEmpty();
    }

    private static void ShouldLeadToThePlantedEdit(JsonElement r, int most = 10)
    {
        var first = r.GetProperty("first");
        (first.GetProperty("revision").GetInt64(), first.GetProperty("what").GetString(), r.GetProperty("lastGood").GetInt64()).ShouldBe((PlantedLedger.Planted, "applied", PlantedLedger.Planted - 1));
        r.GetProperty("untested").GetArrayLength().ShouldBe(0);
        r.GetProperty("rebuilds").GetInt32().ShouldBeLessThanOrEqualTo(most);
        r.GetProperty("steps").EnumerateArray().Skip(2).Count(s => s.GetProperty("rebuilt").GetBoolean()).ShouldBe(r.GetProperty("rebuilds").GetInt32());
    }

    /// <summary>What was seen on a side, without the quotes around it.</summary>
    private static string Saw(JsonElement r, string side) => r.GetProperty("steps").EnumerateArray().First(s => s.GetProperty("side").GetString() == side).GetProperty("saw").GetString()!.Trim('"');

    private async Task<string> ScriptAsync(string body)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("the scripts are for /bin/sh");
        var name = $"check-{Guid.NewGuid():N}.sh";
        await File.WriteAllTextAsync(planted.Ledger[name], body, Token);
        return name;
    }
}
