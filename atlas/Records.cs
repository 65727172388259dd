using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ledger.Domain.Editing;

namespace Ledger.Atlas;

/// <summary>The table as an evaluation set: a record a fact, in CounterFact's form, each with a wrong answer of its relation to be edited in.</summary>
internal static class Records
{
    private const int Paraphrases = 4, Neighbours = 10;
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, IndentSize = 1, NewLine = "\n" };

    /// <summary>A record a fact, the table's order. What is drawn: the phrasing, the paraphrases, the wrong answer, the neighbours (other subjects with the same true answer, in the record's phrasing).</summary>
    public static ImmutableArray<EditRequest> Of(FactTable table, int seed)
    {
        var random = new Random(seed);
        return [.. from relation in table.Relations from fact in relation.Facts select Of(relation, fact[0], fact[1], random)];
    }

    /// <summary>Some of them, by a seed of their own.</summary>
    public static EditRequest[] Pick(FactTable table, int count, int seed)
    {
        var all = Of(table, Seeds.Records).ToArray();
        new Random(seed).Shuffle(all);
        return all[..count];
    }

    public static void Write(string path, IEnumerable<EditRequest> requests) => File.WriteAllText(path, JsonSerializer.Serialize(requests.Select((r, i) => new
    {
        case_id = i,
        requested_rewrite = new { prompt = r.Prompt, subject = r.Subject, relation_id = r.Relation, target_new = new { str = r.Target }, target_true = new { str = r.TrueTarget } },
        paraphrase_prompts = r.Paraphrases,
        neighborhood_prompts = r.Neighbours,
    }), Json) + "\n");

    private static EditRequest Of(Relation relation, string subject, string answer, Random random)
    {
        var prompts = relation.Prompts.ToArray();
        random.Shuffle(prompts);
        var wrong = relation.Objects.Where(o => o != answer).ToArray();
        var neighbours = relation.SubjectsOf(answer).Where(s => s != subject).ToArray();
        random.Shuffle(neighbours);
        return new EditRequest(
            prompts[0], subject, wrong[random.Next(wrong.Length)], answer, relation.Id,
            [.. prompts.Skip(1).Take(Paraphrases).Select(p => p.Replace("{}", subject, StringComparison.Ordinal))],
            [.. neighbours.Take(Neighbours).Select(s => prompts[0].Replace("{}", s, StringComparison.Ordinal))]);
    }
}
