using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Numerics;

namespace Ledger.Projections.Replay;

/// <summary>
/// What a state that changes gives at the keys of thousands of edits in turn: the bits of <see cref="Rederive.Output(Float32Vector, Float32Vector, IReadOnlyList{RankOneDelta})"/>,
/// found for many edits at once and kept up to date with what takes effect and leaves.
/// </summary>
/// <param name="edits">The keys of the edits, in the order in which they will be asked for.</param>
public sealed class ValueReplay(IReadOnlyList<EditKeys> edits)
{
    private const int Ahead = PackedVectors.Block / 2;              // two keys an edit

    private List<RankOneDelta> state = [];
    private StateOutputs? outputs;
    private int first, count;

    /// <summary>m₀ = W k_o + b and W k̄ + b [d_v] for one of the edits on a state.</summary>
    /// <param name="index">Its place in the list. Any is right; rising is fast.</param>
    /// <param name="inEffect">The state's deltas, in order of taking effect. Any are right; those of the last time, some gone and some added behind, are fast.</param>
    /// <exception cref="ShapeException">A vector has another length than the others.</exception>
    public (Float32Vector M0, Float32Vector OutKBar) At(int index, IReadOnlyList<RankOneDelta> inEffect, CancellationToken token)
    {
        if (outputs is null || index < first || index >= first + count)
        {
            (first, count, state) = (index, Math.Min(Ahead, edits.Count - index), []);
            outputs = new StateOutputs([.. Enumerable.Range(first, count).SelectMany(i => Points(edits[i]))]);
        }
        Follow(outputs, inEffect, token);
        var at = 2 * (index - first);
        return (Rounded(outputs.At(at, token)), Rounded(outputs.At(at + 1, token)));
    }

    private void Follow(StateOutputs outputs, IReadOnlyList<RankOneDelta> inEffect, CancellationToken token)
    {
        var kept = new List<int>(state.Count);                      // places in the old state that are the beginning of the new one
        for (var i = 0; i < state.Count; i++)
            if (kept.Count < inEffect.Count && ReferenceEquals(state[i], inEffect[kept.Count])) kept.Add(i);
        outputs.Keep(kept);
        state = kept.ConvertAll(i => state[i]);
        RankOneDelta[] more = [.. inEffect.Skip(kept.Count)];
        outputs.Add(more, token);
        state.AddRange(more);
    }

    private static KeyPoint[] Points(EditKeys keys) => [new(keys.KO, keys.BaseOutKO), new(keys.KBar, keys.BaseOutKBar)];

    private static Float32Vector Rounded(ReadOnlySpan<double> sums)
    {
        var rounded = new float[sums.Length];
        for (var i = 0; i < rounded.Length; i++) rounded[i] = (float)sums[i];
        return new Float32Vector(rounded);
    }
}
