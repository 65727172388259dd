using System.Collections.Immutable;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Features.Evaluating;

/// <summary>Measures the weights that a model runs with. What it gives is what events record of each item; <see cref="EvaluationTotals"/> puts items together.</summary>
public sealed class Evaluator(IModelEditor editor)
{
    /// <summary>Of generated texts: tokens with the prompt's, and among how many each is sampled.</summary>
    public const int TextTokens = 100, TopK = 5;

    /// <summary>Facts' scores, all of them batched together; of one without a true target n of the new one alone.</summary>
    public ImmutableArray<EvaluatedItem> Facts(IEnumerable<Fact> facts, CancellationToken token)
    {
        var asked = facts.Select(f =>
        {
            string[] paraphrases = [.. f.Request.Paraphrases.Where(p => p.Length > 0)];
            return (f.Name, f.Request, Paraphrases: paraphrases.Length, Prompts: (string[])[f.Request.Text, .. paraphrases, .. f.Request.Neighbours.Where(p => p.Length > 0)]);
        }).ToArray();
        var n = editor.Score([.. asked.SelectMany(a => Targets(a.Request).SelectMany(target => a.Prompts.Select(prompt => (prompt, target))))], token);
        var items = ImmutableArray.CreateBuilder<EvaluatedItem>(asked.Length);
        var at = 0;
        foreach (var (name, request, paraphrases, prompts) in asked)
        {
            var news = n.Slice(at, prompts.Length);
            var known = request.TrueTarget is not null;
            var trues = known ? n.Slice(at + prompts.Length, prompts.Length) : [];
            at += (known ? 2 : 1) * prompts.Length;
            items.Add(new EvaluatedItem(name, known ? Scored([.. news.Zip(trues, (a, b) => new PromptScore(a, b))], paraphrases) : [new Measurement(EvaluationTotals.NNew, news[0], 1)]));
        }
        return items.MoveToImmutable();
    }

    /// <summary>How varied the texts are that the model goes on with after each fact's generation prompts.</summary>
    /// <param name="first">The first fact's place in the data: what is sampled for a fact does not depend on which others are asked with it.</param>
    public ImmutableArray<EvaluatedItem> Generations(IEnumerable<Fact> facts, int first, long seed, CancellationToken token) => [.. facts.Select((fact, i) =>
    {
        var texts = Texts(fact, first + i, seed, token);
        return new EvaluatedItem(fact.Name, [new(EvaluationTotals.Entropy, TextEntropy.Normalised(texts), texts.Length), new(EvaluationTotals.NGramEntropy, TextEntropy.NGrams(texts), texts.Length)]);
    })];

    /// <summary>Those texts, prompts included.</summary>
    public ImmutableArray<string> Texts(Fact fact, int place, long seed, CancellationToken token) =>
        editor.Sample(fact.GenerationPrompts, TextTokens, TopK, unchecked(seed + place * FactStride), token);

    /// <summary>−ln p a token of each text.</summary>
    /// <param name="first">The first text's place in the data.</param>
    public ImmutableArray<EvaluatedItem> Perplexity(IReadOnlyList<string> texts, int first, CancellationToken token) =>
        [.. editor.Likelihoods(texts, token).Select((t, i) => new EvaluatedItem($"{first + i + 1}", [new(EvaluationTotals.Nll, t.Sum / t.Tokens, t.Tokens)]))];

    /// <summary>What the model answers to a task's items; the examples before them are run once.</summary>
    /// <param name="first">The first item's place in the data.</param>
    public ImmutableArray<EvaluatedItem> Downstream(DownstreamTask task, IReadOnlyList<DownstreamItem> items, int first, CancellationToken token) =>
        [.. editor.Answers([.. items.Select(task.Prompt)], DownstreamTask.Tokens, token).Zip(items).Select((a, i) =>
            new EvaluatedItem($"{first + i + 1}", [new(EvaluationTotals.Label, a.Second.Label, 1), new(EvaluationTotals.Answer, task.Label(a.First), 1)]))];

    /// <summary>Odd and large: facts' seeds lie apart from each other and from those of rows.</summary>
    private const long FactStride = 0x1B87_3593_CC9E_2D51;

    private static IEnumerable<string> Targets(EditRequest request) => request.TrueTarget is { } truth ? [request.Target, truth] : [request.Target];

    private static ImmutableArray<Measurement> Scored(PromptScore[] prompts, int paraphrases)
    {
        var (asked, neighbours) = (1 + paraphrases, prompts.Length - 1 - paraphrases);
        var s = CounterFactScores.Of(prompts[..1], prompts[1..asked], prompts[asked..]);
        return
        [
            new("ES", s.ES, 1), new("EM", s.EM, 1), new("PS", s.PS, paraphrases), new("PM", s.PM, paraphrases), new("NS", s.NS, neighbours), new("NM", s.NM, neighbours),
            new(EvaluationTotals.NNew, prompts[0].New, 1), new(EvaluationTotals.NTrue, prompts[0].True, 1),
        ];
    }
}
