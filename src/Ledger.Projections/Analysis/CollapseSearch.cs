using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Analysis;

/// <param name="Edit">An edit in effect.</param>
/// <param name="Without">The figure without it.</param>
public readonly record struct Suspect(EditId Edit, double Without);

/// <summary>Which edits a figure that is too large is due to.</summary>
/// <param name="Good">So many of the edits, the first ones, were not too much.</param>
/// <param name="First">With this one, the edits taking effect one after the other, it is too large for the first time.</param>
/// <param name="Suspects">Those without which it falls, the one without which it falls furthest first.</param>
public sealed record CollapseSearch(int Good, EditId First, ImmutableArray<Suspect> Suspects)
{
    /// <summary>At most so many edits are left out one at a time; with a model each costs a rebuild and a pass.</summary>
    public const int MostLeftOut = 32;

    /// <summary>An edit is to blame where leaving it out takes at least this share of what the figure is over its bound by.</summary>
    public const double LeastShare = 0.05;

    /// <summary>
    /// Bisects to the first edit with which the figure is too large, then leaves out those since the last that were content, one at a time: that first one and, where there are too many, the largest.
    /// </summary>
    /// <param name="edits">In order of taking effect; all together are too much.</param>
    /// <param name="good">So many of them were not, when somebody looked; 0 for none.</param>
    /// <param name="value">The figure of all.</param>
    /// <param name="threshold">What it must not exceed.</param>
    /// <param name="figure">Of some of the edits, in the same order.</param>
    public static CollapseSearch Of(IReadOnlyList<EffectiveEdit> edits, int good, double value, double threshold, Func<IReadOnlyList<EffectiveEdit>, double> figure, CancellationToken token)
    {
        // What made up for another edit may have left since.
        if (good > 0 && (good >= edits.Count || IsOver(figure([.. edits.Take(good)]), threshold))) good = 0;
        var search = new Bisection(edits.Count - good);
        while (search.Next is { } place)
        {
            token.ThrowIfCancellationRequested();
            search.Answer(likeFirst: !IsOver(figure([.. edits.Take(good + place)]), threshold));
        }
        var first = edits[good + search.Last - 1];

        var suspects = new List<Suspect>();
        foreach (var edit in edits.Skip(good).OrderByDescending(e => e.Edit == first.Edit).ThenByDescending(e => e.Delta.FrobeniusNorm).Take(MostLeftOut))
        {
            token.ThrowIfCancellationRequested();
            suspects.Add(new Suspect(edit.Edit, figure([.. edits.Where(e => e.Edit != edit.Edit)])));
        }
        var least = double.IsFinite(value) ? value - LeastShare * (value - threshold) : double.MaxValue;
        return new CollapseSearch(good, first.Edit, [.. suspects.Where(s => s.Without <= least).OrderBy(s => s.Without)]);
    }

    /// <summary>What is no number is too large as well: it comes from weights that are not finite or from a model that gives nothing.</summary>
    public static bool IsOver(double value, double threshold) => !(value <= threshold);
}
