using System.Globalization;
using Ledger.Atlas;
using Ledger.Domain.Editing;
using Ledger.Engine.Checkpoints;
using Ledger.Host.Features;
using Ledger.Host.Tests.Acceptance;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Atlas;

/// <summary>The built-in model, its table and the way from one to the other; what is promised is measured on the files that come with the program.</summary>
[Collection(RealModel.Name)]
public sealed class AtlasTests
{
    private static readonly FactTable Table = FactTable.Read(Path.Combine(Shared.Checkout, "atlas", "facts.json"));

    [Fact]
    public void The_table_has_enough_facts_in_enough_phrasings_and_no_fault()
    {
        Table.Relations.Sum(r => r.Facts.Length).ShouldBeGreaterThanOrEqualTo(300);
        Table.Relations.Length.ShouldBeGreaterThan(5);
        foreach (var relation in Table.Relations)
        {
            relation.Prompts.Length.ShouldBeGreaterThanOrEqualTo(6, relation.Id);
            relation.Prompts.ShouldBeUnique(relation.Id);
            relation.Prompts.ShouldAllBe(p => p.Split("{}", StringSplitOptions.None).Length == 2 && !p.EndsWith(' '), relation.Id);
            relation.Prompts.ShouldContain(p => p.StartsWith("{}", StringComparison.Ordinal), relation.Id);
            relation.Prompts.ShouldContain(p => !p.StartsWith("{}", StringComparison.Ordinal), relation.Id);
            relation.Facts.ShouldAllBe(f => f.Length == 2, relation.Id);
            relation.Facts.Select(f => f[0]).ShouldBeUnique(relation.Id);
        }
        var subjects = Table.Statements.Select(s => s.Subject).Distinct().ToArray();
        subjects.Count(s => s.Contains(' ')).ShouldBeInRange(subjects.Length / 10, 9 * subjects.Length / 10, "single- and multi-word subjects");
    }

    [Fact]
    public void Records_ask_for_a_wrong_answer_of_the_same_relation_and_neighbours_share_the_true_one()
    {
        var records = Records.Of(Table, Seeds.Records);
        records.Length.ShouldBe(Table.Relations.Sum(r => r.Facts.Length));
        foreach (var record in records)
        {
            var relation = Table.Relations.Single(r => r.Id == record.Relation);
            relation.Facts.Single(f => f[0] == record.Subject)[1].ShouldBe(record.TrueTarget);
            record.Target.ShouldNotBe(record.TrueTarget);
            relation.Objects.ShouldContain(record.Target);
            record.Paraphrases.ShouldNotContain(record.Text);
            var sharing = relation.SubjectsOf(record.TrueTarget!).Select(s => record.Prompt.Replace("{}", s)).ToArray();
            record.Neighbours.ShouldBeSubsetOf(sharing);
            record.Neighbours.ShouldNotContain(record.Text);
        }
        Records.Of(Table, Seeds.Records).ShouldBe(records);
    }

    [Fact]
    public void The_texts_that_come_along_are_the_ones_made_from_the_table()
    {
        File.ReadAllText(BuiltIn.Corpus).ShouldBe(string.Concat(Corpus.Lines(Table).Select(l => l + "\n")));
        var made = Path.GetTempFileName();
        Records.Write(made, Records.Of(Table, Seeds.Records));
        File.ReadAllText(BuiltIn.Records).ShouldBe(File.ReadAllText(made));
        File.Delete(made);
    }

    [Fact]
    public void The_model_is_small_and_answers_its_facts_in_every_phrasing()
    {
        new FileInfo(Path.Combine(BuiltIn.Model, "model.safetensors")).Length.ShouldBeLessThanOrEqualTo(4_000_000);
        using var laboratory = new Laboratory(BuiltIn.Model, BuiltIn.Corpus, BuiltIn.Setup.Layer);
        // Prime to the number of phrasings, so that each has its share; atlas/README.md has the figure over all of them.
        var some = Table.Statements.Where((_, n) => n % 7 == 0).ToArray();
        var known = laboratory.Known(some.Select(s => (s.Question, s.Answer)));
        Print($"{100 * known:0.0}% of {some.Length} statements");
        known.ShouldBeGreaterThanOrEqualTo(0.95);
    }

    [Fact]
    public void Fifty_edits_take_and_generalise_and_leave_the_neighbours_alone()
    {
        using var laboratory = new Laboratory(BuiltIn.Model, BuiltIn.Corpus, BuiltIn.Setup.Layer);
        var scores = laboratory.Score(Records.Pick(Table, 50, Seeds.Scores), BuiltIn.Setup.Hyperparameters, [.. VariantNames.All]);
        foreach (var (variant, s) in scores) Print($"{variant.Name(),-7} {s}");
        scores[Variant.RRome].Efficacy.ShouldBeGreaterThanOrEqualTo(95);
        scores[Variant.RRome].Generalisation.ShouldBeGreaterThanOrEqualTo(80);
        scores[Variant.RRome].Locality.ShouldBeGreaterThanOrEqualTo(70);
    }

    [Fact]
    public void The_C_that_comes_along_is_what_its_corpus_gives()
    {
        var folder = Directory.CreateTempSubdirectory("ledger-atlas-");
        try
        {
            using var laboratory = new Laboratory(BuiltIn.Model, BuiltIn.Corpus, BuiltIn.Setup.Layer, folder.FullName);
            var (measured, shipped) = (laboratory.Statistics, BuiltIn.Setup.KeyStatistics);
            (measured with { Digest = shipped.Digest }).ShouldBe(shipped);
            var (a, b) = (Read(folder.FullName, measured), Read(BuiltIn.Keys.From.Folder, shipped));
            var largest = a.Zip(b, (x, y) => Math.Abs(x - y)).Max() / a.Max();
            Print($"largest difference {largest:0.0e-0} of C's largest entry");
            largest.ShouldBeLessThan(1e-5f);        // another machine sums in another order
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static float[] Read(string folder, KeyStatistics statistics)
        {
            using var file = SafetensorsFile.Open(Path.Combine(folder, statistics.Digest + ".safetensors"));
            return file.ReadFloats("C");
        }
    }

    [Fact]
    public void Training_writes_an_ordinary_checkpoint_that_learns_and_can_be_edited()
    {
        var folder = Directory.CreateTempSubdirectory("ledger-atlas-");
        try
        {
            var model = Path.Combine(folder.FullName, "model");
            var corpus = Path.Combine(folder.FullName, "corpus.txt");
            File.WriteAllLines(corpus, Corpus.Lines(Table).Take(50));
            var losses = new Training(model, Table, steps: 4).Run();
            losses[^1].ShouldBeLessThan(losses[0]);
            Directory.GetFiles(model).Sum(f => new FileInfo(f).Length).ShouldBeLessThanOrEqualTo(4_000_000);

            using var laboratory = new Laboratory(model, corpus, layer: 1);
            laboratory.Statistics.Tokens.ShouldBeGreaterThan(3_000);
            var scores = laboratory.Score(Records.Pick(Table, 2, Seeds.Scores), Hyperparameters.Published, [Variant.RRome])[Variant.RRome];
            scores.Efficacy.ShouldBeInRange(0, 100);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
    private static void Print(FormattableString line) => TestContext.Current.TestOutputHelper?.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
