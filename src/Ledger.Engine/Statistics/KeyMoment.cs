using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Ledger.Engine.Statistics;

/// <summary>C with its factor in memory.</summary>
/// <param name="l">Lower Cholesky factor of C + λ·trace(C)/d_k·I, row-major float64 [d_k, d_k].</param>
internal sealed class KeyMoment(KeyStatistics statistics, double[] l) : IKeyMoment
{
    public KeyStatistics Statistics => statistics;

    public Float32Vector Direction(Float32Vector k)
    {
        ShapeException.Require(k.Length == statistics.Dk, nameof(k), statistics.Dk, k.Length);
        var x = Solve(k.Span);
        var norm = Math.Sqrt(x.Sum(v => v * v));
        return Float32Vector.Create(x.Length, u =>
        {
            for (var i = 0; i < u.Length; i++) u[i] = (float)(x[i] / norm);
        });
    }

    /// <summary>L Lᵀ x = k, from above and then from below. In place and by hand: the library's solver would hold L twice more, for a large model gigabytes.</summary>
    private double[] Solve(ReadOnlySpan<float> k)
    {
        var x = new double[k.Length];
        for (var i = 0; i < x.Length; i++)
        {
            var row = l.AsSpan(i * x.Length, i + 1);
            double sum = k[i];
            for (var j = 0; j < i; j++) sum -= row[j] * x[j];
            x[i] = sum / row[i];
        }
        for (var i = x.Length - 1; i >= 0; i--)
        {
            var row = l.AsSpan(i * x.Length, i + 1);
            var xi = x[i] /= row[i];
            for (var j = 0; j < i; j++) x[j] -= row[j] * xi;
        }
        return x;
    }
}

internal static class Cholesky
{
    /// <summary>The lower factor of C + λ·trace(C)/d_k·I in float64 [d_k, d_k], or null when that is not positive definite.</summary>
    public static double[]? Factor(float[] c, int dk, double ridge)
    {
        using var scope = NewDisposeScope();
        // Let go as soon as it can be: for a large model each of these is gigabytes.
        Tensor m;
        using (var single = tensor(c, [dk, dk])) m = single.to(ScalarType.Float64);
        using (var diagonal = m.diagonal())
        using (Scalar shift = ridge * m.trace().item<double>() / dk) diagonal.add_(shift, Arithmetic.One);
        var (l, info) = linalg.cholesky_ex(m);
        m.Dispose();
        return info.item<int>() == 0 ? l.contiguous().data<double>().ToArray() : null;
    }

    /// <exception cref="CorpusException">Not a number from 0 on.</exception>
    public static void RequireRidge(double? ridge)
    {
        if (ridge is { } given && !(double.IsFinite(given) && given >= 0)) throw new CorpusException($"{given} is no ridge.", "give a number from 0 on with --ridge");
    }

    /// <summary>0 when C can be factored as it is, else the smallest of 1e-6, 1e-5, … that lets it.</summary>
    /// <remarks>Fewer keys than d_k make C singular, though rounding may let the factorisation through: those always get a ridge.</remarks>
    public static double SmallestRidge(float[] c, int dk, long tokens)
    {
        if (tokens >= dk && Factor(c, dk, 0) is not null) return 0;
        for (var ridge = 1e-6; ridge < 1; ridge *= 10)
            if (Factor(c, dk, ridge) is not null) return ridge;
        throw new CorpusException("C cannot be factored with any ridge: the keys are not finite or all zero, or it is no second moment.", "measure over ordinary text");
    }
}
