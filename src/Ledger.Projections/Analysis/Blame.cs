using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Projections.Numerics;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Analysis;

/// <summary>How far an edit in effect moves what the model gives at some keys: a reason to suspect it, which leaving it out confirms or not.</summary>
/// <param name="Edit">Which edit.</param>
/// <param name="Moves">‖r‖|u·k|, the length of what it adds to W k; the largest over the keys.</param>
/// <param name="Position">At which of the keys, from 0.</param>
public sealed record Blame(EditId Edit, double Moves, int Position)
{
    /// <param name="inEffect">The edits in effect, in order of taking effect.</param>
    /// <param name="keys">k [d_k], at least one: a fact's own key, or that of every position of a prompt.</param>
    /// <returns>Every edit, the one that moves most first; of equal ones the later first.</returns>
    /// <exception cref="ShapeException">A vector has another length than the others.</exception>
    public static ImmutableArray<Blame> Rank(IReadOnlyList<EffectiveEdit> inEffect, IReadOnlyList<Float32Vector> keys, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Count);
        Float32Vector[] directions = [.. inEffect.Select(e => e.Delta.U)];
        var most = new (double Dot, int Position)[inEffect.Count];
        for (var first = 0; first < keys.Count; first += PackedVectors.Block)
        {
            Float32Vector[] block = [.. keys.Skip(first).Take(PackedVectors.Block)];
            var dots = new PackedVectors(block).Dots(directions, token);                            // u_i·k
            for (var i = 0; i < most.Length; i++)
                for (var k = 0; k < block.Length; k++)
                    if (Math.Abs(dots[i, k]) > most[i].Dot) most[i] = (Math.Abs(dots[i, k]), first + k);
        }
        return [.. inEffect.Zip(most, (e, m) => new Blame(e.Edit, e.Delta.R.Norm() * m.Dot, m.Position)).Reverse().OrderByDescending(b => b.Moves)];
    }
}
