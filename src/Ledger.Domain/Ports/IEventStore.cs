using Ledger.Domain.Events;

namespace Ledger.Domain.Ports;

/// <summary>
/// Where events lie. One append writes one event to one stream, atomically and durably, or throws and writes nothing; there is no
/// transaction across streams. The same contract suite runs against every store.
/// </summary>
public interface IEventStore : IAsyncDisposable
{
    /// <summary>Largest payload or metadata, in bytes.</summary>
    const int MaxEventBytes = 1 << 20;

    /// <summary>The ledger whose events these are, where the store knows it without reading any; else the first event tells.</summary>
    LedgerId? Ledger => null;

    /// <summary>Appends one event.</summary>
    /// <param name="stream">Made by its first event.</param>
    /// <param name="expected">What the stream must end with.</param>
    /// <param name="e">Bytes and hash are stored as they are. An event whose id the stream already holds is not appended again: its place is returned.</param>
    /// <param name="token">Honoured until the write begins; an append is never half done.</param>
    /// <returns>Where the event lies, once it is durable.</returns>
    /// <exception cref="StreamConflictException">The stream ends elsewhere.</exception>
    /// <exception cref="EventTooLargeException">Data or metadata exceed <see cref="MaxEventBytes"/>.</exception>
    /// <exception cref="EventIdTakenException">Another stream holds an event with this id, and the store can see that: one file can, a cluster of servers knows ids stream by stream.</exception>
    Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token);

    /// <summary>The events of a stream from a number on, in order; nothing for a stream that does not exist.</summary>
    IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, CancellationToken token);

    /// <summary>The last event of a stream, null for a stream that does not exist. Costs the same however long the stream is.</summary>
    Task<RecordedEvent?> ReadLastAsync(StreamName stream, CancellationToken token);

    /// <summary>All events after a position, over all streams, in the order in which they became durable.</summary>
    IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition after, CancellationToken token);

    /// <summary>As <see cref="ReadAllAsync"/>, and then each new event as it comes, whichever process appends it, until cancelled.</summary>
    IAsyncEnumerable<RecordedEvent> SubscribeAsync(StorePosition after, CancellationToken token);
}

/// <param name="Number">The event's number in its stream.</param>
/// <param name="Position">Its place among all events.</param>
/// <param name="AlreadyThere">True when the stream held the event before.</param>
public readonly record struct AppendResult(long Number, StorePosition Position, bool AlreadyThere);

/// <summary>What a stream must end with for an append to go through.</summary>
/// <param name="Number">The last event's number; −1 when the stream must not exist.</param>
public readonly record struct ExpectedRevision(long Number)
{
    public static ExpectedRevision NoStream => new(-1);

    public override string ToString() => Number < 0 ? "no stream" : $"event {Number}";
}

/// <summary>Somebody else appended first.</summary>
public sealed class StreamConflictException(StreamName stream, ExpectedRevision expected, ExpectedRevision actual)
    : LedgerException($"{stream} has moved on: expected to end with {expected}, ends with {actual}.", "read it again and repeat the command")
{
    public StreamName Stream { get; } = stream;
    public ExpectedRevision Expected { get; } = expected;
    public ExpectedRevision Actual { get; } = actual;
    public override FailureKind Kind => FailureKind.Conflict;
}

/// <summary>An event exceeds what every store can hold.</summary>
public sealed class EventTooLargeException(string type, long bytes)
    : LedgerException($"This {type} has {bytes:N0} bytes; an event has at most {IEventStore.MaxEventBytes:N0}.", "leave paraphrases or neighbours out of the request")
{
    public string Type { get; } = type;
    public long Bytes { get; } = bytes;
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>An event id was used for two different events.</summary>
public sealed class EventIdTakenException(Guid id, StreamName stream)
    : LedgerException($"Event id {id} is already taken by an event of {stream}.")
{
    public Guid Id { get; } = id;
    public StreamName Stream { get; } = stream;
    public override FailureKind Kind => FailureKind.Failed;
}
