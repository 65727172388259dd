using Ledger.Domain.Events;
using Ledger.Domain.Ports;

namespace Ledger.Host.Stores;

internal static class StoredEvents
{
    /// <summary>Whether a stream still has an event that was read before. A node that lags has it not yet; where the stream ends, the leader says.</summary>
    /// <param name="same">Whether the one that stands there now is that one.</param>
    public static async Task<bool> StillHasAsync(this IEventStore store, StreamName stream, long number, Func<RecordedEvent, bool> same, CancellationToken token) =>
        await store.ReadStreamAsync(stream, number, token).FirstOrDefaultAsync(token) is { } there ? same(there)
            : await store.ReadLastAsync(stream, token) is { } last && (last.Number > number || (last.Number == number && same(last)));
}
