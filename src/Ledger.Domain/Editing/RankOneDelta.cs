using System.Security.Cryptography;

namespace Ledger.Domain.Editing;

/// <summary>A change of one weight matrix: ΔW = r uᵀ. Equal by bits.</summary>
/// <param name="R">r, one per row of W [d_v].</param>
/// <param name="U">u, one per column of W [d_k]; unit length.</param>
public sealed record RankOneDelta(Float32Vector R, Float32Vector U)
{
    /// <summary>SHA-256 over u's bytes, then r's; what a state id is made of.</summary>
    public Digest Digest
    {
        get
        {
            using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            sha256.AppendData(U.Bytes);
            sha256.AppendData(R.Bytes);
            return Digest.Of(sha256);
        }
    }

    /// <summary>‖ΔW‖_F = ‖u‖‖r‖.</summary>
    public double FrobeniusNorm => R.Norm() * U.Norm();

    /// <summary>|Δ| = ‖ΔW‖_F / numel(W): the paper's footnote 2.</summary>
    public double AbsDelta => FrobeniusNorm / ((double)R.Length * U.Length);

    public bool IsFinite() => R.IsFinite() && U.IsFinite();
}
