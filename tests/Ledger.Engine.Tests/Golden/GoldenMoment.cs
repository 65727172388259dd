using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;

namespace Ledger.Engine.Tests.Golden;

/// <summary>A given C, solved by the textbook's Cholesky in float64: shares no code with the engine's.</summary>
internal sealed class GoldenMoment : IKeyMoment
{
    private readonly int n;
    private readonly double[] l;        // lower triangle, row-major

    /// <param name="c">[d_k, d_k], positive definite.</param>
    public GoldenMoment(float[] c)
    {
        n = (int)Math.Sqrt(c.Length);
        l = new double[c.Length];
        for (var i = 0; i < n; i++)
            for (var j = 0; j <= i; j++)
            {
                var sum = (double)c[i * n + j] - Dot(i, j, j);
                l[i * n + j] = i == j ? Math.Sqrt(sum) : sum / l[j * n + j];
            }
        Statistics = new KeyStatistics(default, KeyStatisticsOrigin.Measured, default, [], null, 0, 0, 0, 0, n);
    }

    public KeyStatistics Statistics { get; }

    public Float32Vector Direction(Float32Vector k)
    {
        var x = new double[n];
        for (var i = 0; i < n; i++)
        {
            var sum = (double)k[i];
            for (var j = 0; j < i; j++) sum -= l[i * n + j] * x[j];
            x[i] = sum / l[i * n + i];
        }
        for (var i = n - 1; i >= 0; i--)
        {
            x[i] /= l[i * n + i];
            for (var j = 0; j < i; j++) x[j] -= l[i * n + j] * x[i];
        }
        var norm = Math.Sqrt(x.Sum(v => v * v));
        return Float32Vector.Create(n, u =>
        {
            for (var i = 0; i < n; i++) u[i] = (float)(x[i] / norm);
        });
    }

    private double Dot(int i, int j, int count)
    {
        var sum = 0.0;
        for (var m = 0; m < count; m++) sum += l[i * n + m] * l[j * n + m];
        return sum;
    }
}
