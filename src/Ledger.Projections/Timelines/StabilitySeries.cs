using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Numerics;

namespace Ledger.Projections.Timelines;

/// <summary>
/// Distances along a whole history, from factors alone: ‖Σ w_i r_i u_iᵀ‖²_F = Σ_ij w_i w_j (u_i·u_j)(r_i·r_j) (docs/editing.md §1), brought up to date by one
/// row of products an edit.
/// </summary>
/// <remarks>
/// Sums are float64; where edits leave or nearly cancel, the difference of large sums loses digits: good to about 1e-8 of the largest
/// distance on the way. A state with all its edits gone is exactly at the base, and two with the same deltas in whatever order
/// exactly at one place. <see cref="WeightedDelta.FrobeniusNorm"/> is exact for a single state.
/// </remarks>
public static class StabilitySeries
{
    /// <param name="revisions">What took effect and left at each revision, in order (<see cref="TimelineHistory.Changes"/>).</param>
    /// <returns>‖W_n − W₀‖_F after each; over numel(W) it is the paper's |Δ| of a whole history.</returns>
    /// <exception cref="ShapeException">A vector has another length than the others.</exception>
    public static double[] FromBase(IReadOnlyList<ImmutableArray<WeightedDelta>> revisions, CancellationToken token)
    {
        var distances = new double[revisions.Count];
        var walk = new Walk();
        var changes = Enumerable.Range(0, revisions.Count).SelectMany(n => revisions[n].Select(change => (Revision: n, Change: change)));
        var last = 0;
        foreach (var block in changes.Chunk(PackedVectors.Block))
        {
            var after = walk.Over([.. block.Select(c => c.Change)], token);
            for (var i = 0; i < block.Length; i++)
            {
                for (; last < block[i].Revision; last++) distances[last + 1] = distances[last];     // nothing changes the weights in between
                distances[last] = after[i];
            }
        }
        for (; last + 1 < distances.Length; last++) distances[last + 1] = distances[last];
        return distances;
    }

    /// <returns>‖W_n − W'_n‖_F after each revision of both; the shorter history stays where it ended.</returns>
    /// <exception cref="ShapeException">A vector has another length than the others.</exception>
    public static double[] Between(IReadOnlyList<ImmutableArray<WeightedDelta>> revisions, IReadOnlyList<ImmutableArray<WeightedDelta>> others, CancellationToken token)
    {
        var both = new ImmutableArray<WeightedDelta>[Math.Max(revisions.Count, others.Count)];
        for (var n = 0; n < both.Length; n++)
            both[n] = [.. n < revisions.Count ? revisions[n] : [], .. (n < others.Count ? others[n] : []).Select(c => c with { Weight = -c.Weight })];
        return FromBase(both, token);
    }

    /// <summary>A weighted sum of deltas on its way, and the square of its norm.</summary>
    private sealed class Walk
    {
        private List<Term> terms = [];
        private double squared;

        /// <returns>The norm after each change.</returns>
        public double[] Over(WeightedDelta[] changes, CancellationToken token)
        {
            terms = terms.FindAll(t => t.Weight != 0);
            var known = terms.ToDictionary(t => t.Digest);
            var at = Array.ConvertAll(changes, c => Known(known, c.Delta));
            var uu = new PackedVectors(Array.ConvertAll(changes, c => c.Delta.U)).Dots(terms.ConvertAll(t => t.Delta.U), token);     // [terms, changes]
            var rr = new PackedVectors(Array.ConvertAll(changes, c => c.Delta.R)).Dots(terms.ConvertAll(t => t.Delta.R), token);
            var norms = new double[changes.Length];
            for (var c = 0; c < changes.Length; c++)
            {
                double weight = changes[c].Weight, cross = 0;
                for (var t = 0; t < terms.Count; t++) cross += terms[t].Weight * (uu[t, c] * rr[t, c]);
                squared += weight * (2 * cross + weight * changes[c].Delta.U.Dot(changes[c].Delta.U) * changes[c].Delta.R.Dot(changes[c].Delta.R));
                at[c].Weight += changes[c].Weight;
                if (terms.TrueForAll(t => t.Weight == 0)) squared = 0;
                norms[c] = Math.Sqrt(Math.Max(0, squared));
            }
            return norms;
        }

        private Term Known(Dictionary<Digest, Term> known, RankOneDelta delta)
        {
            var digest = delta.Digest;
            if (!known.TryGetValue(digest, out var term))
            {
                term = new Term(digest, delta);
                known.Add(digest, term);
                terms.Add(term);
            }
            return term;
        }

        private sealed class Term(Digest digest, RankOneDelta delta)
        {
            public Digest Digest => digest;
            public RankOneDelta Delta => delta;
            public int Weight { get; set; }
        }
    }
}
