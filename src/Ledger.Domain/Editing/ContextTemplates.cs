using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Ledger.Domain.Editing;

/// <summary>
/// The texts a request's prompt is put into, so that its key does not hang on one context; the first is <c>{}</c>, the prompt alone.
/// Drawn once per ledger from a recorded seed, or given; a replay uses the same ones.
/// </summary>
/// <param name="Texts">Each with exactly one <c>{}</c>.</param>
/// <param name="TokenIds">The sampled token ids behind each text but the first; empty where the texts were given.</param>
/// <param name="Seed">What they were drawn from; null where they were given.</param>
public sealed record ContextTemplates(ImmutableArray<string> Texts, ImmutableArray<ImmutableArray<int>> TokenIds, long? Seed)
{
    /// <summary>SHA-256 over the texts in order, each as UTF-8 with its length before it.</summary>
    public Digest Digest
    {
        get
        {
            using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var text in Texts)
            {
                var bytes = Encoding.UTF8.GetBytes(text);
                sha256.AppendData(BitConverter.GetBytes(bytes.Length));
                sha256.AppendData(bytes);
            }
            return Digest.Of(sha256);
        }
    }

    public static ContextTemplates Given(IEnumerable<string> texts) => new([.. texts], [], null);

    public bool Equals(ContextTemplates? other) =>
        other is not null && Seed == other.Seed && Texts.SequenceEqual(other.Texts)
        && TokenIds.Length == other.TokenIds.Length && TokenIds.Zip(other.TokenIds).All(p => p.First.SequenceEqual(p.Second));

    public override int GetHashCode() => HashCode.Combine(Seed, Texts.Length, Texts.IsEmpty ? null : Texts[^1]);
}
