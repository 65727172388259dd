using System.Collections.Immutable;
using Ledger.Engine;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Tests.Features.Evaluating;

public sealed class DownstreamTaskTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-downstream-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sst2", " positive\n\n", 1)]
    [InlineData("sst2", " negative", 0)]
    [InlineData("sst2", " Positive", Classification.None)]
    [InlineData("sst2", " negative or positive", 1)]            // the positive answer is looked for first
    [InlineData("mrpc", " Yes", 1)]
    [InlineData("mrpc", " None", 0)]                            // contains No
    [InlineData("mrpc", " Yes\nAnswer: No", 0)]                 // behind the last cue
    [InlineData("cola", "", Classification.None)]
    [InlineData("rte", " True or False", 0)]                    // of RTE, False is
    [InlineData("rte", " True", 1)]
    public void An_answer_is_read_as_the_published_evaluation_reads_it(string task, string said, int label) => Task(task).Label(said).ShouldBe(label);

    [Theory]
    [InlineData("sst2", "Review : fine .\nSentiment :", 4)]
    [InlineData("mrpc", "Are the sentences paraphrases of each other.\nSentence 1: fine .\nSentence 2: good .\nAnswer:", 6)]
    [InlineData("cola", "Is this sentence linguistically acceptable?\nSentence : fine .\nAnswer :", 6)]
    [InlineData("rte", "fine .\nquestion: good . True or False?\nanswer:", 3)]
    public void A_prompt_is_a_few_examples_and_the_item_in_the_same_form(string name, string item, int shots)
    {
        var task = Task(name);
        var prompt = task.Prompt(new DownstreamItem([.. new[] { "fine .", "good ." }.Take(task.Fields.Length)], 1));
        prompt.ShouldBe(task.Examples + item);
        var parts = prompt.Split("\n\n");
        parts.Length.ShouldBe(shots + 1);
        foreach (var example in parts[..^1])
        {
            example.Split('\n').Length.ShouldBe(item.Split('\n').Length);
            task.Label(example).ShouldNotBe(Classification.None);
            example[..^(example.Length - example.LastIndexOf(task.Cue, StringComparison.Ordinal))].ShouldNotBeEmpty();
        }
        parts[..^1].Select(task.Label).Distinct().Count().ShouldBe(2);
    }

    /// <summary>A tiny model answers with bytes that mean nothing; so the answers of this task are the bytes it is most likely to give.</summary>
    [Fact]
    public void Items_are_answered_as_each_would_be_alone_without_anything_kept()
    {
        var model = TinyCheckpoint.Write(Path.Combine(folder, "model"), positions: 700);
        var library = new ModelLibrary("cpu");
        using var editor = library.Load(model, library.Address(model, 1), Token);
        var random = new Random(3);
        ImmutableArray<DownstreamItem> items = [.. Enumerable.Range(0, 30).Select(i => new DownstreamItem([new string([.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => (char)random.Next('a', 'z' + 1))])], i % 2))];
        var sst2 = Task("sst2");
        var said = items.Select(item => editor.Continue(sst2.Prompt(item), DownstreamTask.Tokens, Token)).ToArray();
        var first = said.SelectMany(s => s).GroupBy(c => c).OrderBy(g => Math.Abs(g.Count() - items.Length / 3)).First().Key.ToString();
        var task = sst2 with { Answers = [(first, 1), (said.SelectMany(s => s).GroupBy(c => c).OrderByDescending(g => g.Count()).First(g => $"{g.Key}" != first).Key.ToString(), 0)] };

        var evaluated = new Evaluator(editor).Downstream(task, items, 10, Token);
        evaluated.Select(e => e.Name).ShouldBe(Enumerable.Range(11, 30).Select(n => $"{n}"));
        evaluated.Select(e => (int)EvaluationTotals.Value(e, EvaluationTotals.Answer)).ShouldBe(said.Select(task.Label));
        evaluated.Select(e => (int)EvaluationTotals.Value(e, EvaluationTotals.Label)).ShouldBe(items.Select(i => i.Label));
        said.Select(task.Label).Distinct().Count().ShouldBeGreaterThan(1);

        var totals = EvaluationTotals.Of("sst2", evaluated).ToDictionary(m => m.Name, m => m.Value);
        totals["accuracy"].ShouldBe(said.Zip(items).Count(x => task.Label(x.First) == x.Second.Label) / 30.0, 1e-12);
        totals["invalid"].ShouldBe(said.Count(s => task.Label(s) == Classification.None));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static DownstreamTask Task(string name) => DownstreamTask.All.Single(t => t.Name == name);
}
