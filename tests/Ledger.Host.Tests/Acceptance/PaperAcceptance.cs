using Ledger.TestKit;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>
/// The paper's experiments on the real model: COUNT records alone, twice as many in a row with the gate off and again with it on, measured every 50 on perplexity, retention and the downstream tasks. Stopped, the same command goes on.
/// </summary>
[Collection(RealModel.Name)]
public sealed class PaperAcceptance(MeasuredLedger measured)
{
    private const int ProbeTexts = 20;

    [Fact]
    public async Task The_experiments_run_to_their_end_and_a_gate_leaves_the_model_whole()
    {
        var ledgers = await RealLedgers.OpenAsync(measured, "paper", "default", "smollm2");
        string[] data = ["--records", Shared.RequireShared("data", "counterfact", "counterfact_full.json"), "--seed", "20261126"];
        var count = RealLedgers.Count(inCi: 0);
        if (count == 0)
        {
            // What a processor of CI can do while somebody waits: one edit under one variant, scored.
            var ran = (await ledgers.RunAsync("smollm2", ["paper", "--out", ledgers["ci"], .. data, "--independent", "0", "--sequential", "1", "--variant", "r-rome"])).ShouldEndWith(0);
            ran.Out.ShouldContain("paper-r-rome@1");
            ran.Out.ShouldContain("100.00");
            return;
        }
        string[] all = [.. data, "--text", Shared.RequireShared("data", "text", "me_ppl_50.json"), "--downstream", Shared.RequireShared("data", "glue"), "--sequential", $"{2 * count}", "--every", "50"];
        await RunAsync("gate-off", [.. all, "--independent", $"{count}"]);
        await GuardAsync();
        await RunAsync("gate-on", [.. all, "--independent", "0", "--gate", "on"]);
        RealLedgers.Say((await ledgers.RunAsync("smollm2", "verify")).ShouldEndWith(0));

        var (off, on) = (Ends("gate-off"), Ends("gate-on"));
        foreach (var variant in on.Keys)
        {
            RealLedgers.Print($"{variant}: perplexity {off[variant].Last:0.0} with the gate off, {on[variant].Last:0.0} with it on, {on[variant].First:0.0} at the base");
            on[variant].Last.ShouldBeLessThanOrEqualTo(Math.Max(1.5 * on[variant].First, off["r-rome"].Last), variant);
        }

        // The policy that docs/how-to/stop-collapse-while-editing.md recommends, with a probe of text that the result is not measured on.
        async Task GuardAsync()
        {
            if ((await ledgers.RunAsync("smollm2", "gate", "--json")).ShouldEndWith(0).Json[0].GetProperty("policy").GetProperty("name").GetString() == "guarded") return;
            var lines = File.ReadLines(Shared.RequireShared("data", "text", "wikitext2_valid_unk.txt")).Where(l => l.Length is > 100 and < 250 && !l.Contains("<unk>", StringComparison.Ordinal)).Take(ProbeTexts);
            await File.WriteAllLinesAsync(ledgers["probe.txt"], lines, TestContext.Current.CancellationToken);
            RealLedgers.Say((await ledgers.RunAsync("smollm2", "gate", "set", Path.Combine(Shared.Checkout, "docs", "how-to", "stop-collapse", "policy.json"), "--probe", ledgers["probe.txt"])).ShouldEndWith(0));
        }

        async Task RunAsync(string folder, string[] options)
        {
            var started = TimeProvider.System.GetTimestamp();
            var ran = await ledgers.RunAsync("smollm2", ["paper", "--out", ledgers[folder], .. options]);
            // 4: a stream rule ended it early, and it says so.
            RealLedgers.Say(ran.ExitCode == 4 ? ran : ran.ShouldEndWith(0));
            RealLedgers.Print($"{folder}: {TimeProvider.System.GetElapsedTime(started).TotalMinutes:0} min");
            foreach (var stop in await File.ReadAllLinesAsync(Path.Combine(ledgers[folder], "stops.csv"), TestContext.Current.CancellationToken)) RealLedgers.Print($"  {stop}");
            var points = Points(folder).ToLookup(p => (p["variant"], p["edit"]));
            RealLedgers.Print("after so many edits: perplexity, ES of the edits in effect, then of each task accuracy, weighted F1, invalid answers");
            foreach (var point in points)
                RealLedgers.Print($"  {point.Key.Item1,-7} {point.Key.Item2,4}  {string.Join("  ", point.Where(p => p["measure"] is "perplexity" or "ES" or "accuracy" or "F1" or "invalid").Select(p => $"{p["suite"]} {p["measure"]} {Number(p["value"]):0.00}"))}");
            foreach (var variant in points.GroupBy(p => p.Key.Item1))
            {
                var edits = variant.Max(p => Number(p.Key.Item2));
                if (ran.ExitCode == 0) edits.ShouldBe(2 * count, variant.Key);
                foreach (var task in new[] { "sst2", "mrpc", "cola", "rte" })
                    variant.Where(p => p.Any(m => m["suite"] == task)).Select(p => Number(p.Key.Item2)).Distinct().Order()
                        .ShouldBe(Enumerable.Range(0, 1 + (int)(edits + 49) / 50).Select(i => Math.Min(50.0 * i, edits)), $"{task} of {variant.Key}");
            }
        }

        Dictionary<string, (double First, double Last)> Ends(string folder) => Points(folder).Where(p => p["suite"] == "perplexity")
            .GroupBy(p => p["variant"]).ToDictionary(g => g.Key, g => (Number(g.First()["value"]), Number(g.Last()["value"])));

        IReadOnlyList<Dictionary<string, string>> Points(string folder) => ReferenceTable.Read(Path.Combine(ledgers[folder], "points.csv"));
    }

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
