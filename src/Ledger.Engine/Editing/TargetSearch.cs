using System.Collections.Immutable;
using Ledger.Domain.Editing;

namespace Ledger.Engine.Editing;

/// <summary>The search for δ; docs/editing.md §2.</summary>
internal static class TargetSearch
{
    /// <param name="loss">Not evaluated before.</param>
    /// <param name="dv">d_v.</param>
    /// <param name="m0Norm">‖m₀‖.</param>
    /// <param name="progress">Told every evaluation.</param>
    /// <param name="token">Asked before every evaluation.</param>
    /// <returns>δ [d_v] and one entry per evaluation; the last one is at this δ.</returns>
    public static (double[] Delta, ImmutableArray<LossPoint> Loss) Run(
        TargetLoss loss, int dv, double m0Norm, Hyperparameters h, IProgress<LossPoint>? progress, CancellationToken token)
    {
        double[] delta = new double[dv], gradient = new double[dv];
        var adam = new Adam(h.LearningRate, dv);
        var points = ImmutableArray.CreateBuilder<LossPoint>();
        while (true)
        {
            token.ThrowIfCancellationRequested();
            var last = points.Count + 1 >= h.Evaluations;
            var point = loss.At(delta, p => !last && !(p.Total < h.StopLoss), gradient);
            points.Add(point);
            progress?.Report(point);
            if (last || point.Total < h.StopLoss) return (delta, points.ToImmutable());
            adam.Step(delta, gradient);
            Clamp(delta, h.ClampFactor * m0Norm);
        }
    }

    /// <summary>Scales back to length <paramref name="most"/> what is longer.</summary>
    private static void Clamp(Span<double> delta, double most)
    {
        var norm = TargetLoss.Norm(delta);
        if (!(norm > most)) return;
        foreach (ref var x in delta) x *= most / norm;
    }
}
