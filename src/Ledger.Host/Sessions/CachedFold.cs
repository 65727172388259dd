using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Replay;

namespace Ledger.Host.Sessions;

/// <summary>Folds from the longest beginning of a history that the cache has, instead of from the base: the same bits, sooner.</summary>
public static class CachedFold
{
    /// <summary>
    /// More edits folded than this are worth a file. Measured (Ledger.Bench states) at 576 × 1536 and at 1600 × 6400 alike: an entry is written in the time of folding some 50 edits, and read
    /// in that of 100 to 180, of which 65 to 110 go into the digest, which the result of a fold needs as well.
    /// </summary>
    public const int WorthKeeping = 256;

    /// <summary>W₀ with these edits folded in.</summary>
    /// <param name="w0">Row-major [d_v, d_k].</param>
    /// <param name="baseMatrix">Weight fingerprint of <paramref name="w0"/>.</param>
    /// <param name="inEffect">In order of taking effect.</param>
    /// <param name="digests">Of each; looked at only where the cache can help.</param>
    /// <param name="recorded">The weight fingerprint that the ledger has of a state, if it has one.</param>
    /// <returns>A fresh matrix, and its weight fingerprint where it was computed.</returns>
    public static (float[] W, Digest? Fingerprint) Apply(
        StateCache cache, ReadOnlySpan<float> w0, Digest baseMatrix, MatrixAddress matrix, IReadOnlyList<RankOneDelta> inEffect, IEnumerable<Digest> digests,
        Func<StateId, Digest?> recorded, CancellationToken token)
    {
        var worthwhile = inEffect.Count > WorthKeeping && !cache.IsOff;
        StateId[] states = worthwhile ? [.. StateId.Along(baseMatrix, digests)] : [];
        var (done, w, fingerprint) = LongestKept(cache, states, matrix, recorded);
        w ??= w0.ToArray();
        if (done == inEffect.Count && worthwhile) return (w, fingerprint);

        Fold.Apply(w, matrix.Dv, matrix.Dk, done == 0 ? inEffect : [.. inEffect.Skip(done)], token);
        if (!worthwhile || inEffect.Count - done <= WorthKeeping) return (w, null);
        fingerprint = WeightFingerprint.Of(w);
        cache.Keep(states[^1], w, matrix.Dv, matrix.Dk, fingerprint.Value);
        return (w, fingerprint);
    }

    private static (int Done, float[]? W, Digest? Fingerprint) LongestKept(StateCache cache, StateId[] states, MatrixAddress matrix, Func<StateId, Digest?> recorded)
    {
        if (states.Length == 0) return (0, null, null);
        var kept = cache.Kept();
        for (var n = states.Length - 1; n > 0; n--)
            if (kept.Contains(states[n]) && cache.Read(states[n], matrix.Dv, matrix.Dk, recorded(states[n])) is { } found) return (n, found.W, found.Fingerprint);
        return (0, null, null);
    }
}
