using System.Collections.Immutable;

namespace Ledger.Domain.Editing;

/// <summary>Where a ledger's C came from: enough to make it again and to know it when it is found. The matrix lies beside the ledger by its digest.</summary>
/// <param name="Digest">SHA-256 of C's row-major little-endian float32 bytes, d_k × d_k, before the ridge.</param>
/// <param name="Corpus">SHA-256 over the text files in order, each digest of a file's bytes.</param>
/// <param name="Files">The files' names, for people.</param>
/// <param name="Documents">Lines that held text.</param>
/// <param name="Tokens">How many keys C is the mean of.</param>
/// <param name="Context">Each line is cut to this many tokens.</param>
/// <param name="Ridge">λ: λ·trace(C)/d_k is added to the diagonal before C is factored; 0 for none.</param>
/// <param name="Dk">d_k.</param>
public sealed record KeyStatistics(
    Digest Digest, Digest Corpus, ImmutableArray<string> Files, long Documents, long Tokens, int Context, double Ridge, int Dk)
{
    public bool Equals(KeyStatistics? other) =>
        other is not null && Digest == other.Digest && Corpus == other.Corpus && Files.SequenceEqual(other.Files) && Documents == other.Documents
        && Tokens == other.Tokens && Context == other.Context && Ridge.Equals(other.Ridge) && Dk == other.Dk;

    public override int GetHashCode() => HashCode.Combine(Digest, Corpus, Tokens);
}
