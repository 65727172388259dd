using System.Collections.Immutable;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;

namespace Ledger.Projections.Evaluation;

/// <summary>The names of what can be evaluated, and of what an item and all items together give.</summary>
public static class EvaluationTotals
{
    public const string CounterFact = "counterfact", Retention = "retention", Generations = "generations", Perplexity = "perplexity";

    /// <summary>n of a record's rewrite prompt, of both targets.</summary>
    public const string NNew = "n-new", NTrue = "n-true";

    public const string Entropy = "entropy", NGramEntropy = "ngram-entropy", Nll = "nll", Label = "label", Answer = "answer";

    /// <summary>What items give together: means over records, a perplexity over all tokens, agreement over all answers. Of a suite that is none of these the plain means.</summary>
    /// <returns>Each with how many items it is of; none without items.</returns>
    public static ImmutableArray<Measurement> Of(string suite, IEnumerable<EvaluatedItem> evaluated)
    {
        var items = evaluated.ToArray();
        if (items.Length == 0) return [];
        switch (suite)
        {
            case CounterFact or Retention:
                var scores = Scores(items);
                var mean = CounterFactScores.Mean([.. scores]);
                return [Scored("ES", s => s.ES, mean.ES), Scored("PS", s => s.PS, mean.PS), Scored("NS", s => s.NS, mean.NS), Scored("S", s => s.S, mean.S), Scored("EM", s => s.EM, mean.EM), Scored("PM", s => s.PM, mean.PM), Scored("NM", s => s.NM, mean.NM)];

                Measurement Scored(string name, Func<CounterFactScores, double> of, double value) => new(name, value, scores.Count(s => !double.IsNaN(of(s))));
            case Perplexity:
                var texts = items.SelectMany(i => i.Measurements).Where(m => m.Name == Nll && m.Count > 0).Select(m => new TextLikelihood(m.Value * m.Count, m.Count)).ToArray();
                return [new Measurement(Perplexity, TextLikelihood.Perplexity(texts), texts.Sum(t => t.Tokens))];
            case var _ when items[0].Measurements.Any(m => m.Name == Answer):
                var c = Classification.Of([.. items.Select(i => ((int)Value(i, Label), (int)Value(i, Answer)))]);
                return [new("accuracy", c.Accuracy, c.Items), new("F1", c.F1, c.Items), new("MCC", c.Mcc, c.Items), new("invalid", c.Invalid, c.Items)];
            default:
                return [.. items.SelectMany(i => i.Measurements).GroupBy(m => m.Name).Select(g => g.Where(m => !double.IsNaN(m.Value)).ToArray() is { Length: > 0 } known
                    ? new Measurement(g.Key, known.Average(m => m.Value), known.Length) : new Measurement(g.Key, double.NaN, 0))];
        }
    }

    /// <summary>An item's scores; NaN what it has not got.</summary>
    public static CounterFactScores ScoresOf(EvaluatedItem item) =>
        new(Value(item, "ES"), Value(item, "EM"), Value(item, "PS"), Value(item, "PM"), Value(item, "NS"), Value(item, "NM"));

    /// <summary>One measurement of an item; NaN where it has not got it.</summary>
    public static double Value(EvaluatedItem item, string name) => item.Measurements.FirstOrDefault(m => m.Name == name)?.Value ?? double.NaN;

    private static CounterFactScores[] Scores(IEnumerable<EvaluatedItem> items) => [.. items.Select(ScoresOf)];
}
