using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Analysis;

/// <summary>An edit of both states that has other factors in one than in the other.</summary>
public readonly record struct ChangedEdit(EffectiveEdit A, EffectiveEdit B);

/// <summary>What two states have in common and what not. An edit is in both when its id is, or else the id of the edit it came from (<see cref="EffectiveEdit.Root"/>).</summary>
/// <param name="OnlyA">Edits of the first state alone, in order of taking effect.</param>
/// <param name="OnlyB">Of the second alone.</param>
/// <param name="Changed">Edits of both with other factors, in the first's order.</param>
/// <param name="Same">How many edits of both have the same factors.</param>
/// <param name="Reordered">Whether those that have the same factors took effect in another order: the sums are the same, their last bits need not be.</param>
/// <param name="Distance">‖W_a − W_b‖_F. 0 where the same deltas are in effect in whatever order.</param>
/// <param name="FromBaseA">‖W_a − W₀‖_F.</param>
/// <param name="FromBaseB">‖W_b − W₀‖_F.</param>
public sealed record StateDifference(
    ImmutableArray<EffectiveEdit> OnlyA, ImmutableArray<EffectiveEdit> OnlyB, ImmutableArray<ChangedEdit> Changed, int Same, bool Reordered,
    double Distance, double FromBaseA, double FromBaseB)
{
    /// <param name="a">The edits in effect, in order of taking effect.</param>
    /// <param name="b">Those of the other state.</param>
    /// <exception cref="ShapeException">A vector has another length than the others.</exception>
    public static StateDifference Of(IReadOnlyList<EffectiveEdit> a, IReadOnlyList<EffectiveEdit> b, CancellationToken token)
    {
        var partners = Match(a, b);                                                         // place in a → place in b
        var both = Enumerable.Range(0, a.Count).Where(partners.ContainsKey).ToLookup(i => a[i].Delta.Digest == b[partners[i]].Delta.Digest);
        var taken = partners.Values.ToHashSet();
        int[] same = [.. both[true].Select(i => partners[i])];
        return new StateDifference(
            [.. a.Where((_, i) => !partners.ContainsKey(i))],
            [.. b.Where((_, j) => !taken.Contains(j))],
            [.. both[false].Select(i => new ChangedEdit(a[i], b[partners[i]]))],
            same.Length,
            same.Zip(same.Skip(1)).Any(p => p.First > p.Second),
            WeightedDelta.FrobeniusNorm(Left(a, b), token),
            WeightedDelta.FrobeniusNorm(Left(a, []), token),
            WeightedDelta.FrobeniusNorm(Left(b, []), token));
    }

    private static Dictionary<int, int> Match(IReadOnlyList<EffectiveEdit> a, IReadOnlyList<EffectiveEdit> b)
    {
        var partners = new Dictionary<int, int>();
        var ids = Enumerable.Range(0, b.Count).ToDictionary(j => b[j].Edit);
        for (var i = 0; i < a.Count; i++)
            if (ids.Remove(a[i].Edit, out var j)) partners.Add(i, j);
        var roots = ids.Values.Order().GroupBy(j => b[j].Root).ToDictionary(g => g.Key, g => new Queue<int>(g));
        for (var i = 0; i < a.Count; i++)
            if (!partners.ContainsKey(i) && roots.TryGetValue(a[i].Root, out var waiting) && waiting.TryDequeue(out var j)) partners.Add(i, j);
        return partners;
    }

    /// <summary>What is left of a − b when the deltas that both have are taken out, whichever edits they belong to.</summary>
    private static WeightedDelta[] Left(IReadOnlyList<EffectiveEdit> a, IReadOnlyList<EffectiveEdit> b) =>
    [
        .. a.Select(e => new WeightedDelta(e.Delta, 1)).Concat(b.Select(e => new WeightedDelta(e.Delta, -1)))
            .GroupBy(x => x.Delta.Digest)
            .Select(g => new WeightedDelta(g.First().Delta, g.Sum(x => x.Weight)))
            .Where(x => x.Weight != 0),
    ];
}
