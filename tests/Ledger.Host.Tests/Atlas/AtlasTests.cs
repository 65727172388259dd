using Ledger.Atlas;
using Ledger.Domain.Editing;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Atlas;

/// <summary>The table behind the built-in model, and the way from it to a checkpoint.</summary>
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
}
