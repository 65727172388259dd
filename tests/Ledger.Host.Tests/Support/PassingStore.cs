using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;

namespace Ledger.Host.Tests.Support;

/// <summary>A store behind which another one lies; what a test wants otherwise it overrides.</summary>
internal abstract class PassingStore(IEventStore store) : IEventStore
{
    public virtual LedgerId? Ledger => Inner.Ledger;

    protected IEventStore Inner { get; } = store;

    public virtual Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token) => Inner.AppendAsync(stream, expected, e, token);

    public virtual IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, CancellationToken token) => Inner.ReadStreamAsync(stream, from, token);

    public virtual Task<RecordedEvent?> ReadLastAsync(StreamName stream, CancellationToken token) => Inner.ReadLastAsync(stream, token);

    public virtual IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition after, CancellationToken token) => Inner.ReadAllAsync(after, token);

    public virtual IAsyncEnumerable<RecordedEvent> SubscribeAsync(StorePosition after, CancellationToken token) => Inner.SubscribeAsync(after, token);

    public ValueTask DisposeAsync() => Inner.DisposeAsync();
}
