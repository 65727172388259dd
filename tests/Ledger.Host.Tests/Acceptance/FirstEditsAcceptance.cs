using System.Globalization;
using System.Text.Json;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>The first CounterFact records edited under each variant on its own ledger, beside the reference run that had no gate.</summary>
[Collection(RealModel.Name)]
public sealed class FirstEditsAcceptance(MeasuredLedger measured)
{
    private static readonly string[] Variants = ["rome", "r-rome", "p-rome"];

    [Fact]
    public async Task The_first_records_give_the_references_verdicts_and_sizes_and_every_revision_is_rebuilt()
    {
        var count = RealLedgers.Count(inCi: 2);
        var ledgers = await RealLedgers.OpenAsync(measured, "first-edits", "observe", Variants);
        var records = Shared.RequireShared("data", "counterfact", "counterfact_full.json");
        var reference = ReferenceTable.Read(Shared.RequireGolden("smollm2", "sequential.csv"));
        foreach (var variant in Variants)
        {
            (await ledgers.RunAsync(variant, "edit", "--from", records, "--first", $"{count}", "--variant", variant)).ShouldEndWith(0);
            var log = (await ledgers.RunAsync(variant, "log", "--json")).ShouldEndWith(0).Json.Take(count).ToArray();
            log.Length.ShouldBe(count);
            Compare(variant, log, [.. reference.Where(r => r["variant"] == variant && r["edit"] != "0").Take(count)]);
            await AskAsync(ledgers, variant, log);
            await RebuildAsync(ledgers, variant, log);
            RealLedgers.Say((await ledgers.RunAsync(variant, "verify")).ShouldEndWith(0));
        }
    }

    private static void Compare(string variant, JsonElement[] log, Dictionary<string, string>[] reference)
    {
        RealLedgers.Print($"{variant}: ours | reference");
        RealLedgers.Print($"{"edit",4}  {"subject",-40} {"|Δ|",9} | {"|Δ|",9}  {"differs",8}  {"k·u",8} | {"k·u",8}   ES | ES");
        int same = 0, compared = Math.Min(log.Length, reference.Length);
        double ourEs = 0, referenceEs = 0, largest = 0;
        for (var i = 0; i < compared; i++)
        {
            var (line, row) = (log[i], reference[i]);
            line.GetProperty("subject").GetString().ShouldBe(row["subject"]);
            var (delta, expected) = (line.GetProperty("absDelta").GetDouble(), Number(row["abs_delta"]));
            var es = line.GetProperty("trueTargetScore").GetProperty("after").GetDouble() > line.GetProperty("targetScore").GetProperty("after").GetDouble() ? 1 : 0;
            var difference = delta / expected - 1;
            if (i < 10) largest = Math.Max(largest, Math.Abs(difference));
            if (es == Number(row["ES"])) same++;
            (ourEs, referenceEs) = (ourEs + es, referenceEs + Number(row["ES"]));
            RealLedgers.Print(string.Create(CultureInfo.InvariantCulture,
                $"{i + 1,4}  {row["subject"],-40} {delta,9:0.00e-0} | {expected,9:0.00e-0}  {100 * difference,7:0.00}%  {line.GetProperty("kvU").GetDouble(),8:0.000} | {Number(row["kv_u"]),8:0.000}  {es,3} | {row["ES"]}"));
        }
        RealLedgers.Print(string.Create(CultureInfo.InvariantCulture,
            $"{variant}: ES {100 * ourEs / compared:0.0} | {100 * referenceEs / compared:0.0}; the same verdict on {same} of {compared}; |Δ| over the first {Math.Min(10, compared)} differs by at most {100 * largest:0.00}%"));
        same.ShouldBeGreaterThanOrEqualTo(compared - Math.Max(1, compared / 20));
        largest.ShouldBeLessThan(0.05);
    }

    private static async Task AskAsync(RealLedgers ledgers, string variant, JsonElement[] log)
    {
        var line = log[0];
        var prompt = line.GetProperty("prompt").GetString()!.Replace("{}", line.GetProperty("subject").GetString());
        var asked = (await ledgers.RunAsync(variant, "ask", prompt, "--json")).ShouldEndWith(0);
        RealLedgers.Say((await ledgers.RunAsync(variant, "ask", prompt)).ShouldEndWith(0));
        var answers = asked.Json[0].GetProperty("answers");
        answers[1].GetProperty("continuation").GetString()!.TrimStart().ShouldStartWith(line.GetProperty("target").GetString()!.Trim());
        answers[0].GetProperty("continuation").GetString()!.TrimStart().ShouldNotStartWith(line.GetProperty("target").GetString()!.Trim());
    }

    /// <summary>Five revisions in random order, in a new process, against the fingerprints recorded live.</summary>
    private static async Task RebuildAsync(RealLedgers ledgers, string variant, JsonElement[] log)
    {
        var asked = Enumerable.Range(1, log.Length).ToArray();
        new Random(20261124).Shuffle(asked);
        asked = [.. asked.Take(5)];
        var ran = (await ledgers.RunAsync(variant, ["rebuild", .. asked.Select(r => $"main@{r}"), "--json"])).ShouldEndWith(0);
        ran.Json.Select(r => r.GetProperty("fingerprint").GetString()).ShouldBe(asked.Select(r => log[r - 1].GetProperty("fingerprint").GetString()));
        RealLedgers.Print($"{variant}: revisions {string.Join(", ", asked)} rebuilt in a new process have the live fingerprints");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
