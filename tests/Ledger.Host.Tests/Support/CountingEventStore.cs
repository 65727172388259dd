using System.Runtime.CompilerServices;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;

namespace Ledger.Host.Tests.Support;

/// <summary>A store that says what went through it.</summary>
internal sealed class CountingEventStore(IEventStore store) : IEventStore
{
    /// <summary>Events that somebody read.</summary>
    public int Read { get; private set; }

    public List<(StreamName Stream, NewEvent Event)> Appended { get; } = [];

    public Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token)
    {
        Appended.Add((stream, e));
        return store.AppendAsync(stream, expected, e, token);
    }

    public IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, CancellationToken token) => CountedAsync(store.ReadStreamAsync(stream, from, token), token);

    public async Task<RecordedEvent?> ReadLastAsync(StreamName stream, CancellationToken token)
    {
        var last = await store.ReadLastAsync(stream, token);
        if (last is not null) Read++;
        return last;
    }

    public IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition after, CancellationToken token) => CountedAsync(store.ReadAllAsync(after, token), token);

    public IAsyncEnumerable<RecordedEvent> SubscribeAsync(StorePosition after, CancellationToken token) => CountedAsync(store.SubscribeAsync(after, token), token);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async IAsyncEnumerable<RecordedEvent> CountedAsync(IAsyncEnumerable<RecordedEvent> events, [EnumeratorCancellation] CancellationToken token)
    {
        await foreach (var e in events.WithCancellation(token))
        {
            Read++;
            yield return e;
        }
    }
}
