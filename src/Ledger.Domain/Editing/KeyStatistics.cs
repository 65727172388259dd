using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Ledger.Domain.Editing;

/// <summary>How a ledger came by its C.</summary>
public enum KeyStatisticsOrigin
{
    /// <summary>By running the base over text.</summary>
    [JsonStringEnumMemberName("measured")] Measured,

    /// <summary>From a file of ROME's published statistics: what that file does not say is null.</summary>
    [JsonStringEnumMemberName("imported")] Imported,
}

/// <summary>Where a ledger's C came from: enough to make it again and to know it when it is found. The matrix lies beside the ledger by its digest.</summary>
/// <param name="Digest">SHA-256 of C's row-major little-endian float32 bytes, d_k × d_k, before the ridge.</param>
/// <param name="Corpus">SHA-256 of the one file's bytes; of several files, SHA-256 over their digests in order.</param>
/// <param name="Files">The files' names, for people.</param>
/// <param name="Column">Which field of JSON Lines or column of Parquet held the text; null where no file had any.</param>
/// <param name="Documents">Lines or rows that held text; null where it is not known.</param>
/// <param name="Tokens">How many keys C is the mean of.</param>
/// <param name="Context">Each document is cut to this many tokens; null where it is not known.</param>
/// <param name="Ridge">λ: λ·trace(C)/d_k is added to the diagonal before C is factored; 0 for none.</param>
/// <param name="Dk">d_k.</param>
public sealed record KeyStatistics(
    Digest Digest, KeyStatisticsOrigin Origin, Digest Corpus, ImmutableArray<string> Files, string? Column, long? Documents, long Tokens, int? Context, double Ridge, int Dk)
{
    public bool Equals(KeyStatistics? other) =>
        other is not null && Digest == other.Digest && Origin == other.Origin && Corpus == other.Corpus && Files.SequenceEqual(other.Files) && Column == other.Column
        && Documents == other.Documents && Tokens == other.Tokens && Context == other.Context && Ridge.Equals(other.Ridge) && Dk == other.Dk;

    public override int GetHashCode() => HashCode.Combine(Digest, Corpus, Tokens);
}
