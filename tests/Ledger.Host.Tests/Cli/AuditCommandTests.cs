using System.Globalization;
using System.Text;
using CsvHelper;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Cli;

/// <summary>Who changed what, when and why, through the real program. What a filter means is tested where it lies, in the projections.</summary>
public sealed class AuditCommandTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    [Fact]
    public async Task Without_a_timeline_every_revision_is_there_once_and_with_one_what_it_inherited_too()
    {
        var ledger = await GrownAsync();
        (await RevisionsAsync(ledger)).ShouldBe(["main@1 applied", "main@2 applied", "what-if@2 applied", "what-if@3 reverted", "main@3 reverted"]);
        (await RevisionsAsync(ledger, "-T", "what-if")).ShouldBe(["what-if@1 applied", "what-if@2 applied", "what-if@3 reverted"]);
        (await RevisionsAsync(ledger, "--subject", "Ada")).ShouldBe(["main@1 applied", "what-if@3 reverted"]);
        (await RevisionsAsync(ledger, "--author", "ben")).ShouldBe(["main@3 reverted"]);
        (await RevisionsAsync(ledger, "--variant", "p-rome", "--outcome", "applied")).ShouldBe(["what-if@2 applied"]);
        (await RevisionsAsync(ledger, "--relation", "P103")).ShouldBeEmpty();
        (await RevisionsAsync(ledger, "--prompt", "The mother tongue of {} is", "--subject", "=Cleo")).ShouldBe(["what-if@2 applied"]);
        // An audit that nobody narrows is of everything.
        (await RevisionsAsync(new LedgerProcess(ledger.Folder, new Dictionary<string, string> { ["LEDGER_TIMELINE"] = "what-if" }))).Count.ShouldBe(5);

        var printed = (await ledger.RunAsync("audit")).ShouldEndWith(0).Out;
        printed.ShouldContain("only here");
        printed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(6);
        (await ledger.RunAsync("audit", "--subject", "nobody")).ShouldEndWith(0).Out.ShouldBe("No revision fits.\n");
    }

    [Fact]
    public async Task A_time_range_holds_its_days_whole()
    {
        var ledger = await GrownAsync();
        var times = (await ledger.RunAsync("audit", "--json")).ShouldEndWith(0).Json.Select(l => l.GetProperty("time").GetString()!).ToList();
        times.ShouldAllBe(t => t.EndsWith('Z') && t.Length == 28);
        (await RevisionsAsync(ledger, "--since", times[1], "--until", times[3])).Count.ShouldBe(3);
        var (first, last) = (times[0][..10], times[^1][..10]);
        (await RevisionsAsync(ledger, "--since", first, "--until", last)).Count.ShouldBe(5);
        (await RevisionsAsync(ledger, "--until", "2001-01-01")).ShouldBeEmpty();
        (await RevisionsAsync(ledger, "--since", "9999-12-31", "--until", "9999-12-31")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Csv_and_json_lines_hold_the_same_fields_and_a_formula_is_text()
    {
        var ledger = await GrownAsync();
        var json = (await ledger.RunAsync("audit", "--format", "jsonl")).ShouldEndWith(0).Json;
        var csv = (await ledger.RunAsync("audit", "--format", "csv")).ShouldEndWith(0).Out;
        csv.Split("\r\n").Length.ShouldBeGreaterThan(json.Count);

        using var reader = CsvReader.Create(new MemoryStream(Encoding.UTF8.GetBytes(csv)), new CsvReaderOptions { HasHeader = true });
        var rows = 0;
        while (reader.Read())
        {
            var fields = json[rows++].EnumerateObject().ToList();
            reader.Headers.ToArray().ShouldBe(fields.Select(f => f.Name));
            foreach (var (field, column) in fields.Select((f, i) => (f, i)))
            {
                var cell = reader.GetString(column);
                if (field.Value.ValueKind == System.Text.Json.JsonValueKind.Number) double.Parse(cell, CultureInfo.InvariantCulture).ShouldBe(field.Value.GetDouble(), field.Name);
                else cell.ShouldBe(field.Value.GetString() is not { } text ? "" : text.StartsWith('=') ? "'" + text : text, field.Name);
            }
        }
        rows.ShouldBe(5);
        json[2].GetProperty("subject").GetString().ShouldBe("=Cleo");
        json[2].GetProperty("reason").GetString().ShouldBe("a, \"b\"\nand c");

        // What an export says of where it comes from, and what it does not depend on.
        var log = (await ledger.RunAsync("log", "--json", "-T", "what-if")).ShouldEndWith(0).Json;
        foreach (var name in new[] { "hash", "state", "fingerprint" }) json[2].GetProperty(name).GetString().ShouldBe(log[1].GetProperty(name).GetString(), name);
        json.Select(l => l.GetProperty("ledger").GetString()).Distinct().ShouldHaveSingleItem().ShouldNotBeNullOrEmpty();
        json.ShouldAllBe(l => l.GetProperty("state").GetString()!.Length == 64);
    }

    [Fact]
    public async Task What_is_asked_for_wrongly_is_refused()
    {
        var ledger = tiny.Copy();
        await RefusedAsync("must be one of", "--variant", "q-rome");
        await RefusedAsync("must be one of", "--outcome", "reverted");
        await RefusedAsync("must be one of", "--format", "xml");
        await RefusedAsync("leave one of them out", "--format", "csv", "--json");
        await RefusedAsync("give --since the earlier time", "--since", "2026-11-27", "--until", "2026-11-26");
        await RefusedAsync("is not a time", "--since", "yesterday");
        await RefusedAsync("is not a time", "--until", "12:00");
        await RefusedAsync("is not a time", "--until", "2026-13-01");
        await RefusedAsync("did you mean main?", "-T", "mian");

        Task RefusedAsync(string says, params string[] options) => Failing.ShouldFailAsync(ledger, ["audit", .. options], 2, says);
    }

    /// <summary>Two edits on <c>main</c>, a branch after the first with an edit of its own that reverts it, and a revert by somebody else.</summary>
    private async Task<LedgerProcess> GrownAsync()
    {
        var ledger = tiny.Copy();
        await EditAsync("Ada");
        await EditAsync("Bob");
        (await ledger.RunAsync("branch", "what-if", "--from", "main@1")).ShouldEndWith(0);
        await EditAsync("=Cleo", "-T", "what-if", "--variant", "p-rome", "--reason", "a, \"b\"\nand c");
        (await ledger.RunAsync("revert", "what-if@1", "--reason", "only here", "-T", "what-if")).ShouldEndWith(0);
        (await ledger.RunAsync("revert", "main@2", "--reason", "wrong", "--author", "ben")).ShouldEndWith(0);
        return ledger;

        async Task EditAsync(string subject, params string[] more) =>
            (await ledger.RunAsync(["edit", "The mother tongue of {} is", "--subject", subject, "--to", "English", .. more])).ShouldEndWith(0);
    }

    private static async Task<IReadOnlyList<string>> RevisionsAsync(LedgerProcess ledger, params string[] options) =>
        [.. (await ledger.RunAsync(["audit", "--json", .. options])).ShouldEndWith(0).Json.Select(l => $"{l.GetProperty("timeline").GetString()}@{l.GetProperty("revision").GetInt64()} {l.GetProperty("what").GetString()}")];
}
