using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Projections.Evaluation;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Evaluating;

/// <summary>A question to a state, ready to be asked item by item. It knows no ledger: <see cref="Ask"/> measures the weights that a model runs with.</summary>
/// <param name="Source">What the data is called.</param>
/// <param name="Batch">So many items are measured, and recorded, at a time: what a run that is stopped loses at most.</param>
/// <param name="Ask">Items from a place in the data on, so many of them.</param>
public sealed record Evaluation(EvaluationQuestion Question, string Source, int Batch, Func<Evaluator, int, int, CancellationToken, ImmutableArray<EvaluatedItem>> Ask)
{
    private const int FactBatch = 10, GenerationBatch = 2, TextBatch = 64, TaskBatch = 500;

    private const string Scores = "n(x) of both targets";

    /// <summary>ES, EM, PS, PM, NS, NM of a file's records.</summary>
    public static Evaluation CounterFact(FactFile file) => new(
        new EvaluationQuestion(EvaluationTotals.CounterFact, file.Digest, file.Facts.Length, Scores, null), file.Name, FactBatch,
        (evaluator, first, count, token) => evaluator.Facts(file.Facts.Slice(first, count), token));

    /// <summary>The same of the ledger's own facts: of the edits in effect at a revision, in order of taking effect.</summary>
    /// <exception cref="SetupException">There is none.</exception>
    public static Evaluation Retention(TimelineHistory history)
    {
        var facts = history.Timeline.InEffect.Select(e => new Fact(e.ToString(), history.Record(e).Request, [])).ToImmutableArray();
        if (facts.IsEmpty) throw new SetupException($"No edit is in effect at {history.Name}@{history.Timeline.Revision}: nothing could be retained.", "name another revision, or leave --retention out");
        var ids = Digest.Of(Encoding.UTF8.GetBytes(string.Concat(facts.Select(f => f.Name + "\n"))));
        return new Evaluation(
            new EvaluationQuestion(EvaluationTotals.Retention, ids, facts.Length, Scores, null), "edits in effect", FactBatch,
            (evaluator, first, count, token) => evaluator.Facts(facts.Slice(first, count), token));
    }

    /// <summary>Entropies of what is generated about a file's records.</summary>
    public static Evaluation Generations(FactFile file, long seed) => new(
        new EvaluationQuestion(EvaluationTotals.Generations, file.Digest, file.Facts.Length, string.Create(CultureInfo.InvariantCulture, $"top-k {Evaluator.TopK}, {Evaluator.TextTokens} tokens with the prompt"), seed), file.Name, GenerationBatch,
        (evaluator, first, count, token) => evaluator.Generations(file.Facts.Slice(first, count), first, seed, token));

    /// <summary>exp of the mean −ln p over all tokens of all texts.</summary>
    public static Evaluation Perplexity(TextFile file) => new(
        new EvaluationQuestion(EvaluationTotals.Perplexity, file.Digest, file.Texts.Length, "first tokens given", null), file.Name, TextBatch,
        (evaluator, first, count, token) => evaluator.Perplexity(file.Texts.Slice(first, count), first, token));

    /// <summary>A task's items; all of up to 500 at a time, so that its examples are run once.</summary>
    public static Evaluation Downstream(DownstreamFile file) => new(
        new EvaluationQuestion(file.Task.Name, file.Digest, file.Items.Length, string.Create(CultureInfo.InvariantCulture, $"rebuilding-rome's prompt, greedy, {DownstreamTask.Tokens} tokens"), null), file.Name, TaskBatch,
        (evaluator, first, count, token) => evaluator.Downstream(file.Task, file.Items.Slice(first, count), first, token));

    /// <summary>All items at once, nothing recorded.</summary>
    public ImmutableArray<Measurement> Measure(Evaluator evaluator, CancellationToken token)
    {
        var items = new List<EvaluatedItem>();
        while (items.Count < Question.Items) items.AddRange(Ask(evaluator, items.Count, Math.Min(Batch, Question.Items - items.Count), token));
        return EvaluationTotals.Of(Question.Suite, items);
    }
}
