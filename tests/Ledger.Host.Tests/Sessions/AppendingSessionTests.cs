using Ledger.Domain;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Sessions;

/// <summary>A session that keeps no history knows the same as one that does.</summary>
public sealed class AppendingSessionTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    [Fact]
    public async Task The_factors_in_effect_come_from_the_store_in_order_of_taking_effect()
    {
        var ledger = tiny.Copy();
        // Every edit is quarantined, so that a release puts it in effect.
        await File.WriteAllTextAsync(ledger["strict.json"], """{"name":"strict","version":1,"rules":[{"rule":"unreached","threshold":1,"action":"quarantine"}]}""");
        (await ledger.RunAsync("open", "strict", "--layer", "1", "--policy", "strict.json")).ShouldEndWith(0);
        (await ledger.RunAsync("keystats", "--from", "tiny", "-l", "strict")).ShouldEndWith(0);
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], new[] { "Ada", "Bob", "Cleo", "Dan" }.Select(s => Cli.MainJobTests.Fact(s, "Rome")));
        (await ledger.RunAsync("edit", "--from", "facts.jsonl", "-l", "tiny")).ShouldEndWith(0);
        (await ledger.RunAsync("edit", "--from", "facts.jsonl", "-l", "strict")).ShouldEndWith(4);
        await DecideAsync("tiny", ["revert", "main@2"], ["revert", "main@3"], ["reinstate", "main@2"]);
        await DecideAsync("strict", ["review", "release", "main@3", "--variant", "p-rome"], ["review", "release", "main@1"], ["review", "dismiss", "main@2"], ["revert", "main@3"], ["reinstate", "main@3"]);

        foreach (var name in new[] { "tiny", "strict" })
        {
            var (sessions, paths) = (new LedgerSessions(TimeProvider.System), new LedgerPaths(ledger[$"{name}.ledger"]));
            await using var whole = await sessions.OpenAsync(paths, TestContext.Current.CancellationToken);
            await using var without = await sessions.OpenAsync(paths, TestContext.Current.CancellationToken);
            var history = await whole.HistoryAsync(LedgerSetup.Main, TestContext.Current.CancellationToken);
            var tip = await without.TipAsync(LedgerSetup.Main, TestContext.Current.CancellationToken);
            var expected = history.DeltasInEffect();
            expected.Length.ShouldBe(name == "tiny" ? 3 : 2);
            (await without.DeltasInEffectAsync(tip, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken)).ShouldBe(expected);
            (tip.Timeline.State, tip.Head, tip.LastNumber).ShouldBe((history.Timeline.State, history.Head, history.Tip.LastNumber));
        }

        async Task DecideAsync(string name, params string[][] decisions)
        {
            foreach (var decision in decisions) (await ledger.RunAsync([.. decision, "--reason", "to see", "-l", name])).ShouldEndWith(0);
        }
    }
}
