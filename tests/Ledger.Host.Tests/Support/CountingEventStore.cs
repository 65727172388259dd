using System.Runtime.CompilerServices;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;

namespace Ledger.Host.Tests.Support;

/// <summary>A store that says what went through it.</summary>
internal sealed class CountingEventStore(IEventStore store) : PassingStore(store)
{
    /// <summary>Events that somebody read.</summary>
    public int Read { get; private set; }

    public List<(StreamName Stream, NewEvent Event)> Appended { get; } = [];

    public override Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token)
    {
        Appended.Add((stream, e));
        return base.AppendAsync(stream, expected, e, token);
    }

    public override IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, CancellationToken token) => CountedAsync(Inner.ReadStreamAsync(stream, from, token), token);

    public override async Task<RecordedEvent?> ReadLastAsync(StreamName stream, CancellationToken token)
    {
        var last = await base.ReadLastAsync(stream, token);
        if (last is not null) Read++;
        return last;
    }

    public override IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition after, CancellationToken token) => CountedAsync(Inner.ReadAllAsync(after, token), token);

    public override IAsyncEnumerable<RecordedEvent> SubscribeAsync(StorePosition after, CancellationToken token) => CountedAsync(Inner.SubscribeAsync(after, token), token);

    private async IAsyncEnumerable<RecordedEvent> CountedAsync(IAsyncEnumerable<RecordedEvent> events, [EnumeratorCancellation] CancellationToken token)
    {
        await foreach (var e in events.WithCancellation(token))
        {
            Read++;
            yield return e;
        }
    }
}
