using System.Globalization;
using Ledger.Atlas;
using Ledger.Domain.Editing;

var root = Folder();
var (facts, model, corpus, records) = (Path.Combine(root, "facts.json"), Path.Combine(root, "model"), Path.Combine(root, "corpus.txt"), Path.Combine(root, "records.json"));
return args switch
{
    ["train"] => Train(model, 3000),
    ["train", var into, var steps] => Train(into, int.Parse(steps, CultureInfo.InvariantCulture)),
    ["texts"] => Texts(),
    ["known", .. var at] => Known(at is [var folder] ? folder : model),
    ["sweep", .. var at] => Sweep(at is [var folder] ? folder : model),
    ["scores", var layer, .. var at] => ScoreEdits(at is [var folder] ? folder : model, int.Parse(layer, CultureInfo.InvariantCulture)),
    ["scan", var layer, .. var at] => Scan(at is [var folder] ? folder : model, int.Parse(layer, CultureInfo.InvariantCulture)),
    _ => Usage(),
};

int Train(string into, int steps)
{
    new Training(into, FactTable.Read(facts), steps).Run();
    return 0;
}

int Texts()
{
    var table = FactTable.Read(facts);
    File.WriteAllText(corpus, string.Concat(Corpus.Lines(table).Select(l => l + "\n")));
    Records.Write(records, Records.Of(table, Seeds.Records));
    return 0;
}

int Known(string from)
{
    var table = FactTable.Read(facts);
    using var laboratory = new Laboratory(from, corpus, 0);
    foreach (var relation in table.Relations)
        Print($"{relation.Id,-18} {100 * laboratory.Known(table.Statements.Where(s => s.Relation == relation).Select(s => (s.Question, s.Answer))):0.0}% of {relation.Facts.Length} facts in {relation.Prompts.Length} phrasings");
    Print($"{"all",-18} {100 * laboratory.Known(table.Statements.Select(s => (s.Question, s.Answer))):0.0}%");
    return 0;
}

int Sweep(string from)
{
    var requests = Records.Pick(FactTable.Read(facts), 30, Seeds.Sweep);
    for (var layer = 0; layer < 5; layer++)
    {
        using var laboratory = new Laboratory(from, corpus, layer);
        foreach (var h in new[] { Hyperparameters.Published, Hyperparameters.Published with { LearningRate = 0.1 }, Hyperparameters.Published with { ClampFactor = 2 }, Hyperparameters.Published with { KlFactor = 1 } })
        {
            var scores = laboratory.Score(requests, h, [.. VariantNames.All]);
            Print($"layer {layer}  lr {h.LearningRate}  clamp {h.ClampFactor}  kl {h.KlFactor,-6}  mean S {scores.Values.Average(s => s.Total),5:0.0}   {string.Join("   ", scores.Select(p => $"{p.Key.Name()} {p.Value}"))}");
        }
    }
    return 0;
}

int ScoreEdits(string from, int layer)
{
    using var laboratory = new Laboratory(from, corpus, layer);
    foreach (var (variant, scores) in laboratory.Score(Records.Pick(FactTable.Read(facts), 50, Seeds.Scores), Hyperparameters.Published, [.. VariantNames.All])) Print($"{variant.Name(),-7} {scores}");
    return 0;
}

int Scan(string from, int layer)
{
    var table = FactTable.Read(facts);
    using var laboratory = new Laboratory(from, corpus, layer);
    var keysOnly = Hyperparameters.Published with { Evaluations = 1 };
    var found = table.Statements.Select(s =>
    {
        var x = laboratory.Compute(new EditRequest(s.Prompt, s.Subject, s.Answer), keysOnly);
        return (Statement: s, Ratio: x.KO.Dot(x.UBar) / x.KBar.Dot(x.UBar));
    }).OrderBy(f => f.Ratio).ToList();
    foreach (var group in found.GroupBy(f => (AtStart: f.Statement.Prompt.StartsWith("{}", StringComparison.Ordinal), Words: f.Statement.Subject.Split(' ').Length)).OrderBy(g => g.Key))
        Print($"{(group.Key.AtStart ? "at the start" : "inside"),-13} {group.Key.Words} words: {group.Count()} statements, ratio from {group.Min(g => g.Ratio):0.000}, median {group.ElementAt(group.Count() / 2).Ratio:0.000}; under 0.1: {group.Count(g => Math.Abs(g.Ratio) < 0.1)}");
    foreach (var f in found.Take(20)) Print($"  {f.Ratio,7:0.000}  {f.Statement.Question}");
    return 0;
}

static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

static string Folder()
{
    for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        if (File.Exists(Path.Combine(folder.FullName, "Ledger.sln"))) return Path.Combine(folder.FullName, "atlas");
    throw new InvalidOperationException("This runs from a checkout.");
}

static int Usage()
{
    Console.Error.WriteLine("usage: Ledger.Atlas train [FOLDER STEPS] | texts | known [MODEL] | sweep [MODEL] | scores LAYER [MODEL] | scan LAYER [MODEL]");
    return 2;
}
