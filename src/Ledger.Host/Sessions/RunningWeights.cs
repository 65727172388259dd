using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Replay;

namespace Ledger.Host.Sessions;

/// <summary>A matrix that follows a history: goes on from where it stands when edits were only added, else starts from the base again.</summary>
/// <param name="w0">Row-major [d_v, d_k].</param>
internal sealed class RunningWeights(float[] w0, MatrixAddress matrix)
{
    private readonly float[] w = (float[])w0.Clone();
    private IReadOnlyList<RankOneDelta> folded = [];

    /// <summary>Weight fingerprint with these edits, in order of taking effect.</summary>
    public Digest Fingerprint(IReadOnlyList<RankOneDelta> inEffect, CancellationToken token)
    {
        if (!inEffect.Take(folded.Count).SequenceEqual(folded))
        {
            w0.CopyTo(w, 0);
            folded = [];
        }
        Fold.Apply(w, matrix.Dv, matrix.Dk, [.. inEffect.Skip(folded.Count)], token);
        folded = inEffect;
        return WeightFingerprint.Of(w);
    }
}
