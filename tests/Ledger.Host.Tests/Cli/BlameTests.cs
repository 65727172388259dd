using System.Text.Json;
using Ledger.Domain;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using static Ledger.Host.Tests.Support.Failing;

namespace Ledger.Host.Tests.Cli;

/// <summary>Blame through the real program: what it ranks by, what leaving out means, what needs no model.</summary>
public sealed class BlameTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static readonly string[] Subjects = ["Ada", "Bob Marley", "Cleo", "Dan", "Eve"];

    [Fact]
    public async Task A_fact_is_ranked_by_its_recorded_key_without_a_model_and_a_subject_by_the_same_key()
    {
        var ledger = await EditedAsync();
        var bySubject = await BlameAsync(ledger, "The mother tongue of {} is", "--subject", "Bob Marley", "--confirm", "0");
        var inWords = await BlameAsync(ledger, "The mother tongue of Bob Marley is", "--subject", " Bob Marley", "--confirm", "0");
        Directory.Delete(ledger["model"], recursive: true);
        var byEdit = await BlameAsync(ledger, "--edit", "main@2", "--confirm", "0");

        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(new LedgerPaths(ledger["tiny.ledger"]), TestContext.Current.CancellationToken);
        var main = await session.HistoryAsync(LedgerSetup.Main, TestContext.Current.CancellationToken);
        var k = main.Record(main.Rows[1].Edits[0]).Keys.KO;
        var expected = main.Timeline.InEffect.Select(e => (Edit: e.ToString(), Moves: main.Present(e).Delta.R.Norm() * Math.Abs(main.Present(e).Delta.U.Dot(k)))).OrderByDescending(m => m.Moves).ToList();
        Edits(byEdit).ShouldBe(expected.Select(e => e.Edit));
        foreach (var (r, tolerance) in new[] { (byEdit, 1e-12), (bySubject, 1e-4), (inWords, 1e-4) })
        {
            Edits(r).ShouldBe(Edits(byEdit));
            foreach (var (moves, e) in Suspects(r).Select(s => s.GetProperty("moves").GetDouble()).Zip(expected)) moves.ShouldBe(e.Moves, tolerance * e.Moves);
            Suspects(r).ShouldAllBe(s => s.GetProperty("position").ValueKind == JsonValueKind.Null && s.GetProperty("without").ValueKind == JsonValueKind.Null);
            r.GetProperty("now").ValueKind.ShouldBe(JsonValueKind.Null);
        }
        (await ledger.RunAsync("blame", "--edit", "main@2")).ShouldEndWith(2).Err.ShouldContain("model");
    }

    [Fact]
    public async Task A_free_prompt_is_looked_at_everywhere_and_leaving_out_is_the_fold_without_the_edit()
    {
        var ledger = await EditedAsync();
        const string prompt = "The mother tongue of Bob Marley is";
        var r = await BlameAsync(ledger, prompt, "--confirm", "3");
        var suspects = Suspects(r);
        suspects.Length.ShouldBe(Subjects.Length);
        suspects.Count(s => s.GetProperty("without").ValueKind == JsonValueKind.Object).ShouldBe(3);
        suspects.Take(3).Select(s => s.GetProperty("fall").GetDouble()).ShouldBeInOrder(SortDirection.Descending);
        suspects.Skip(3).Select(s => s.GetProperty("moves").GetDouble()).ShouldBeInOrder(SortDirection.Descending);
        suspects.ShouldAllBe(s => s.GetProperty("token").GetString() == $"{prompt[s.GetProperty("position").GetInt32()]}");      // a token is a byte here
        var subject = await BlameAsync(ledger, prompt, "--subject", "Bob Marley", "--confirm", "0");
        foreach (var s in Suspects(subject))
            suspects.Single(f => Id(f) == Id(s)).GetProperty("moves").GetDouble().ShouldBeGreaterThanOrEqualTo(0.999 * s.GetProperty("moves").GetDouble());

        foreach (var (s, i) in suspects.Take(3).Select((s, i) => (s, i)))
        {
            (await ledger.RunAsync("replay", "main", "--without", Id(s), "--as", $"without-{i}")).ShouldEndWith(0);
            var asked = (await ledger.RunAsync("ask", prompt, "--at", "main", "--at", $"without-{i}", "--json")).ShouldEndWith(0).Json[0].GetProperty("answers").EnumerateArray().Select(a => a.GetProperty("continuation").GetString()).ToArray();
            new[] { r.GetProperty("base"), r.GetProperty("now"), s.GetProperty("without") }.Select(a => a.GetProperty("text").GetString()).ShouldBe(asked);
            (s.GetProperty("without").GetProperty("n").GetDouble() - r.GetProperty("now").GetProperty("n").GetDouble()).ShouldBe(s.GetProperty("fall").GetDouble(), 1e-12);
        }
        (await ledger.RunAsync("blame", prompt)).ShouldEndWith(0).Out.ShouldContain("greedy continuation");
        (await ledger.RunAsync("blame", prompt, "--confirm", "0")).ShouldEndWith(0).Out.ShouldContain("--confirm 5 runs the model");
    }

    [Fact]
    public async Task Only_edits_in_effect_are_suspects_and_a_fact_can_be_asked_about_that_is_not()
    {
        var ledger = await EditedAsync();
        (await ledger.RunAsync("revert", "main@2", "--reason", "to see")).ShouldEndWith(0);
        (await ledger.RunAsync("branch", "early", "--from", "main@3")).ShouldEndWith(0);
        var edits = (await ledger.RunAsync("log", "--json")).ShouldEndWith(0).Json.Select(l => l.GetProperty("edit").GetString()!).ToArray();
        Edits(await BlameAsync(ledger, "--edit", "main@2", "--confirm", "0")).ShouldBe([edits[0], edits[2], edits[3], edits[4]], ignoreOrder: true);
        Edits(await BlameAsync(ledger, "--edit", "main@5", "--at", "main@2", "--confirm", "0")).ShouldBe(edits[..2], ignoreOrder: true);
        Edits(await BlameAsync(ledger, "Ada is", "--confirm", "0", "-T", "early")).ShouldBe(edits[..3], ignoreOrder: true);
        Edits(await BlameAsync(ledger, "Ada is", "--confirm", "0", "--top", "2")).Length.ShouldBe(2);
    }

    [Fact]
    public async Task What_cannot_be_asked_is_refused_and_nothing_is_appended()
    {
        var ledger = await EditedAsync();
        foreach (var (says, args) in new (string, string[])[]
        {
            ("takes a PROMPT, or --edit", []), ("takes a PROMPT, or --edit", ["Ada is", "--edit", "main@1"]), ("brings its subject", ["--edit", "main@1", "--subject", "Ada"]),
            ("the prompt is empty", [" "]), ("no subject is named", ["The mother tongue of {} is"]), ("0 times", ["The mother tongue of Bob is", "--subject", "Ada"]), ("2 times", ["Ada and Ada", "--subject", "Ada"]),
            ("times", ["Ada is", "--subject", " "]), ("has 2 {}", ["{} and {}", "--subject", "Ada"]), ("no space stands before", ["(Ada) is", "--subject", "Ada"]),
            ("No edit is in effect at main@0", ["Ada is", "--at", "main@0"]), ("no edit \"zzzz\"", ["--edit", "zzzz"]), ("has no revision 9", ["Ada is", "--at", "9"]),
            ("--top takes 1 or more", ["Ada is", "--top", "0"]), ("--confirm takes 0 or more", ["Ada is", "--confirm=-1"]), ("positions", [new string('x', 500)]),
        })
            await ShouldFailAsync(ledger, ["blame", .. args], 2, says, string.Join(' ', args));
    }

    private async Task<LedgerProcess> EditedAsync()
    {
        var ledger = tiny.Copy();
        foreach (var (subject, i) in Subjects.Select((s, i) => (s, i)))
            (await ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", subject, "--to", "English", "--variant", new[] { "rome", "r-rome", "p-rome" }[i % 3])).ShouldEndWith(0);
        return ledger;
    }

    private static async Task<JsonElement> BlameAsync(LedgerProcess ledger, params string[] args) => (await ledger.RunAsync(["blame", .. args, "--json"])).ShouldEndWith(0).Json.Single();

    private static JsonElement[] Suspects(JsonElement r) => [.. r.GetProperty("suspects").EnumerateArray()];

    private static string Id(JsonElement suspect) => suspect.GetProperty("edit").GetProperty("id").GetString()!;

    private static string[] Edits(JsonElement r) => [.. Suspects(r).Select(Id)];
}
