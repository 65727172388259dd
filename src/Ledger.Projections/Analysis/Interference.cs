using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Projections.Numerics;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Analysis;

/// <summary>How much one edit moves what the model gives at another's key, in units of what the other wrote there: ‖r_i‖|u_i·k_j| / (‖r_j‖|u_j·k_j|), k_j = k_v of j.</summary>
/// <param name="By">i, the edit that moves.</param>
/// <param name="On">j, the edit that is moved.</param>
/// <param name="Value">0 not at all; 1 as far as j itself moved it.</param>
/// <remarks>An edit that was computed with i in effect has made up for i; one that was in effect before i has not. The figure does not tell them apart.</remarks>
public sealed record Interference(EditId By, EditId On, double Value)
{
    /// <summary>The pairs of two lists that interfere most; an edit that is in both does not interfere with itself.</summary>
    /// <param name="by">The edits that move: a state's own, or those that a merge would take.</param>
    /// <param name="on">The edits that are moved: the same list, or those in effect on the target.</param>
    /// <param name="above">Only pairs above this bound.</param>
    /// <param name="most">At most this many.</param>
    /// <returns>Largest first, equal ones in the lists' order. Where j wrote nothing (r_j = 0) there is no unit to measure in, and its pairs are left out.</returns>
    /// <exception cref="ShapeException">A vector has another length than the others.</exception>
    public static ImmutableArray<Interference> Largest(IReadOnlyList<EffectiveEdit> by, IReadOnlyList<EffectiveEdit> on, double above, int most, CancellationToken token)
    {
        var largest = new PriorityQueue<Interference, (double Value, long Order)>();            // the smallest of them comes out first
        double[] lengths = [.. by.Select(e => e.Delta.R.Norm())];
        Float32Vector[] directions = [.. by.Select(e => e.Delta.U)];
        var first = 0;
        foreach (var block in on.Chunk(PackedVectors.Block))
        {
            var dots = new PackedVectors([.. block.Select(e => e.KV)]).Dots(directions, token);     // u_i·k_j
            double[] wrote = [.. block.Select(e => e.Delta.R.Norm() * Math.Abs(e.Delta.U.Dot(e.KV)))];
            for (var i = 0; i < by.Count; i++)
            {
                for (var j = 0; j < block.Length; j++)
                {
                    var value = lengths[i] * Math.Abs(dots[i, j]) / wrote[j];
                    if (value > above && wrote[j] > 0 && by[i].Edit != block[j].Edit)
                        Keep(largest, new Interference(by[i].Edit, block[j].Edit, value), -((long)i * on.Count + first + j), most);
                }
            }
            first += block.Length;
        }
        var found = new Interference[largest.Count];
        for (var i = found.Length - 1; i >= 0; i--) found[i] = largest.Dequeue();
        return [.. found];
    }

    private static void Keep(PriorityQueue<Interference, (double Value, long Order)> largest, Interference pair, long order, int most)
    {
        if (largest.Count < most) largest.Enqueue(pair, (pair.Value, order));
        else if (most > 0) largest.EnqueueDequeue(pair, (pair.Value, order));
    }
}
