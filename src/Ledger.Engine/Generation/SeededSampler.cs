namespace Ledger.Engine.Generation;

/// <summary>
/// Top-k sampling from a recorded seed: SplitMix64, and sums in float64, so that the same logits give the same tokens on every machine.
/// </summary>
internal sealed class SeededSampler(long seed)
{
    private ulong state = (ulong)seed;

    /// <summary>One of the k most likely tokens, by its probability among them.</summary>
    /// <param name="logits">[V].</param>
    public int Sample(ReadOnlySpan<float> logits, int k)
    {
        Span<int> top = stackalloc int[k];
        top = top[..Top(logits, top)];
        Span<double> weights = stackalloc double[top.Length];
        var sum = 0.0;
        for (var i = 0; i < top.Length; i++) sum += weights[i] = Math.Exp((double)logits[top[i]] - logits[top[0]]);
        var point = Next() * sum;
        for (var i = 0; i < top.Length; i++)
            if ((point -= weights[i]) < 0) return top[i];
        return top[^1];
    }

    /// <summary>The numbers of the largest logits, largest first; of equals the lower number first.</summary>
    private static int Top(ReadOnlySpan<float> logits, Span<int> top)
    {
        var count = 0;
        for (var id = 0; id < logits.Length; id++)
        {
            if (count == top.Length && !(logits[id] > logits[top[^1]])) continue;
            if (count < top.Length) count++;
            var at = count - 1;
            for (; at > 0 && logits[id] > logits[top[at - 1]]; at--) top[at] = top[at - 1];
            top[at] = id;
        }
        return count;
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    private double Next()
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        return (z >> 11) * (1.0 / (1UL << 53));
    }
}
