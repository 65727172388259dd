using Ledger.Domain.Editing;

namespace Ledger.Projections.Timelines;

/// <summary>How far a state lies from the base, from factors alone: ‖Σ ΔW‖²_F = Σ_ij (u_i·u_j)(r_i·r_j) (docs/editing.md §1).</summary>
/// <remarks>
/// Adding one edit costs a pass over the edits in effect. Sums are float64; where edits nearly cancel, the difference of large sums loses
/// digits: the result is good to about 1e-8 of the largest ‖ΔW‖.
/// </remarks>
public sealed class CumulativeDistance(long elements)
{
    private readonly List<RankOneDelta> inEffect = [];
    private double squared;

    /// <summary>‖W_n − W₀‖_F.</summary>
    public double FrobeniusNorm => Math.Sqrt(Math.Max(0, squared));

    /// <summary>‖W_n − W₀‖_F / numel(W): the paper's |Δ| of a whole history.</summary>
    public double PerElement => FrobeniusNorm / elements;

    public void Add(RankOneDelta delta)
    {
        squared += Change(delta);
        inEffect.Add(delta);
    }

    /// <summary>Takes out a delta that was added; the same object.</summary>
    public void Remove(RankOneDelta delta)
    {
        inEffect.Remove(delta);
        squared = inEffect.Count == 0 ? 0 : squared - Change(delta);
    }

    private double Change(RankOneDelta delta)
    {
        var cross = 0.0;
        foreach (var other in inEffect) cross += delta.U.Dot(other.U) * delta.R.Dot(other.R);
        return 2 * cross + delta.U.Dot(delta.U) * delta.R.Dot(delta.R);
    }
}
