using System.Text;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Cli;

public sealed class GateCommandTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_policy_is_shown_in_the_form_it_is_set_in_and_a_later_version_takes_its_place()
    {
        var ledger = tiny.Copy();
        var shown = (await ledger.RunAsync("gate", "--json")).ShouldEndWith(0).Out;
        await File.WriteAllTextAsync(ledger["next.json"], shown.Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal), Token);
        (await ledger.RunAsync("gate", "set", "next.json", "--dry-run")).ShouldEndWith(0).Out.ShouldContain("nothing recorded");
        (await ledger.RunAsync("gate")).ShouldEndWith(0).Out.ShouldContain("observe@1");
        (await ledger.RunAsync("gate", "set", "next.json")).ShouldEndWith(0).Out.ShouldContain("observe@2");
        (await ledger.RunAsync("gate", "--json")).Out.ShouldBe(shown.Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal));
        await Failing.ShouldFailAsync(ledger, ["gate", "set", "next.json"], 2, "has had observe@2 or a later version");
    }

    [Fact]
    public async Task A_policy_behind_a_byte_order_mark_is_read_like_texts_and_records_behind_one()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["marked.json"], """{ "name": "marked", "version": 1, "rules": [] }""", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), Token);
        (await File.ReadAllBytesAsync(ledger["marked.json"], Token))[0].ShouldBe((byte)0xEF);
        (await ledger.RunAsync("gate", "set", "marked.json")).ShouldEndWith(0).Out.ShouldContain("marked@1");
    }

    [Fact]
    public async Task All_faults_of_a_policy_are_said_at_once_by_gate_set_and_by_open_and_nothing_changes()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["bad.json"], """
            { "name": "bad", "version": 1,
              "rules": [{ "rule": "no-such", "threshold": 1, "action": "quarantine" }, { "rule": "outlier", "threshold": 5, "action": "quarantine" },
                        { "rule": "outlier", "threshold": 9, "action": "reject" }, { "rule": "perplexity", "threshold": "NaN", "action": "reject" }],
              "stream": [{ "rule": "drift", "threshold": 1, "every": 0 }] }
            """, Token);
        var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"], Token);
        foreach (var command in new string[][] { ["gate", "set", "bad.json"], ["open", "new", "--layer", "1", "--policy", "bad.json"] })
        {
            var ran = (await ledger.RunAsync(command)).ShouldEndWith(2);
            foreach (var fault in new[] { "no gate rule \"no-such\"", "outlier stands in the policy 2 times, with the bounds 5 and 9", "NaN is not a number", "no text to measure it on", "every 0 revisions" })
                ran.Err.ShouldContain(fault);
        }
        (await File.ReadAllBytesAsync(ledger["tiny.ledger"], Token)).ShouldBe(before);
        File.Exists(ledger["new.ledger"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_policy_that_cannot_be_read_or_whose_probe_the_model_cannot_run_is_refused()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["odd.json"], """{ "name": "odd", "version": 1, "rules": [], "streams": [] }""", Token);
        await Failing.ShouldFailAsync(ledger, ["gate", "set", "odd.json"], 2, "is not a gate policy");
        await File.WriteAllTextAsync(ledger["half.json"], """{ "name": "half", "version": 1, "rules": [], "probe": { "texts": ["a \ud800 b"] } }""", Token);
        await Failing.ShouldFailAsync(ledger, ["gate", "set", "half.json"], 2, "not Unicode");
        await Failing.ShouldFailAsync(ledger, ["gate", "set", "nowhere.json"], 2, "cannot be read");
        // 192 positions, a token a byte.
        await File.WriteAllTextAsync(ledger["long.json"], $$"""{ "name": "long", "version": 1, "rules": [{ "rule": "perplexity", "threshold": 2, "action": "reject" }], "probe": { "texts": ["{{new string('x', 200)}}"] } }""", Token);
        await Failing.ShouldFailAsync(ledger, ["gate", "set", "long.json"], 2, "200 tokens, more than the model's 192 positions");
        await File.WriteAllTextAsync(ledger["generations.json"], """{ "name": "long", "version": 1, "rules": [{ "rule": "entropy", "threshold": 0.1, "action": "reject" }], "probe": { "tokens": 500 } }""", Token);
        await Failing.ShouldFailAsync(ledger, ["gate", "set", "generations.json"], 2, "192 positions");
    }

    [Theory]
    [InlineData("stream[0].action", """ "rules": [], "stream": [{ "rule": "drift", "threshold": 1, "every": 5, "action": "withhold" }] """, "$.stream[0].action should be one of observe, quarantine, reject")]
    [InlineData("rules", """ "rules": {} """, "$.rules should be a list, each of it an object with rule, threshold, action")]
    [InlineData("a null among the rules", """ "rules": [null] """, "$.rules should be a list")]
    [InlineData("threshold", """ "rules": [{ "rule": "outlier", "threshold": "high", "action": "reject" }] """, "$.rules[0].threshold should be a number")]
    [InlineData("a missing bound", """ "rules": [{ "rule": "outlier", "action": "reject" }] """, "$.rules[0] should be an object with rule, threshold, action")]
    [InlineData("every", """ "rules": [], "stream": [{ "rule": "drift", "threshold": 1, "every": 2.5 }] """, "$.stream[0].every should be a whole number")]
    [InlineData("texts", """ "rules": [], "probe": { "texts": ["a", 3] } """, "$.probe.texts[1] should be a text")]
    [InlineData("an unknown field", """ "rules": [], "probe": { "text": ["a"] } """, "$.probe has a field \"text\"; it should be an object with texts, tokens, seed")]
    [InlineData("no JSON", """ "rules": [, """, "LineNumber: 0")]
    public async Task What_is_wrong_in_a_policy_file_is_said_in_the_files_terms(string what, string fields, string says)
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["odd.json"], $$"""{ "name": "odd", "version": 1,{{fields}}}""", Token);
        await Failing.ShouldFailAsync(ledger, ["gate", "set", "odd.json"], 2, says, what);
        (await ledger.RunAsync("gate", "set", "odd.json")).Err.ShouldNotContain("Ledger.");
    }
}
