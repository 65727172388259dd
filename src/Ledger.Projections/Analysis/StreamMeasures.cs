using Ledger.Domain.Gate;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Analysis;

/// <summary>
/// The figures of the stream rules that need no model: of some edits, in order of taking effect, from factors alone. A figure is made for one set of edits and can then be asked of
/// parts of it, of its first few and of all but one, without the unit changing in between.
/// </summary>
public static class StreamMeasures
{
    /// <summary>The share of edits whose drift the figure of <see cref="StreamRules.Drift"/> is not under.</summary>
    public const double DriftQuantile = 0.9;

    /// <summary><see cref="StreamRules.CumulativeDistance"/>, in the median ‖ΔW‖_F of these edits.</summary>
    /// <returns>0 for no edits.</returns>
    public static Func<IReadOnlyList<EffectiveEdit>, double> CumulativeDistance(IReadOnlyList<EffectiveEdit> all, CancellationToken token)
    {
        // An edit of what the model says already has size 0, and says nothing about the others'.
        double[] sizes = [.. all.Select(e => e.Delta.FrobeniusNorm).Where(x => x > 0).Order()];
        var unit = sizes.Length == 0 ? 1 : EditGate.Median(sizes);
        return edits => edits.Count == 0 ? 0 : WeightedDelta.FrobeniusNorm([.. edits.Select(e => new WeightedDelta(e.Delta, 1))], token) / (unit * Math.Sqrt(edits.Count));
    }

    /// <summary><see cref="StreamRules.Drift"/>.</summary>
    /// <returns>0 where no edit has a drift.</returns>
    public static double DriftOf(IReadOnlyList<EffectiveEdit> edits, CancellationToken token)
    {
        var drifts = Drift.AllAtKV(edits, token);
        return drifts.Length == 0 ? 0 : drifts[Math.Min(drifts.Length - 1, (int)Math.Ceiling(DriftQuantile * drifts.Length) - 1)];
    }
}
