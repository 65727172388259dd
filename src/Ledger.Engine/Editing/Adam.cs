namespace Ledger.Engine.Editing;

/// <summary>Adam with bias correction on one vector, in float64: β 0.9 and 0.999, ε 1e-8, as published.</summary>
internal sealed class Adam(double learningRate, int length)
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    private readonly double[] mean = new double[length], square = new double[length];
    private int steps;

    /// <param name="x">Moved one step down; [length].</param>
    /// <param name="gradient">At x.</param>
    public void Step(Span<double> x, ReadOnlySpan<double> gradient)
    {
        steps++;
        double correction1 = 1 - Math.Pow(Beta1, steps), correction2 = 1 - Math.Pow(Beta2, steps);
        for (var i = 0; i < x.Length; i++)
        {
            mean[i] += (1 - Beta1) * (gradient[i] - mean[i]);
            square[i] += (1 - Beta2) * (gradient[i] * gradient[i] - square[i]);
            x[i] -= learningRate * (mean[i] / correction1) / (Math.Sqrt(square[i] / correction2) + Epsilon);
        }
    }
}
