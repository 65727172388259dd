using System.Text;
using System.Text.Json;
using Ledger.Domain;

namespace Ledger.Host.Stores.EventStoreDb;

/// <summary>
/// What lies beside an event's payload at the server: its id, both hashes and its metadata, in the server's "custom metadata". The form is a JSON object, so that the server's own tools show it,
/// but what is read back is cut out of it by length: not one byte of the metadata is parsed or written anew.
/// </summary>
/// <param name="Id">The event's own id; the server's is another one for each append (docs/decisions/0013).</param>
internal readonly record struct EventFrame(Guid Id, Digest Previous, Digest Hash, ReadOnlyMemory<byte> Metadata)
{
    private const string IdKey = "{\"id\":\"", PreviousKey = "\",\"previous\":\"", HashKey = "\",\"hash\":\"", MetadataKey = "\",\"metadata\":";
    private const int IdAt = 7, PreviousAt = IdAt + 36 + 14, HashAt = PreviousAt + 64 + 10, MetadataAt = HashAt + 64 + 13;

    /// <summary>Bytes beside the metadata.</summary>
    public const int Overhead = MetadataAt + 1;

    public byte[] ToBytes()
    {
        var bytes = new byte[Overhead + Metadata.Length];
        Encoding.ASCII.GetBytes($"{IdKey}{Id}{PreviousKey}{Previous}{HashKey}{Hash}{MetadataKey}", bytes);
        Metadata.Span.CopyTo(bytes.AsSpan(MetadataAt));
        bytes[^1] = (byte)'}';
        return bytes;
    }

    /// <exception cref="FormatException">No frame.</exception>
    public static EventFrame Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < Overhead || bytes.Span[^1] != '}') throw new FormatException("what lies beside it has another form");
        var head = Encoding.ASCII.GetString(bytes.Span[..MetadataAt]);
        var frame = new EventFrame(
            Guid.ParseExact(head.AsSpan(IdAt, 36), "D"), Digest.Parse(head.Substring(PreviousAt, 64)), Digest.Parse(head.Substring(HashAt, 64)), bytes[MetadataAt..^1]);
        return head == $"{IdKey}{frame.Id}{PreviousKey}{frame.Previous}{HashKey}{frame.Hash}{MetadataKey}" ? frame : throw new FormatException("what lies beside it has another form");
    }

    /// <summary>What the server is told that bytes are: JSON only where they are.</summary>
    public static string ContentType(ReadOnlySpan<byte> data)
    {
        try
        {
            var json = new Utf8JsonReader(data);
            while (json.Read()) { }
            return "application/json";
        }
        catch (JsonException)
        {
            return "application/octet-stream";
        }
    }
}
