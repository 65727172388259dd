using System.Globalization;
using System.Text.Json;
using Ledger.Atlas;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Features;

const int Steps = 1500, SweptEdits = 100, ScoredEdits = 50;

var root = Folder();
var table = FactTable.Read(Path.Combine(root, "facts.json"));
var (kept, corpus, setup) = (Path.Combine(root, "model"), Path.Combine(root, "corpus.txt"), Path.Combine(root, "setup.json"));
var model = args is ["known" or "sweep" or "scores" or "scan", var named] ? named : kept;
return args switch
{
    ["train"] => Train(kept, Steps),
    ["train", var into] => Train(into, Steps),
    ["train", var into, var steps] => Train(into, int.Parse(steps, CultureInfo.InvariantCulture)),
    ["texts"] => Texts(),
    ["known", ..] => Known(),
    ["sweep", ..] => Sweep(),
    ["scores", ..] => ScoreEdits(),
    ["scan", ..] => Scan(),
    _ => Usage(),
};

int Train(string into, int steps)
{
    new Training(into, table, steps).Run();
    return 0;
}

int Texts()
{
    File.WriteAllText(corpus, string.Concat(Corpus.Lines(table).Select(l => l + "\n")));
    Records.Write(Path.Combine(root, "records.json"), Records.Of(table, Seeds.Records));
    return 0;
}

int Known()
{
    using var laboratory = new Laboratory(model, corpus, 0);
    foreach (var relation in table.Relations)
        Print($"{relation.Id,-18} {100 * laboratory.Known(table.Statements.Where(s => s.Relation == relation).Select(s => (s.Question, s.Answer))):0.0}% of {relation.Facts.Length} facts in {relation.Prompts.Length} phrasings");
    Print($"{"all",-18} {100 * laboratory.Known(table.Statements.Select(s => (s.Question, s.Answer))):0.0}%");
    return 0;
}

int Sweep()
{
    var requests = Records.Pick(table, SweptEdits, Seeds.Sweep);
    var published = Hyperparameters.Published;
    var best = (S: 0.0, Layer: 0, H: published);
    for (var layer = 0; layer < Training.Layers; layer++)
    {
        using var laboratory = new Laboratory(model, corpus, layer);
        foreach (var h in new[] { published, published with { ClampFactor = 3 }, published with { ClampFactor = 2 }, published with { LearningRate = 0.1 }, published with { KlFactor = 1 } })
        {
            var scores = laboratory.Score(requests, h, [.. VariantNames.All]);
            var mean = scores.Values.Average(s => s.Total);
            Print($"layer {layer}  lr {h.LearningRate}  clamp {h.ClampFactor}  kl {h.KlFactor,-6}  mean S {mean,5:0.0}   {string.Join("   ", scores.Select(p => $"{p.Key.Name()} {p.Value}"))}");
            if (mean > best.S) best = (mean, layer, h);
            if (mean < best.S / 2) break;       // no hyperparameter mends a layer behind which the fact is read already
        }
    }
    Print($"best: layer {best.Layer}, {best.H}");
    if (model == kept) Keep(best.Layer, best.H);
    return 0;
}

void Keep(int layer, Hyperparameters h)
{
    var keys = Path.Combine(root, "keystats");
    if (Directory.Exists(keys)) Directory.Delete(keys, recursive: true);
    KeyStatistics statistics;
    using (var laboratory = new Laboratory(model, corpus, layer, keys)) statistics = laboratory.Statistics;
    foreach (var factor in Directory.GetFiles(keys, "*.cholesky.*")) File.Delete(factor);       // made again where it is needed
    File.WriteAllText(setup, JsonSerializer.Serialize(new BuiltInSetup(layer, h, statistics), new JsonSerializerOptions(EventJson.Options) { WriteIndented = true, NewLine = "\n" }) + "\n");
}

BuiltInSetup Chosen() => JsonSerializer.Deserialize<BuiltInSetup>(File.ReadAllBytes(setup), EventJson.Options)!;

int ScoreEdits()
{
    var chosen = Chosen();
    using var laboratory = new Laboratory(model, corpus, chosen.Layer);
    foreach (var (variant, scores) in laboratory.Score(Records.Pick(table, ScoredEdits, Seeds.Scores), chosen.Hyperparameters, [.. VariantNames.All])) Print($"{variant.Name(),-7} {scores}");
    return 0;
}

int Scan()
{
    var chosen = Chosen();
    using var laboratory = new Laboratory(model, corpus, chosen.Layer);
    foreach (var line in new KeyScan(laboratory, table, chosen.Hyperparameters).Lines()) Console.WriteLine(line);
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
    Console.Error.WriteLine("usage: Ledger.Atlas train [FOLDER [STEPS]] | texts | known [MODEL] | sweep [MODEL] | scores [MODEL] | scan [MODEL]");
    return 2;
}
