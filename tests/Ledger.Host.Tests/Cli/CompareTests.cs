using System.Text.Json;
using System.Xml.Linq;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Cli;

/// <summary>Comparisons through the real program: what matches what, what needs the model, the page.</summary>
public sealed class CompareTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    [Fact]
    public async Task Edits_are_matched_with_what_replays_made_of_them()
    {
        var ledger = await ReplayedAsync();
        (await ledger.RunAsync("revert", "main-p@2", "-T", "main-p", "--reason", "to see")).ShouldEndWith(0);
        (await ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", "Zoe", "--to", "Rome", "-T", "main-p")).ShouldEndWith(0);

        var c = (await ledger.RunAsync("compare", "main", "main-p", "--json")).ShouldEndWith(0).Json[0];

        var edits = c.GetProperty("edits").EnumerateArray().ToList();
        edits.Select(e => e.GetProperty("subject").GetString()).ShouldBe(["Ada", "Bob", "Cleo", "Zoe"]);
        edits.Take(3).ShouldAllBe(e => e.GetProperty("a").GetProperty("variant").GetString() == "rome" && e.GetProperty("b").GetProperty("variant").GetString() == "p-rome");
        edits[1].GetProperty("b").GetProperty("status").GetString().ShouldBe("reverted");
        edits[1].GetProperty("b").GetProperty("drift").ValueKind.ShouldBe(JsonValueKind.Null);
        edits[3].GetProperty("a").ValueKind.ShouldBe(JsonValueKind.Null);
        // The last edit of a timeline is as it was written.
        edits[2].GetProperty("a").GetProperty("drift").GetDouble().ShouldBeLessThan(1e-3);
        (c.GetProperty("a").GetProperty("inEffect").GetInt32(), c.GetProperty("b").GetProperty("inEffect").GetInt32()).ShouldBe((3, 3));
        (c.GetProperty("a").GetProperty("withoutPass").GetInt32(), c.GetProperty("b").GetProperty("withoutPass").GetInt32()).ShouldBe((0, 2));       // the replay had no model; Zoe's edit did
        c.GetProperty("revisions").EnumerateArray().Select(r => r.GetProperty("a").ValueKind == JsonValueKind.Null).ShouldBe([false, false, false, true, true]);
        c.GetProperty("revisions")[4].GetProperty("between").GetDouble().ShouldBe(c.GetProperty("between").GetDouble(), 1e-12);
        c.GetProperty("asked").GetInt32().ShouldBe(4);
        c.GetProperty("a").GetProperty("efficacy").ValueKind.ShouldBe(JsonValueKind.Number);
        var rebuilt = (await ledger.RunAsync("rebuild", "main", "main-p", "--json")).ShouldEndWith(0).Json;
        new[] { "a", "b" }.Select(s => c.GetProperty(s).GetProperty("fingerprint").GetString()).ShouldBe(rebuilt.Select(r => r.GetProperty("fingerprint").GetString()));
    }

    [Fact]
    public async Task A_timeline_is_like_its_own_replay_and_needs_no_model_to_say_so()
    {
        var ledger = await ReplayedAsync();
        (await ledger.RunAsync("replay", "main", "--as", "same")).ShouldEndWith(0);
        Directory.Delete(ledger["model"], recursive: true);

        var c = (await ledger.RunAsync("compare", "main", "same", "--json", "--no-answers")).ShouldEndWith(0).Json[0];
        c.GetProperty("between").GetDouble().ShouldBe(0);
        c.GetProperty("a").GetProperty("state").GetString().ShouldBe(c.GetProperty("b").GetProperty("state").GetString());
        c.GetProperty("asked").ValueKind.ShouldBe(JsonValueKind.Null);
        var printed = (await ledger.RunAsync("compare", "main", "main-p", "--edits", "--facts", "--no-answers")).ShouldEndWith(0).Out;
        printed.ShouldContain("rome | p-rome");
        printed.ShouldContain("unreached not evaluated");
    }

    [Fact]
    public async Task The_page_is_one_file_in_which_texts_are_texts()
    {
        var ledger = await ReplayedAsync();
        (await ledger.RunAsync("edit", "{} & <b>friends</b> live in", "--subject", "<script>alert(1)</script>", "--to", "Rome", "-T", "main-p")).ShouldEndWith(0);
        await File.WriteAllLinesAsync(ledger["prompts.txt"], ["Ada lives in", "", "Nobody <i>lives</i> in"]);

        (await ledger.RunAsync("compare", "main", "main-p", "--prompts", "prompts.txt", "--text", "prompts.txt", "--html", "text.html")).ShouldEndWith(0).Out.ShouldContain("written to text.html");

        var page = await File.ReadAllTextAsync(ledger["text.html"]);
        page.ShouldNotContain("<script");
        page.ShouldNotContain("http://www.w3.org/1999/xlink");
        page.ShouldContain("perplexity");
        XDocument.Parse(page[page.IndexOf("<html", StringComparison.Ordinal)..]).Descendants().Count(e => e.Name.LocalName == "svg").ShouldBe(3);
    }

    [Fact]
    public async Task What_cannot_be_compared_is_refused()
    {
        var ledger = await ReplayedAsync();
        await File.WriteAllTextAsync(ledger["empty.txt"], "\n");
        await RefusedAsync("neither a timeline nor a tag", "main", "nowhere");
        await RefusedAsync("has no revision 9", "main@9", "main-p");
        await RefusedAsync("holds no prompt", "main", "main-p", "--prompts", "empty.txt");
        await RefusedAsync("cannot be read", "main", "main-p", "--text", "nowhere.txt");
        await RefusedAsync("no folder", "main", "main-p", "--html", "nowhere/page.html");
        await RefusedAsync("is a folder", "main", "main-p", "--html", ".");
        await RefusedAsync("exists already", "main", "main-p", "--html", "tiny.ledger");

        async Task RefusedAsync(string why, params string[] args)
        {
            var ran = (await ledger.RunAsync(["compare", .. args])).ShouldEndWith(2);
            ran.Err.ShouldContain(why);
            ran.Out.ShouldBeEmpty();
        }
    }

    private async Task<LedgerProcess> ReplayedAsync()
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], new[] { "Ada", "Bob", "Cleo" }.Select(s =>
            $$"""{"prompt":"The mother tongue of {} is","subject":"{{s}}","target":"English","target_true":"French","paraphrases":["{{s}} speaks"]}"""));
        (await ledger.RunAsync("edit", "--from", "facts.jsonl", "--variant", "rome")).ShouldEndWith(0);
        (await ledger.RunAsync("replay", "main", "--variant", "p-rome", "--as", "main-p")).ShouldEndWith(0).Out.ShouldContain("unreached was not evaluated for 3 edits");
        return ledger;
    }
}
