using Ledger.Domain;
using Ledger.Host.Tests.Support;
using static Ledger.Host.Tests.Support.Failing;

namespace Ledger.Host.Tests.Cli;

/// <summary>Bisect on short histories: several flips, branches, ends that make no sense.</summary>
public sealed class BisectEndsTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    [Fact]
    public async Task Of_several_flips_one_is_found_and_a_decision_can_be_the_one()
    {
        var ledger = await BrokenAsync();
        (await ledger.RunAsync("revert", "main@3", "--reason", "it breaks")).ShouldEndWith(0);                // 5
        (await ledger.RunAsync("reinstate", "main@3", "--reason", "or not")).ShouldEndWith(0);               // 6
        var (prompt, expect) = await Questions.FlippedAsync(ledger, "main@2", "main@3");
        string[] bisect = ["bisect", "--prompt", prompt, "--expect", expect];

        var any = (await ledger.RunAsync([.. bisect, "--json"])).ShouldEndWith(0).Json.Single();
        var (first, before) = (any.GetProperty("first").GetProperty("revision").GetInt64(), any.GetProperty("lastGood").GetInt64());
        (first, before).ShouldBeOneOf((3, 2), (6, 5));

        var reverted = (await ledger.RunAsync([.. bisect, "--good", "main@3", "--bad", "main@5"])).ShouldEndWith(0).Out;
        reverted.ShouldContain("main@5 is the first bad revision; main@4 is good.");
        reverted.ShouldContain("reverted    by ana");
        reverted.ShouldContain("ledger reinstate ");
        var last = (await ledger.RunAsync([.. bisect, "--good", "main@5", "--json"])).ShouldEndWith(0).Json.Single();
        last.GetProperty("first").GetProperty("what").GetString().ShouldBe("reinstated");
        last.GetProperty("rebuilds").GetInt32().ShouldBe(0);

        await ShouldFailAsync(ledger, [.. bisect, "--good", "main@4"], 2, "are alike");
        await ShouldFailAsync(ledger, [.. bisect, "--good", "main@2", "--bad", "main@5"], 2, "are alike");
    }

    [Fact]
    public async Task On_a_branch_it_begins_where_the_branch_left_or_where_one_says()
    {
        var ledger = await BrokenAsync();
        (await ledger.RunAsync("branch", "what-if", "--from", "main@2")).ShouldEndWith(0);
        (await ledger.RunAsync("branch", "broken", "--from", "main@3")).ShouldEndWith(0);
        var (prompt, expect) = await Questions.FlippedAsync(ledger, "main@2", "main@3");
        string[] bisect = ["bisect", "--prompt", prompt, "--expect", expect, "-T", "broken"];
        (await ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", "Eve", "--to", "English", "-T", "broken")).ShouldEndWith(0);

        await ShouldFailAsync(ledger, bisect, 2, "broken@3 and broken@4 are alike");
        var found = (await ledger.RunAsync([.. bisect, "--good", "main@1"])).ShouldEndWith(0).Out;
        found.ShouldContain("broken@3 is the first bad revision");
        found.ShouldContain("-T broken");
        await ShouldFailAsync(ledger, [.. bisect, "--good", "main@4"], 2, "main@4 is not a revision of broken");
        // It has nothing of its own yet: all it has is looked at.
        await ShouldFailAsync(ledger, ["bisect", "--prompt", prompt, "--expect", expect, "-T", "what-if"], 2, "what-if@0 and what-if@2 are alike");
    }

    [Fact]
    public async Task A_merge_is_one_revision_and_all_it_took_is_named()
    {
        var ledger = await BrokenAsync();
        (await ledger.RunAsync("branch", "clean", "--from", "main@1")).ShouldEndWith(0);
        (await ledger.RunAsync("merge", "main", "-T", "clean", "--resolve", "all=both", "--reason", "to see")).ShouldEndWith(0);
        (await ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", "Eve", "--to", "English", "-T", "clean")).ShouldEndWith(0);
        var (prompt, expect) = await Questions.FlippedAsync(ledger, "clean@1", "clean@2");
        string[] bisect = ["bisect", "--prompt", prompt, "--expect", expect, "-T", "clean"];
        var first = (await ledger.RunAsync([.. bisect, "--json"])).ShouldEndWith(0).Json.Single().GetProperty("first");
        (first.GetProperty("revision").GetInt64(), first.GetProperty("what").GetString()).ShouldBe((2, "merged"));
        first.GetProperty("edits").EnumerateArray().Select(e => e.GetProperty("edit").GetProperty("subject").GetString()).ShouldBe(["Bob", "Cleo", "Dan"]);
        (await ledger.RunAsync(bisect)).ShouldEndWith(0).Out.ShouldContain("ledger branch NAME --from clean@1");
        // Each of them is a suspect of its own.
        var suspects = (await ledger.RunAsync("blame", prompt, "-T", "clean", "--json")).ShouldEndWith(0).Json.Single().GetProperty("suspects").EnumerateArray();
        suspects.Select(s => s.GetProperty("edit").GetProperty("subject").GetString()).ShouldBe(["Ada", "Bob", "Cleo", "Dan", "Eve"], ignoreOrder: true);
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_and_nothing_is_appended()
    {
        var ledger = await BrokenAsync();
        await File.WriteAllTextAsync(ledger["texts.txt"], "some text\n");
        await File.WriteAllTextAsync(ledger["empty.txt"], "\n \n");
        await File.WriteAllBytesAsync(ledger["latin.txt"], [0x41, 0xE9, 0x42]);
        await File.WriteAllTextAsync(ledger["letters.txt"], "a\n");
        string[] answer = ["--prompt", "Ada is", "--expect", "x"], over = ["--perplexity", "texts.txt", "--over"];

        foreach (var (says, args) in new (string, string[])[]
        {
            ("looks at one thing", []), ("looks at one thing", [.. answer, .. over, "3"]), ("looks at one thing", [.. answer, "--run", "--", "true"]),
            ("go together", ["--prompt", "Ada is"]), ("go together", ["--perplexity", "texts.txt"]), ("looks at one thing", ["--expect", "x"]),
            ("--run and a COMMAND go together", ["--run"]), ("--run and a COMMAND go together", [.. answer, "true"]),
            ("the prompt is empty", ["--prompt", " ", "--expect", "x"]), ("every answer begins with it", ["--prompt", "Ada is", "--expect", " "]),
            ("no bound", [.. over, "abc"]), ("no bound", [.. over, "-3"]), ("no bound", [.. over, "0x"]), ("no bound", [.. over, "NaN"]), ("no bound", [.. over, "x"]),
            ("cannot be read", ["--perplexity", "nowhere.txt", "--over", "3"]), ("cannot be read", ["--perplexity", "latin.txt", "--over", "3"]), ("holds no text", ["--perplexity", "empty.txt", "--over", "3"]),
            ("no token to predict", ["--perplexity", "letters.txt", "--over", "3"]),
            ("comes after", [.. answer, "--good", "main@3", "--bad", "main@1"]), ("there is nothing between", [.. answer, "--good", "main@3", "--bad", "main@3"]),
            ("has no revision 9", [.. answer, "--good", "9"]), ("neither a timeline nor a tag", [.. answer, "--bad", "nowhere"]), ("no timeline \"other\"", [.. answer, "-T", "other"]),
            ("there is nothing between", [.. answer, "--bad", "0"]),
        })
            await ShouldFailAsync(ledger, ["bisect", .. args], 2, says, string.Join(' ', args));
    }

    [Fact]
    public async Task Where_nothing_between_changes_the_weights_there_is_nothing_to_look_at()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["strict.json"], """{"name":"strict","version":1,"rules":[{"rule":"unreached","threshold":1,"action":"quarantine"}]}""");
        (await ledger.RunAsync("open", "strict", "--layer", "1", "--policy", "strict.json")).ShouldEndWith(0);
        (await ledger.RunAsync("keystats", "--from", "tiny", "-l", "strict")).ShouldEndWith(0);
        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Rome", "-l", "strict")).ShouldEndWith(4);
        await ShouldFailAsync(ledger, ["bisect", "--prompt", "Ada is", "--expect", "x", "-l", "strict"], 2, "changes the weights");
    }

    /// <summary>Four edits, the third of which breaks the model.</summary>
    private async Task<LedgerProcess> BrokenAsync()
    {
        var ledger = tiny.Copy();
        var first = (await ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", "Ada", "--to", "English", "--json")).ShouldEndWith(0).Json[0];
        await MadeEdits.AppendAsync(ledger, EditId.Parse(first.GetProperty("edit").GetString()!), [("Bob", 1e-6), ("Cleo", 40), ("Dan", 1e-6)]);
        return ledger;
    }
}
