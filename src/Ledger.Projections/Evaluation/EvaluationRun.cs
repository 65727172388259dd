using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Events;

namespace Ledger.Projections.Evaluation;

/// <summary>What is known so far of one state's answer to one question: the events of it put together.</summary>
/// <param name="Latest">The last of them: who, when, at which revision.</param>
/// <param name="Items">By place in the data.</param>
public sealed record EvaluationRun(StateId State, EvaluationQuestion Question, EventEnvelope Latest, ImmutableSortedDictionary<int, EvaluatedItem> Items)
{
    public EvaluationRecorded Recorded => (EvaluationRecorded)Latest.Event;

    public bool IsComplete => Items.Count == Question.Items;

    public ImmutableArray<Measurement> Totals => EvaluationTotals.Of(Question.Suite, Items.Values);

    /// <summary>In the order of their first events. Of an item that was recorded twice the first stands.</summary>
    public static ImmutableArray<EvaluationRun> Of(IEnumerable<EventEnvelope> observations)
    {
        var runs = new OrderedDictionary<(StateId, EvaluationQuestion), EvaluationRun>();
        foreach (var e in observations)
        {
            if (e.Event is not EvaluationRecorded x) continue;
            var run = runs.GetValueOrDefault((x.State, x.Question)) ?? new EvaluationRun(x.State, x.Question, e, ImmutableSortedDictionary<int, EvaluatedItem>.Empty);
            var items = run.Items.ToBuilder();
            foreach (var (i, item) in x.Results.Index()) items.TryAdd(x.First + i, item);
            runs[(x.State, x.Question)] = run with { Latest = e, Items = items.ToImmutable() };
        }
        return [.. runs.Values];
    }
}
