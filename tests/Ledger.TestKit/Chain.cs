using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;

namespace Ledger.TestKit;

/// <summary>Appends chained events of any bytes to one stream, as a writer that knows its head does.</summary>
public sealed class Chain(IEventStore store, StreamName stream)
{
    public StreamName Stream { get; } = stream;

    /// <summary>Number of the last event; −1 for none.</summary>
    public long Last { get; private set; } = -1;

    public Digest Head { get; private set; }

    public static StreamName Named(string text) => StreamName.Parse(text);

    public static NewEvent Event(StreamName stream, long number, Digest previous, byte[] data, byte[]? metadata = null, Guid? id = null, string type = "test.v1")
    {
        metadata ??= "{}"u8.ToArray();
        return new NewEvent(id ?? Guid.NewGuid(), type, metadata, data, previous, EventHash.Of(stream, number, type, metadata, data, previous));
    }

    public async Task<AppendResult> AppendAsync(byte[] data, CancellationToken token, Guid? id = null)
    {
        var e = Event(Stream, Last + 1, Head, data, id: id);
        var result = await store.AppendAsync(Stream, new ExpectedRevision(Last), e, token);
        if (!result.AlreadyThere) (Last, Head) = (result.Number, e.Hash);
        return result;
    }

    /// <summary>Reads the head again, as a writer does that lost a race.</summary>
    public async Task CatchUpAsync(CancellationToken token)
    {
        await foreach (var e in store.ReadStreamAsync(Stream, Last + 1, token)) (Last, Head) = (e.Number, e.Hash);
    }
}
