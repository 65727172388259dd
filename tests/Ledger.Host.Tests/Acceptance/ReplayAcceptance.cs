using System.Globalization;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>CounterFact records edited in a row as ROME with a gate that only observes, and that history replayed as r-ROME and p-ROME.</summary>
[Collection(RealModel.Name)]
public sealed class ReplayAcceptance(MeasuredLedger measured)
{
    private static readonly (string Variant, string Mode)[] Replays = [("r-rome", "values"), ("p-rome", "values"), ("r-rome", "auto"), ("p-rome", "auto")];

    [Fact]
    public async Task A_history_of_rome_is_replayed_as_the_other_variants()
    {
        var count = RealLedgers.Count(inCi: 3);
        var ledgers = await RealLedgers.OpenAsync(measured, "replays", "observe", "history");
        var records = Shared.RequireShared("data", "counterfact", "counterfact_full.json");
        (await ledgers.RunAsync("history", "edit", "--from", records, "--first", $"{count}", "--variant", "rome")).ShouldEndWith(0);
        var log = (await ledgers.RunAsync("history", "log", "--json")).ShouldEndWith(0).Json.Take(count).ToArray();

        await SameVariantAsync(ledgers, log);
        var replayed = new Dictionary<string, JsonElement[]>();
        foreach (var (variant, mode) in Replays)
        {
            var ran = await ReplayAsync(ledgers, $"main@{count}", $"{variant}-{mode}", "--variant", variant, "--mode", mode, "--gate", "off");
            replayed[$"{variant} {mode}"] = [.. ran.Json.Where(l => l.TryGetProperty("how", out _))];
            RealLedgers.Print($"{variant} {mode}: {ran.Json[^1].GetRawText()}");
        }
        Print(log, replayed);
        foreach (var lines in replayed.Values)
        {
            lines.Select(l => l.GetProperty("subject").GetString()).ShouldBe(log.Select(l => l.GetProperty("subject").GetString()));
            lines.ShouldAllBe(l => l.GetProperty("outcome").GetString() == "applied");
        }
        foreach (var (name, lines) in replayed.Where(r => r.Key.EndsWith("auto", StringComparison.Ordinal)))
            lines.Count(l => l.GetProperty("how").GetString() == "optimise").ShouldBe(lines.Count(l => l.GetProperty("shift").ValueKind == JsonValueKind.Null), name);
        RealLedgers.Say((await ledgers.RunAsync("history", "verify")).ShouldEndWith(0));
    }

    /// <summary>Replayed in values under its own variant, each r is the one that was computed in place, but for rounding.</summary>
    private static async Task SameVariantAsync(RealLedgers ledgers, JsonElement[] log)
    {
        var again = (await ReplayAsync(ledgers, $"main@{log.Length}", "rome-values", "--mode", "values", "--outcomes", "as-recorded")).Json[^1].GetProperty("timeline").GetString()!;
        var largest = 0.0;
        foreach (var line in log)
        {
            var (place, replayed) = (await RecordAsync("main", line.GetProperty("revision").GetInt64()), await RecordAsync(again, line.GetProperty("revision").GetInt64()));
            var (r, other) = (Vector(place, "r"), Vector(replayed, "r"));
            var bound = 1e-4 * (Vector(place, "ve").Norm() + Vector(place, "out").Norm()) / Math.Abs(line.GetProperty("kvU").GetDouble());
            largest = Math.Max(largest, other.DistanceTo(r) / bound);
        }
        RealLedgers.Print(string.Create(CultureInfo.InvariantCulture, $"rome values: |r′ − r| is at most {largest:0.0e-0} of the bound 1e-4 (‖v_e‖ + ‖out‖) / |k_v·u| over {log.Length} edits"));
        largest.ShouldBeLessThanOrEqualTo(1);

        async Task<JsonElement> RecordAsync(string timeline, long revision) =>
            (await ledgers.RunAsync("history", "show", $"{timeline}@{revision}", "-T", timeline, "--json")).ShouldEndWith(0).Json[0].GetProperty("record").GetProperty("solution");

        static Float32Vector Vector(JsonElement solution, string name) => Float32Vector.FromBytes(solution.GetProperty(name).GetBytesFromBase64());
    }

    private static async Task<Ran> ReplayAsync(RealLedgers ledgers, string source, string name, params string[] options)
    {
        // By scripts/accept the ledger stays, and a replay that is done cannot be made again under its name.
        var earlier = (await ledgers.RunAsync("history", "timelines", "--json")).ShouldEndWith(0).Json.Count;
        var started = TimeProvider.System.GetTimestamp();
        var ran = (await ledgers.RunAsync("history", ["replay", source, "--as", $"{name}.{earlier}", .. options, "--json"])).ShouldEndWith(0);
        RealLedgers.Print($"{name}: {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s");
        return ran;
    }

    private static void Print(JsonElement[] log, Dictionary<string, JsonElement[]> replayed)
    {
        RealLedgers.Print("|Δ| under rome as recorded, then replayed; * v_e found anew (auto), ! v_e found on a different model (m₀ shift over 0.5), [rule] what the gate would have stopped it for");
        RealLedgers.Print($"{"edit",4}  {"subject",-34} {"rome",-24} {string.Join(" ", replayed.Keys.Select(k => $"{k,-22}"))}");
        foreach (var (line, i) in log.Select((l, i) => (l, i)))
        {
            var cells = replayed.Values.Select(lines => $"{Cell(lines[i]),-22}");
            RealLedgers.Print($"{i + 1,4}  {line.GetProperty("subject").GetString(),-34} {Size(line) + Rule(line.GetProperty("caught").GetString()),-24} {string.Join(" ", cells)}");
        }

        static string Cell(JsonElement l) =>
            Size(l) + (l.GetProperty("how").GetString() == "optimise" ? "*" : l.GetProperty("differentModel").GetBoolean() ? "!" : "")
            + Rule(l.GetProperty("caught").GetString() is { } caught ? caught[(caught.LastIndexOf("rule ", StringComparison.Ordinal) + 5)..^1] : null);

        static string Size(JsonElement l) => l.GetProperty("absDelta").GetDouble().ToString("0.0e-0", CultureInfo.InvariantCulture);

        static string Rule(string? rule) => rule is null ? "" : $" [{rule}]";
    }
}
