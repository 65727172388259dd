using System.Globalization;
using Ledger.Domain.Editing;

namespace Ledger.Atlas;

/// <summary>
/// Looks for disabling edits: the keys of every statement, where k_o·ū / k̄·ū is small (the paper's cause of collapse), and then what editing them in
/// does to plain sentences under each variant, beside edits drawn from the rest.
/// </summary>
internal sealed class KeyScan(Laboratory laboratory, FactTable table, Hyperparameters h)
{
    private const int Lowest = 10, Drawn = 10, Sentences = 200;
    private const double Small = 0.25;

    private readonly record struct Scanned(Statement Statement, double Ratio)
    {
        public bool AtStart => Statement.Prompt.StartsWith("{}", StringComparison.Ordinal);

        public int Words => Statement.Subject.Split(' ').Length;
    }

    public IEnumerable<string> Lines()
    {
        var keysOnly = h with { Evaluations = 1 };
        var found = table.Statements.Select(s =>
        {
            var x = laboratory.Compute(new EditRequest(s.Prompt, s.Subject, s.Answer), keysOnly);
            return new Scanned(s, x.KO.Dot(x.UBar) / x.KBar.Dot(x.UBar));
        }).OrderBy(f => f.Ratio).ToList();

        yield return $"{found.Count} statements; k_o·ū / k̄·ū";
        foreach (var group in found.GroupBy(f => (f.AtStart, f.Words)).OrderBy(g => g.Key))
        {
            var ratios = group.Select(g => g.Ratio).ToList();
            yield return Line($"  subject {(group.Key.AtStart ? "at the start" : "inside"),-12} {group.Key.Words} words  {ratios.Count,5} statements  from {ratios[0]:0.000}, median {ratios[ratios.Count / 2]:0.000}; under 0.1: {ratios.Count(r => r < 0.1)}, under {Small}: {ratios.Count(r => r < Small)}");
        }

        var subjects = found.DistinctBy(f => f.Statement.Subject).ToList();
        yield return Line($"subjects with a ratio under {Small}: {string.Join(", ", subjects.Where(s => s.Ratio < Small).Select(s => $"{s.Statement.Subject} {s.Ratio:0.000}"))}");

        var random = new Random(Seeds.Scan);
        var sentences = table.Sentences.ToArray();
        random.Shuffle(sentences);
        sentences = sentences[..Sentences];
        var rest = found.Skip(found.Count / 10).ToArray();
        random.Shuffle(rest);
        var before = laboratory.Perplexity(sentences);
        yield return Line($"perplexity of {Sentences} sentences × what the base has ({before:0.000}), and |Δ| × r-rome's, after one edit:");
        foreach (var one in subjects.Take(Lowest).Concat(rest.Take(Drawn))) yield return Harm(one, sentences, before, random);
    }

    private string Harm(Scanned one, string[] sentences, double before, Random random)
    {
        var wrong = one.Statement.Relation.Objects.Where(o => o != one.Statement.Answer).ToArray();
        var request = new EditRequest(one.Statement.Prompt, one.Statement.Subject, wrong[random.Next(wrong.Length)]);
        var x = laboratory.Compute(request, h);
        var factors = VariantNames.All.ToDictionary(v => v, v => Factors.Of(v, x).Delta);
        return Line($"  ratio {one.Ratio:0.000}  {string.Join("  ", factors.Select(f => Line($"{f.Key.Name()} ×{laboratory.Perplexity(sentences, f.Value) / before:0.00}")))}  |Δ| ×{factors[Variant.Rome].FrobeniusNorm / factors[Variant.RRome].FrobeniusNorm:0.0}  {request.Text} → {request.Target}");
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
