using System.Text.Json;
using Ledger.Domain;
using Ledger.Engine;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Replay;
using static Ledger.Host.Tests.Support.Failing;

namespace Ledger.Host.Tests.Cli;

/// <summary>Diff, drift and interference through the real program, against matrices rebuilt in the test.</summary>
public sealed class DiffTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_revisions_differ_by_edits_factors_facts_and_the_distance_of_their_matrices()
    {
        var ledger = await EditedAsync("Ada", "Bob", "Cleo");
        (await ledger.RunAsync("branch", "what-if", "--from", "main@2")).ShouldEndWith(0);
        await EditAsync(ledger, "Cleo", "Latin", "-T", "what-if");                      // the fact of main@3, by an edit of its own
        await EditAsync(ledger, "Dan", "English", "-T", "what-if");
        (await ledger.RunAsync("replay", "what-if", "--variant", "p-rome", "--gate", "off", "--as", "again")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "again", "--mode", "factors", "--as", "twice")).ShouldEndWith(0);

        var branch = await DiffAsync(ledger, "main", "what-if");
        branch.GetProperty("same").GetInt32().ShouldBe(2);
        Subjects(branch, "onlyA").ShouldBeEmpty();
        Subjects(branch, "onlyB").ShouldBe(["Dan"]);
        var change = branch.GetProperty("changed").EnumerateArray().Single();
        (change.GetProperty("same").GetString(), change.GetProperty("a").GetProperty("target").GetString(), change.GetProperty("b").GetProperty("target").GetString()).ShouldBe(("fact", "English", "Latin"));
        await DistancesAgreeAsync(ledger, branch, "main@3", "what-if@4");

        // By origin, through a replay of a replay.
        var replayed = await DiffAsync(ledger, "what-if", "twice");
        replayed.GetProperty("changed").EnumerateArray().Select(c => c.GetProperty("same").GetString()).ShouldAllBe(s => s == "origin");
        (replayed.GetProperty("changed").GetArrayLength() + replayed.GetProperty("same").GetInt32()).ShouldBe(4);
        (Subjects(replayed, "onlyA").Count, Subjects(replayed, "onlyB").Count).ShouldBe((0, 0));
        await DistancesAgreeAsync(ledger, replayed, "what-if", "twice");

        var alike = await DiffAsync(ledger, "again", "twice", "--answers");
        (alike.GetProperty("distance").GetDouble(), alike.GetProperty("reordered").GetBoolean(), alike.GetProperty("answers").GetProperty("asked").GetInt32()).ShouldBe((0, false, 0));
        alike.GetProperty("a").GetProperty("state").GetString().ShouldBe(alike.GetProperty("b").GetProperty("state").GetString());
        var atBase = await DiffAsync(ledger, "main@0", "main@1");
        (atBase.GetProperty("a").GetProperty("fromBase").GetDouble(), atBase.GetProperty("a").GetProperty("inEffect").GetInt32()).ShouldBe((0, 0));
        atBase.GetProperty("distance").GetDouble().ShouldBe(atBase.GetProperty("b").GetProperty("fromBase").GetDouble());
        (await ledger.RunAsync("diff", "main", "what-if")).ShouldEndWith(0).Out.ShouldContain("1 with other factors");
    }

    [Fact]
    public async Task Answers_are_those_of_ask_and_without_them_no_model_is_needed()
    {
        var ledger = await EditedAsync("Ada", "Bob", "Cleo");
        var first = (await ledger.RunAsync("log", "--json")).ShouldEndWith(0).Json[0].GetProperty("edit").GetString()!;
        await MadeEdits.AppendAsync(ledger, EditId.Parse(first), [("Dan", 40)]);         // breaks the model, so that answers differ
        await File.WriteAllLinesAsync(ledger["prompts.txt"], ["The mother tongue of Ada is", "", "Something else"], Token);
        var own = (await DiffAsync(ledger, "main@2", "main@4", "--answers")).GetProperty("answers");
        own.GetProperty("asked").GetInt32().ShouldBe(2);
        var file = (await DiffAsync(ledger, "main@0", "main@4", "--prompts", "prompts.txt")).GetProperty("answers");
        file.GetProperty("asked").GetInt32().ShouldBe(2);
        foreach (var d in own.GetProperty("differ").EnumerateArray().Concat(file.GetProperty("differ").EnumerateArray()).ToArray())
            d.GetProperty("a").GetString().ShouldNotBe(d.GetProperty("b").GetString());
        foreach (var prompt in new[] { "The mother tongue of Ada is", "Something else" })
        {
            var asked = (await ledger.RunAsync("ask", prompt, "--at", "main@4", "--tokens", "8", "--json")).ShouldEndWith(0).Json[0].GetProperty("answers").EnumerateArray().Select(a => a.GetProperty("continuation").GetString()).ToArray();
            var differing = file.GetProperty("differ").EnumerateArray().Where(d => d.GetProperty("prompt").GetString() == prompt).ToArray();
            differing.Length.ShouldBe(asked[0] == asked[1] ? 0 : 1);
            foreach (var d in differing) new[] { d.GetProperty("a").GetString(), d.GetProperty("b").GetString() }.ShouldBe(asked);
        }
        file.GetProperty("differ").GetArrayLength().ShouldBeGreaterThan(0);
        (await ledger.RunAsync("diff", "main@0", "main@4", "--answers")).ShouldEndWith(0).Out.ShouldContain("of 4 answers differ");

        Directory.Delete(ledger["model"], recursive: true);
        (await DiffAsync(ledger, "main@2", "main@4")).GetProperty("answers").ValueKind.ShouldBe(JsonValueKind.Null);
        (await ledger.RunAsync("diff", "main@2", "main@4", "--answers")).ShouldEndWith(2);
    }

    [Fact]
    public async Task Drift_and_interference_come_from_events_alone_and_are_what_the_matrices_give()
    {
        var ledger = await EditedAsync("Ada", "Bob", "Cleo", "Dan");
        (await ledger.RunAsync("revert", "main@2", "--reason", "to see")).ShouldEndWith(0);
        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(new LedgerPaths(ledger["tiny.ledger"]), Token);
        var main = await session.HistoryAsync("main", Token);
        var edits = main.EditsInEffect();
        Directory.Delete(ledger["model"], recursive: true);

        var drift = (await ledger.RunAsync("drift", "--json")).ShouldEndWith(0).Json.Single();
        var lines = drift.GetProperty("edits").EnumerateArray().ToArray();
        lines.Length.ShouldBe(3);
        lines.Select(l => l.GetProperty("atKV").GetDouble()).ShouldBeInOrder(SortDirection.Descending);
        foreach (var line in lines)
        {
            var edit = edits.Single(e => e.Edit.ToString() == Id(line, "edit"));
            var residual = Rederive.Output(edit.BaseOutKV, edit.KV, main.DeltasInEffect()).DistanceTo(edit.VE);
            line.GetProperty("residual").GetDouble().ShouldBe(residual, 1e-4 * edit.VE.Norm());
            line.GetProperty("atKV").GetDouble().ShouldBe(residual / edit.VE.DistanceTo(edit.BaseOutKV), 1e-4);
        }
        var summary = drift.GetProperty("atKV");
        (summary.GetProperty("max").GetDouble(), summary.GetProperty("median").GetDouble(), Id(lines[0], "edit"))
            .ShouldBe((lines[0].GetProperty("atKV").GetDouble(), lines[1].GetProperty("atKV").GetDouble(), summary.GetProperty("worst").GetString()!));
        (await ledger.RunAsync("drift", "main@1", "--json")).ShouldEndWith(0).Json.Single().GetProperty("atKV").GetProperty("max").GetDouble().ShouldBeLessThan(1e-4);

        var all = Pairs((await ledger.RunAsync("interference", "--json")).ShouldEndWith(0));
        all.Length.ShouldBe(6);
        all.Select(p => p.GetProperty("value").GetDouble()).ShouldBeInOrder(SortDirection.Descending);
        foreach (var pair in all)
        {
            var (i, j) = (edits.Single(e => e.Edit.ToString() == Id(pair, "by")), edits.Single(e => e.Edit.ToString() == Id(pair, "on")));
            var expected = i.Delta.R.Norm() * Math.Abs(i.Delta.U.Dot(j.KV)) / (j.Delta.R.Norm() * Math.Abs(j.Delta.U.Dot(j.KV)));
            pair.GetProperty("value").GetDouble().ShouldBe(expected, 1e-9 * expected);
            pair.GetProperty("after").GetBoolean().ShouldBe(edits.IndexOf(i) > edits.IndexOf(j));
        }
        var one = Pairs((await ledger.RunAsync("interference", "--edit", "main@3", "--json")).ShouldEndWith(0));
        one.Select(p => (Id(p, "by"), Id(p, "on"))).ShouldBe(all.Select(p => (Id(p, "by"), Id(p, "on"))).Where(p => edits[1].Edit.ToString() is var e && (p.Item1 == e || p.Item2 == e)));
        Pairs((await ledger.RunAsync("interference", "--top", "2", "--json")).ShouldEndWith(0)).Length.ShouldBe(2);
        (await ledger.RunAsync("drift", "--top", "1")).ShouldEndWith(0).Out.ShouldContain("3 edits in effect, the 1 that drifted most");
        (await ledger.RunAsync("interference")).ShouldEndWith(0).Out.ShouldContain("3 edits in effect");
    }

    [Fact]
    public async Task What_is_not_there_or_not_in_effect_is_refused_and_nothing_is_appended()
    {
        var ledger = await EditedAsync("Ada", "Bob");
        (await ledger.RunAsync("revert", "main@1", "--reason", "to see")).ShouldEndWith(0);
        await File.WriteAllTextAsync(ledger["empty.txt"], "\n", Token);
        foreach (var (says, args) in new (string, string[])[]
        {
            ("required argument", ["diff", "main"]), ("no revision 9", ["diff", "main@1", "main@9"]), ("neither a timeline nor a tag", ["diff", "nowhere", "main"]),
            ("cannot be read", ["diff", "main@0", "main", "--prompts", "nowhere.txt"]), ("holds no prompt", ["diff", "main@0", "main", "--prompts", "empty.txt"]),
            ("No edit is in effect at main@0", ["drift", "main@0"]), ("No edit is in effect at main@0", ["interference", "0"]), ("no timeline \"other\"", ["drift", "-T", "other"]),
            ("--top takes 1 or more", ["drift", "--top", "0"]), ("--top takes 1 or more", ["interference", "--top=-2"]),
            ("no edit \"zzzz\"", ["interference", "--edit", "zzzz"]), ("is not in effect at main@3", ["interference", "--edit", "main@1"]),
        })
            await ShouldFailAsync(ledger, args, 2, says, string.Join(' ', args));
    }

    private async Task<LedgerProcess> EditedAsync(params string[] subjects)
    {
        var ledger = tiny.Copy();
        foreach (var (subject, i) in subjects.Select((s, i) => (s, i))) await EditAsync(ledger, subject, "English", "--variant", new[] { "r-rome", "p-rome", "rome" }[i % 3]);
        return ledger;
    }

    private static async Task EditAsync(LedgerProcess ledger, string subject, string target, params string[] more) =>
        (await ledger.RunAsync(["edit", "The mother tongue of {} is", "--subject", subject, "--to", target, .. more])).ShouldEndWith(0);

    private static async Task<JsonElement> DiffAsync(LedgerProcess ledger, params string[] args) => (await ledger.RunAsync(["diff", .. args, "--json"])).ShouldEndWith(0).Json.Single();

    private static async Task DistancesAgreeAsync(LedgerProcess ledger, JsonElement diff, string a, string b)
    {
        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(new LedgerPaths(ledger["tiny.ledger"]), Token);
        var matrix = session.Setup.Base.Matrix;
        var w0 = new ModelLibrary("cpu").ReadMatrix(ledger["model"], matrix);
        var (wa, wb) = (await AtAsync(a), await AtAsync(b));
        diff.GetProperty("distance").GetDouble().ShouldBe(Distance(wa, wb), 1e-5);
        diff.GetProperty("absDelta").GetDouble().ShouldBe(Distance(wa, wb) / matrix.Elements, 1e-7);
        diff.GetProperty("a").GetProperty("fromBase").GetDouble().ShouldBe(Distance(wa, w0), 1e-5);
        diff.GetProperty("b").GetProperty("fromBase").GetDouble().ShouldBe(Distance(wb, w0), 1e-5);
        foreach (var (side, w) in new[] { ("a", wa), ("b", wb) })
            if (diff.GetProperty(side).GetProperty("fingerprint").GetString() is { } recorded) recorded.ShouldBe($"{WeightFingerprint.Of(w)}");

        async Task<float[]> AtAsync(string name)
        {
            var w = (float[])w0.Clone();
            Fold.Apply(w, matrix.Dv, matrix.Dk, (await session.AtAsync(RevisionName.Parse(name), Token)).DeltasInEffect(), Token);
            return w;
        }
    }

    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => ((double)x - y) * ((double)x - y)).Sum());

    private static List<string?> Subjects(JsonElement diff, string side) => [.. diff.GetProperty(side).EnumerateArray().Select(e => e.GetProperty("subject").GetString())];

    private static JsonElement[] Pairs(Ran ran) => [.. ran.Json.Single().GetProperty("pairs").EnumerateArray()];

    private static string Id(JsonElement line, string which) => line.GetProperty(which).GetProperty("id").GetString()!;
}
