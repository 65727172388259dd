using Ledger.Engine.Tests.Golden;

namespace Ledger.Engine.Tests.Support;

internal static class TinyMoment
{
    /// <summary>A made-up C, far from the identity: 1/(1 + |i − j|), and its diagonal grows.</summary>
    public static GoldenMoment Instance { get; } = new(
        [.. Enumerable.Range(0, TinyModels.Inner * TinyModels.Inner).Select(n => (i: n / TinyModels.Inner, j: n % TinyModels.Inner)).Select(p => 1f / (1 + Math.Abs(p.i - p.j)) + (p.i == p.j ? 0.1f * p.i : 0))]);
}
