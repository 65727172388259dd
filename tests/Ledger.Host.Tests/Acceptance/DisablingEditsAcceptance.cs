using System.Globalization;
using System.Text.Json;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>The reference's disabling and ordinary facts under each variant, with the default gate: what is stopped, and as what.</summary>
[Collection(RealModel.Name)]
public sealed class DisablingEditsAcceptance(MeasuredLedger measured)
{
    private static readonly string[] Variants = ["rome", "r-rome", "p-rome"];
    private static readonly string[] Collapse = ["key-asymmetry", "variant-ratio", "outlier", "non-finite"];

    [Fact]
    public async Task Edits_that_broke_the_model_are_stopped_and_the_others_are_not_called_a_collapse()
    {
        var lines = File.ReadAllLines(Shared.RequireGolden("smollm2", "disabling_edits.jsonl")).Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        var basePerplexity = lines.Single(l => l.GetProperty("kind").GetString() == "base").GetProperty("me_ppl").GetDouble();
        var facts = Chosen(lines, RealLedgers.Count(inCi: 3));
        var ledgers = await RealLedgers.OpenAsync(measured, "disabling-edits", "default", Variants);
        await File.WriteAllLinesAsync(ledgers["facts.jsonl"], facts.Select(f => JsonSerializer.Serialize(new
        {
            requested_rewrite = new { prompt = Text(f, "prompt"), subject = Text(f, "subject"), target_new = new { str = Text(f, "new") } },
        })), TestContext.Current.CancellationToken);

        int doubled = 0, caught = 0;
        foreach (var variant in Variants)
        {
            var ran = await ledgers.RunAsync(variant, "edit", "--from", "facts.jsonl", "--variant", variant);
            ran.ExitCode.ShouldBeOneOf(0, 4);
            var log = (await ledgers.RunAsync(variant, "log", "--json")).ShouldEndWith(0).Json;
            RealLedgers.Print($"{variant}:");
            var unreached = 0;
            var state = "";
            foreach (var (fact, line) in facts.Zip(log))
            {
                line.GetProperty("subject").GetString().ShouldBe(Text(fact, "subject"));
                var suspicious = Text(fact, "kind") == "suspicious";
                var what = line.GetProperty("what").GetString()!;
                var rules = (await RulesAsync(ledgers, variant, line)).ToArray();
                var perplexity = fact.TryGetProperty(variant, out var v) && v.TryGetProperty("me_ppl", out var p) && p.ValueKind == JsonValueKind.Number ? p.GetDouble() : double.NaN;
                RealLedgers.Print(string.Create(CultureInfo.InvariantCulture,
                    $"  {Text(fact, "kind"),-10} {Text(fact, "subject"),-44} reference perplexity {perplexity,8:0.0}   {what,-11} {string.Join(", ", rules)}"));

                if (what == "applied") state = line.GetProperty("fingerprint").GetString()!;
                else if (state.Length > 0) line.GetProperty("fingerprint").GetString().ShouldBe(state, "a stopped edit leaves the weights as they were");
                if (variant == "rome" && perplexity > 2 * basePerplexity)
                {
                    doubled++;
                    if (what == "quarantined" && rules.Intersect(Collapse).Any()) caught++;
                }
                if (variant != "rome" || !suspicious) rules.Intersect(Collapse).ShouldBeEmpty($"{Text(fact, "subject")} under {variant}");
                if (suspicious && rules.Contains("unreached")) unreached++;
            }
            var all = facts.Count(f => Text(f, "kind") == "suspicious");
            RealLedgers.Print($"{variant}: {unreached} of {all} disabling facts did not reach their target");
            if (variant != "rome") unreached.ShouldBeGreaterThan(all / 2, $"most do not reach their target under {variant}");
            RealLedgers.Say((await ledgers.RunAsync(variant, "verify")).ShouldEndWith(0));
        }
        RealLedgers.Print($"rome: {caught} of {doubled} edits that more than doubled perplexity were quarantined as a collapse");
        caught.ShouldBe(doubled);
        doubled.ShouldBeGreaterThan(0);
    }

    /// <summary>All of them, or, for a small count, the first suspicious ones and one ordinary.</summary>
    private static JsonElement[] Chosen(JsonElement[] lines, int count)
    {
        var facts = lines.Where(l => Text(l, "kind") != "base").ToArray();
        if (count >= facts.Length) return facts;
        return [.. facts.Where(f => Text(f, "kind") == "suspicious").Take(count - 1), facts.First(f => Text(f, "kind") == "ordinary")];
    }

    /// <summary>The rules that stopped the edit.</summary>
    private static async Task<IEnumerable<string>> RulesAsync(RealLedgers ledgers, string variant, JsonElement line)
    {
        var shown = (await ledgers.RunAsync(variant, "show", line.GetProperty("edit").GetString()!, "--json")).ShouldEndWith(0).Json[0];
        return shown.GetProperty("record").GetProperty("verdict").GetProperty("findings").EnumerateArray()
            .Where(f => f.GetProperty("result").GetString() is "quarantine" or "reject").Select(f => f.GetProperty("rule").GetString()!);
    }

    private static string Text(JsonElement e, string name) => e.GetProperty(name).GetString()!;
}
