using Ledger.Host.Features;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Cli;

public sealed class SweepTests : IDisposable
{
    private readonly LedgerProcess ledger = new(Directory.CreateTempSubdirectory("ledger-sweep-test-").FullName);

    [Fact]
    public async Task A_sweep_of_the_built_in_model_proposes_a_layer_that_edits_and_opens_nothing()
    {
        var said = (await ledger.RunAsync("open", "mine", "--model", BuiltIn.Model, "--sweep", BuiltIn.Records, "--text", BuiltIn.Corpus, "--clamp", "2")).ShouldEndWith(0).Out;
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        said.ShouldContain("ledger open mine --model");
        said.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].ShouldEndWith("--clamp 2");
        Directory.GetFileSystemEntries(ledger.Folder).ShouldBeEmpty();

        var result = (await ledger.RunAsync("open", "mine", "--model", BuiltIn.Model, "--sweep", BuiltIn.Records, "--text", BuiltIn.Corpus, "--json")).ShouldEndWith(0).Json[0];
        var rows = result.GetProperty("rows").EnumerateArray().ToDictionary(r => r.GetProperty("layer").GetInt32(), r => r.GetProperty("mean").GetDouble());
        rows.Keys.ShouldBe([0, 1, 2]);
        rows[result.GetProperty("best").GetInt32()].ShouldBe(rows.Values.Max());
        rows.Values.Max().ShouldBeGreaterThan(80);
    }

    [Fact]
    public async Task A_sweep_without_text_or_with_records_that_cannot_be_scored_says_what_is_missing()
    {
        await File.WriteAllTextAsync(ledger["plain.jsonl"], """{"requested_rewrite": {"prompt": "{} is in", "subject": "Ada", "target_new": {"str": "Rome"}}}""", TestContext.Current.CancellationToken);
        string[] open = ["open", "mine", "--model", BuiltIn.Model];
        (await ledger.RunAsync([.. open, "--sweep", BuiltIn.Records])).ShouldEndWith(2).Err.ShouldContain("--text");
        (await ledger.RunAsync([.. open, "--text", BuiltIn.Corpus])).ShouldEndWith(2).Err.ShouldContain("--sweep");
        (await ledger.RunAsync([.. open, "--sweep", BuiltIn.Records, "--text", BuiltIn.Corpus, "--layer", "1"])).ShouldEndWith(2).Err.ShouldContain("--layer");
        (await ledger.RunAsync([.. open, "--sweep", BuiltIn.Records, "--text", BuiltIn.Corpus, "--gate", "observe"])).ShouldEndWith(2).Err.ShouldContain("--gate");
        (await ledger.RunAsync([.. open, "--sweep", BuiltIn.Records, "--text", BuiltIn.Corpus, "--evaluations", "0"])).ShouldEndWith(2);
        (await ledger.RunAsync([.. open, "--sweep", "plain.jsonl", "--text", BuiltIn.Corpus])).ShouldEndWith(2).Err.ShouldContain("target_true");
        (await ledger.RunAsync([.. open, "--sweep", "nowhere.json", "--text", BuiltIn.Corpus])).ShouldEndWith(2).Err.ShouldContain("nowhere.json");
        Directory.GetFileSystemEntries(ledger.Folder).ShouldBe([ledger["plain.jsonl"]]);
    }

    public void Dispose() => Directory.Delete(ledger.Folder, recursive: true);
}
