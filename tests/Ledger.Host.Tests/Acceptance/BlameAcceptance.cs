using System.Globalization;
using System.Text.Json;
using Ledger.Host.Cli;
using Ledger.Host.Features;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>Facts edited in a row; of each, blame is asked who made the model say so: by the plain prompt alone, and by its subject.</summary>
[Collection(RealModel.Name)]
public sealed class BlameAcceptance(MeasuredLedger measured)
{
    private const double Wanted = 0.95;
    private const int Seed = 20261126;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_edit_of_a_fact_of_the_built_in_model_is_blamed_first()
    {
        var folder = Directory.CreateTempSubdirectory("ledger-blame-").FullName;
        try
        {
            var (ledger, count) = (new LedgerProcess(folder, new Dictionary<string, string> { ["LEDGER_AUTHOR"] = "acceptance" }), RealLedgers.Count(inCi: 4));
            (await ledger.RunAsync("open", "blame", "--built-in")).ShouldEndWith(0);
            await File.WriteAllLinesAsync(ledger["records.jsonl"], Shuffled(await File.ReadAllBytesAsync(BuiltIn.Records, Token)), Token);
            await EditAndAskAsync("built-in model", args => ledger.RunAsync(args), "records.jsonl", count, edits: 2 * count);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_edit_of_a_counterfact_record_is_blamed_first()
    {
        var ledgers = await RealLedgers.OpenAsync(measured, "blame", "default", "edited");
        var count = RealLedgers.Count(inCi: 2);
        await EditAndAskAsync("SmolLM2, CounterFact", args => ledgers.RunAsync("edited", args), Shared.RequireShared("data", "counterfact", "counterfact_full.json"), count, edits: count + 2 + (2 * count / 5));
    }

    private static async Task EditAndAskAsync(string what, Func<string[], Task<Ran>> run, string records, int count, int edits)
    {
        // The gate stops some, and some are overwritten by later ones.
        var ran = await run(["edit", "--from", records, "--first", $"{edits}", "--variant", "r-rome"]);
        if (ran.ExitCode != 4) ran.ShouldEndWith(0);
        var log = (await run(["log", "--json"])).ShouldEndWith(0).Json;
        var inEffect = log.Where(l => l.GetProperty("status").GetString() == "in-effect").ToArray();
        var head = $"main@{log.Count}";
        RealLedgers.Print($"{what}: {edits} records edited in a row as r-rome, {inEffect.Length} let in; at {head}, who makes the model say each is asked with the plain prompt | with the subject, until {count} were asked about that it still says");
        RealLedgers.Print("place of the responsible edit after five were left out (by how far it moves alone); where the model says otherwise, other edits may be responsible for what it says");
        var asked = new List<(bool Holds, Place Free, Place Subject)>();
        foreach (var edit in inEffect.TakeWhile(_ => asked.Count(a => a.Holds) < count))
        {
            var (id, prompt, name, target) = (Text(edit, "edit"), Text(edit, "prompt"), Text(edit, "subject"), Text(edit, "target"));
            var (said, free) = await AskAsync(id, prompt.Replace("{}", name));
            var (_, subject) = await AskAsync(id, prompt, "--subject", name);
            var holds = said.TrimStart().StartsWith(target.Trim(), StringComparison.Ordinal);
            asked.Add((holds, free, subject));
            RealLedgers.Print($"{asked.Count,4}  {$"{prompt.Replace("{}", name)} → {target}",-90}  {free,-9} | {subject,-9}{(holds ? "" : $"  says otherwise: {Say.OneLine(said)}")}");
        }
        var holding = asked.Where(a => a.Holds).ToList();
        Rates($"the {holding.Count} facts that the model still says", holding);
        Rates($"all {asked.Count}", asked);
        holding.Count.ShouldBe(count);
        // Of a few, none may be missed.
        foreach (var places in new[] { holding.Select(a => a.Free), holding.Select(a => a.Subject) }) places.Count(p => p.After == 1).ShouldBeGreaterThanOrEqualTo((int)Math.Ceiling(Wanted * holding.Count));

        async Task<(string Said, Place Place)> AskAsync(string id, params string[] about)
        {
            var r = (await run(["blame", .. about, "--at", head, "--json", "--top", "1000"])).ShouldEndWith(0).Json.Single();
            var suspects = r.GetProperty("suspects").EnumerateArray().ToList();
            var byMoves = suspects.OrderByDescending(s => s.GetProperty("moves").GetDouble()).ToList();
            return (Text(r.GetProperty("now"), "text"), new Place(1 + suspects.FindIndex(Is), 1 + byMoves.FindIndex(Is)));

            bool Is(JsonElement suspect) => Text(suspect.GetProperty("edit"), "id") == id;
        }

        void Rates(string of, IReadOnlyCollection<(bool Holds, Place Free, Place Subject)> some) => RealLedgers.Print(
            $"{what}, of {of}: named first with the plain prompt {Rate(some, a => a.Free.After == 1)} (by how far they move alone {Rate(some, a => a.Free.ByMoves == 1)}, among the first five {Rate(some, a => a.Free.ByMoves <= 5)}), "
            + $"with the subject {Rate(some, a => a.Subject.After == 1)} ({Rate(some, a => a.Subject.ByMoves == 1)}, {Rate(some, a => a.Subject.ByMoves <= 5)})");
    }

    /// <summary>The table has its facts relation by relation; people edit all kinds.</summary>
    private static IEnumerable<string> Shuffled(byte[] records)
    {
        using var json = JsonDocument.Parse(records);
        string[] lines = [.. json.RootElement.EnumerateArray().Select(r => JsonSerializer.Serialize(r))];
        new Random(Seed).Shuffle(lines);
        return lines;
    }

    private static string Rate<T>(IReadOnlyCollection<T> asked, Func<T, bool> holds) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * asked.Count(holds) / asked.Count:0}%");

    /// <param name="After">Among all suspects after five were left out, from 1.</param>
    /// <param name="ByMoves">By how far it moves alone.</param>
    private readonly record struct Place(int After, int ByMoves)
    {
        public override string ToString() => $"{After} ({ByMoves})";
    }

    private static string Text(JsonElement e, string name) => e.GetProperty(name).GetString()!;
}
