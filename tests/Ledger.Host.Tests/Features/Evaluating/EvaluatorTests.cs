using System.Collections.Immutable;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Engine;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Tests.Features.Evaluating;

/// <summary>What an item gives does not depend on what is asked beside it; figures against the model's own plain answers.</summary>
public sealed class EvaluatorTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-evaluator-").FullName;
    private readonly IModelEditor editor;
    private readonly Evaluator evaluator;

    public EvaluatorTests()
    {
        var (library, model) = (new ModelLibrary("cpu"), TinyCheckpoint.Write(folder));
        editor = library.Load(model, library.Address(model, 1), Token);
        evaluator = new Evaluator(editor);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ImmutableArray<Fact> Facts =>
    [
        new("1", new EditRequest("{} lives in", "Ada", "Rome", "Paris", null, ["Where Ada lives:", "Ada is in"], ["Bob lives in", "Cleo lives in", "Dan lives in"]), ["Ada is a"]),
        new("2", new EditRequest("{} lives in", "Bob", "Rome"), []),
        new("3", new EditRequest("{} speaks", "Cleo", "R", "P", null, [], ["Eve speaks"]), []),
    ];

    [Fact]
    public void Scores_are_those_of_each_prompt_asked_alone()
    {
        var items = evaluator.Facts(Facts, Token);
        foreach (var (item, fact) in items.Zip(Facts).Where(x => x.Second.Request.TrueTarget is not null))
        {
            var r = fact.Request;
            PromptScore[] Plain(IEnumerable<string> prompts) => [.. prompts.Select(p => new PromptScore(editor.Score([(p, r.Target)], Token)[0], editor.Score([(p, r.TrueTarget!)], Token)[0]))];
            var expected = CounterFactScores.Of(Plain([r.Text]), Plain(r.Paraphrases), Plain(r.Neighbours));
            var actual = EvaluationTotals.ScoresOf(item);
            foreach (var (a, e) in new[] { (actual.ES, expected.ES), (actual.EM, expected.EM), (actual.PS, expected.PS), (actual.PM, expected.PM), (actual.NS, expected.NS), (actual.NM, expected.NM) })
                if (double.IsNaN(e)) a.ShouldBe(double.NaN);
                else a.ShouldBe(e, 1e-3);
            EvaluationTotals.Value(item, EvaluationTotals.NTrue).ShouldBe(Plain([r.Text])[0].True, 1e-4);
        }
        items[0].Measurements.Select(m => m.Count).ShouldBe([1, 1, 2, 2, 3, 3, 1, 1]);
        items[1].Measurements.Single().ShouldSatisfyAllConditions(m => m.Name.ShouldBe(EvaluationTotals.NNew), m => m.Value.ShouldBe(editor.Score([("Bob lives in", "Rome")], Token)[0], 1e-4));
        var totals = EvaluationTotals.Of(EvaluationTotals.Retention, items);
        totals.Select(m => (m.Name, m.Count)).ShouldBe([("ES", 2), ("PS", 1), ("NS", 2), ("S", 1), ("EM", 2), ("PM", 1), ("NM", 2)]);
    }

    [Fact]
    public void Generations_of_a_fact_are_the_same_whoever_is_asked_with_it()
    {
        var all = evaluator.Generations(Facts, 0, 5, Token);
        evaluator.Generations(Facts.Slice(1, 2), 1, 5, Token).ShouldBe(all.Slice(1, 2));
        evaluator.Generations(Facts, 0, 6, Token).ShouldNotBe(all);
        var texts = evaluator.Texts(Facts[1], 1, 5, Token);
        texts.Length.ShouldBe(10);
        texts.ShouldAllBe(t => t.StartsWith("Bob lives in", StringComparison.Ordinal));
        texts.ShouldBeUnique();
        EvaluationTotals.Value(all[1], EvaluationTotals.Entropy).ShouldBe(TextEntropy.Normalised(texts));
        EvaluationTotals.Value(all[1], EvaluationTotals.NGramEntropy).ShouldBe(TextEntropy.NGrams(texts));
    }

    [Fact]
    public void Texts_make_up_one_perplexity_over_all_their_tokens()
    {
        string[] texts = ["The first text.", "x", "A second one, which is longer"];
        ImmutableArray<EvaluatedItem> items = [.. evaluator.Perplexity(texts[..1], 0, Token), .. evaluator.Perplexity(texts[1..], 1, Token)];
        items.Select(i => i.Name).ShouldBe(["1", "2", "3"]);
        items[1].Measurements[0].ShouldBe(new Measurement(EvaluationTotals.Nll, double.NaN, 0));
        var total = EvaluationTotals.Of(EvaluationTotals.Perplexity, items).Single();
        total.Value.ShouldBe(editor.Perplexity(texts, Token), 1e-2);
        total.Count.ShouldBe(texts.Sum(t => t.Length - 1));         // a token is a byte here
    }

    public void Dispose()
    {
        editor.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
