using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;

namespace Ledger.Host.Trust;

/// <summary>
/// How far a ledger went, to be signed: the predicate of an in-toto statement whose subject is the digest of the list of streams
/// (docs/event-format.md, attestation).
/// </summary>
/// <param name="Name">The ledger's name.</param>
/// <param name="Base">Digest of the base checkpoint.</param>
/// <param name="Streams">Sorted by name.</param>
/// <param name="Program">Name and version of what made it.</param>
/// <param name="Key">The signer's key id.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record Attestation(LedgerId Ledger, string Name, Digest Base, ImmutableArray<StreamHead> Streams, DateTimeOffset Time, string Program, Digest Key)
{
    public const string PayloadType = "application/vnd.in-toto+json", StatementType = "https://in-toto.io/Statement/v1", PredicateType = "urn:ledger:stream-heads:v1";

    private const int MaxBytes = 1 << 24;

    /// <summary>SHA-256 over a line <c>name SP size SP head LF</c> for each stream: <c>sha256sum</c> gives the same.</summary>
    [JsonIgnore]
    public Digest Digest => Digest.Of(Encoding.ASCII.GetBytes(string.Concat(Streams.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Stream} {s.Size} {s.Head}\n")))));

    [JsonIgnore]
    public long Events => Streams.Sum(s => s.Size);

    /// <returns>The envelope, one line of JSON.</returns>
    public string Sign(SigningKey key)
    {
        var statement = new Statement(StatementType, [new Subject(StreamName.Of(Ledger).ToString(), new SubjectDigest(Digest))], PredicateType, this);
        return JsonSerializer.Serialize(DsseEnvelope.Sign(PayloadType, JsonSerializer.SerializeToUtf8Bytes(statement, EventJson.Options), key), EventJson.Options);
    }

    /// <summary>Reads an attestation that a key has signed; nothing in it is looked at before the signature is found good.</summary>
    /// <exception cref="AttestationFormatException">Not there, or something else.</exception>
    /// <exception cref="SignatureException">Another key signed it, or it was changed since.</exception>
    public static Attestation Read(string path, SigningKey key)
    {
        var bytes = SmallFile.Read(path, MaxBytes, problem => new AttestationFormatException(path, problem));
        try
        {
            var envelope = JsonSerializer.Deserialize<DsseEnvelope>(bytes, EventJson.Options) ?? throw new JsonException("it is null");
            if (!envelope.IsSignedBy(key)) throw NotBy(key, path, envelope);
            if (envelope.PayloadType != PayloadType) throw new JsonException($"it holds \"{envelope.PayloadType}\"");
            var statement = JsonSerializer.Deserialize<Statement>(envelope.Body(), EventJson.Options) ?? throw new JsonException("its statement is null");
            return statement.SignedBy(key);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new AttestationFormatException(path, e.Message);
        }
    }

    /// <summary>Holds a ledger against what was signed: every stream goes at least as far, and had the signed hash there.</summary>
    /// <returns>How many events there are since.</returns>
    /// <exception cref="SignedHeadException">A stream is gone, cut off, or another one behind the same name; the first that is, in the order of names.</exception>
    public long Compare(ChainWalk ledger)
    {
        if (ledger.HashOf(StreamName.Of(Ledger), 0) is null)
            throw new SignedHeadException(StreamName.Of(Ledger), 0, $"This is not the ledger that was signed, {Ledger} (\"{Name}\").");
        foreach (var signed in Streams)
        {
            var here = ledger.Heads.FirstOrDefault(h => h.Stream == signed.Stream)?.Size ?? 0;
            if (here < signed.Size) throw CutOff(signed, here);
            if (ledger.HashOf(signed.Stream, signed.Size - 1) != signed.Head) throw Replaced(signed, ledger);
        }
        return ledger.Events - Events;
    }

    /// <summary>The same of a ledger whose chains are broken: by sizes and hashes as they are stored, whatever those are worth.</summary>
    /// <returns>The first stream that is cut off or has another hash than was signed; null where there is none.</returns>
    public async Task<SignedHeadException?> CompareStoredAsync(IEventStore store, CancellationToken token)
    {
        foreach (var signed in Streams)
        {
            try
            {
                var size = (await store.ReadLastAsync(signed.Stream, token))?.Number + 1 ?? 0;
                if (size < signed.Size) return CutOff(signed, size);
                await foreach (var e in store.ReadStreamAsync(signed.Stream, signed.Size - 1, token))
                {
                    if (e.Number == signed.Size - 1 && e.Hash != signed.Head) return new SignedHeadException(signed.Stream, e.Number, $"Event {e.Number} of {signed.Stream} has another hash than was signed.");
                    break;
                }
            }
            catch (LedgerException)
            {
                // What cannot be read says nothing; the walk has named it.
            }
        }
        return null;
    }

    /// <param name="size">How many events it has; the numbers of those that are there begin with 0.</param>
    private static SignedHeadException CutOff(StreamHead signed, long size) => new(
        signed.Stream, size,
        size == 0 ? $"{signed.Stream} is gone: it had {signed.Size:N0} events when it was signed."
        : $"{signed.Stream} was cut off: it had {signed.Size:N0} events when it was signed, and event {size} is the first that is missing.");

    /// <summary>One hash for a whole stream says that it differs, not where; the forks in a ledger stream that is as signed vouch for what lies before them.</summary>
    private SignedHeadException Replaced(StreamHead signed, ChainWalk ledger)
    {
        var setup = Streams.First(s => s.Stream == StreamName.Of(Ledger));
        var (first, last) = (ledger.HashOf(setup.Stream, setup.Size - 1) == setup.Head ? ledger.Vouched(signed.Stream, setup.Size) : 0, signed.Size - 1);
        var where = first == last ? $"event {last} is" : $"the first that is lies between event {first} and event {last}, both included,";
        return new SignedHeadException(signed.Stream, first, $"{signed.Stream} was changed and its chain recomputed: {where} not what was signed.");
    }

    private static SignatureException NotBy(SigningKey key, string path, DsseEnvelope envelope)
    {
        var others = envelope.Signatures.Select(s => s.Keyid).Where(id => id is not null && id != key.Id.ToString()).ToList();
        return others.Count > 0 && others.Count == envelope.Signatures.Length
            ? new SignatureException($"{path} was not signed by key {key.Id.Short()}; it says that key {string.Join(", ", others)} signed it.", "verify with the public key of whom you trust")
            : new SignatureException($"{path} bears no valid signature of key {key.Id.Short()}: it was changed since it was signed, or another key signed it.", "get the attestation again from whom it came");
    }

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
    private sealed record Statement([property: JsonPropertyName("_type")] string Type, ImmutableArray<Subject> Subject, string PredicateType, Attestation Predicate)
    {
        /// <exception cref="JsonException">It does not hold together.</exception>
        public Attestation SignedBy(SigningKey key)
        {
            if (Type != StatementType) throw new JsonException($"its statement is a \"{Type}\"");
            if (PredicateType != Attestation.PredicateType) throw new JsonException($"its statement is about \"{PredicateType}\"");
            var streams = Predicate.Streams;
            if (streams.Any(s => s.Size < 1) || streams.Zip(streams.Skip(1)).Any(p => string.CompareOrdinal(p.First.Stream.ToString(), p.Second.Stream.ToString()) >= 0) || streams.All(s => s.Stream != StreamName.Of(Predicate.Ledger)))
                throw new JsonException("its streams are not a ledger's, sorted by name");
            if (Subject is not [var subject] || subject.Digest.Sha256 != Predicate.Digest) throw new JsonException("its subject is not the digest of its streams");
            if (Predicate.Key != key.Id) throw new JsonException("it names another key than the one that signed it");
            return Predicate;
        }
    }

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
    private sealed record Subject(string Name, SubjectDigest Digest);

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
    private sealed record SubjectDigest(Digest Sha256);
}
