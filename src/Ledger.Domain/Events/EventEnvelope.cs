using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Ledger.Domain.Events;

/// <summary>A stream's name: <c>ledger-…</c>, <c>timeline-…</c> or <c>observations-…</c> with the id it belongs to; of jobs <c>queue</c> and <c>results</c>.</summary>
public readonly record struct StreamName : IParsable<StreamName>
{
    private readonly string? value;

    private StreamName(string value) => this.value = value;

    public static StreamName Of(LedgerId ledger) => new($"ledger-{ledger}");

    public static StreamName Of(TimelineId timeline) => new($"timeline-{timeline}");

    public static StreamName ObservationsOf(TimelineId timeline) => new($"observations-{timeline}");

    /// <summary>In a store of jobs: what is to be done.</summary>
    public static StreamName Queue => new("queue");

    /// <summary>In a store of jobs: what came of it.</summary>
    public static StreamName Results => new("results");

    public override string ToString() => value ?? "";

    public static StreamName Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var name) ? name : throw new FormatException($"\"{s}\" is not a stream name: small letters, digits and dashes, at most 100.");

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out StreamName result)
    {
        var ok = s is { Length: > 0 and <= 100 } && s.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
        result = ok ? new StreamName(s!) : default;
        return ok;
    }
}

/// <summary>What stands beside every event.</summary>
/// <param name="EventId">Derived from the command's idempotency key, so that a repeated append is recognised.</param>
/// <param name="Time">UTC.</param>
/// <param name="Actor">Who did it: a person, or <c>policy:name@version</c>.</param>
/// <param name="CorrelationId">The command that led here.</param>
/// <param name="CausationId">The event that led here, if one did.</param>
/// <param name="Program">Name and version of what wrote it: <c>ledger 0.1.0</c>.</param>
public sealed record EventMetadata(Guid EventId, DateTimeOffset Time, string Actor, Guid CorrelationId, Guid? CausationId, string Program);

/// <summary>An event in the form in which it is appended: bytes and hash are final.</summary>
/// <param name="Id">The metadata's event id.</param>
/// <param name="Type">The stored name, <c>edit-applied.v1</c>.</param>
/// <param name="Previous">The hash of the event before it.</param>
/// <param name="Hash">See <see cref="EventHash"/>.</param>
public sealed record NewEvent(Guid Id, string Type, ReadOnlyMemory<byte> Metadata, ReadOnlyMemory<byte> Data, Digest Previous, Digest Hash)
{
    /// <summary>What follows the end of a stream.</summary>
    /// <param name="last">The number of the stream's last event; −1 where there is none.</param>
    /// <param name="previous">The hash to follow: that event's, or what the stream begins with.</param>
    public static NewEvent After(StreamName stream, long last, Digest previous, LedgerEvent e, EventMetadata metadata)
    {
        var (type, beside, data) = (EventJson.NameOf(e), EventJson.Serialize(metadata), EventJson.Serialize(e));
        return new NewEvent(metadata.EventId, type, beside, data, previous, EventHash.Of(stream, last + 1, type, beside, data, previous));
    }
}

/// <summary>An event as stored: bytes, not yet understood.</summary>
/// <param name="Position">Where it lies in the store's order over all streams; not covered by the hash.</param>
/// <param name="Number">Where it lies in its stream, from 0.</param>
public sealed record RecordedEvent(
    StorePosition Position, StreamName Stream, long Number, Guid Id, string Type, ReadOnlyMemory<byte> Metadata, ReadOnlyMemory<byte> Data,
    Digest Previous, Digest Hash);

/// <summary>A place in a store's order over all streams. Opaque, increasing; <see cref="Start"/> lies before every event.</summary>
public readonly record struct StorePosition(long Value) : IComparable<StorePosition>
{
    public static StorePosition Start => new(-1);

    public int CompareTo(StorePosition other) => Value.CompareTo(other.Value);
}

/// <summary>An understood event with its surroundings.</summary>
public sealed record EventEnvelope(
    StorePosition Position, StreamName Stream, long Number, EventMetadata Metadata, LedgerEvent Event, Digest Previous, Digest Hash);

/// <summary>
/// Event hash = SHA-256 over stream name, number, type, metadata bytes and payload bytes as stored, and the previous hash; texts and
/// byte strings each with their length (int32, little-endian) before them, the number as int64 little-endian.
/// </summary>
public static class EventHash
{
    public static Digest Of(StreamName stream, long number, string type, ReadOnlySpan<byte> metadata, ReadOnlySpan<byte> data, Digest previous)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> eight = stackalloc byte[8];
        Append(sha256, Encoding.UTF8.GetBytes(stream.ToString()));
        BinaryPrimitives.WriteInt64LittleEndian(eight, number);
        sha256.AppendData(eight);
        Append(sha256, Encoding.UTF8.GetBytes(type));
        Append(sha256, metadata);
        Append(sha256, data);
        sha256.AppendData(previous.ToBytes());
        return Digest.Of(sha256);
    }

    public static Digest Of(RecordedEvent e) => Of(e.Stream, e.Number, e.Type, e.Metadata.Span, e.Data.Span, e.Previous);

    private static void Append(IncrementalHash sha256, ReadOnlySpan<byte> bytes)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        sha256.AppendData(length);
        sha256.AppendData(bytes);
    }
}
