using Ledger.Domain.Ports;
using Ledger.Host.Stores;
using Ledger.Host.Stores.EventStoreDb;

namespace Ledger.Host.Sessions;

/// <summary>Opens ledgers, wherever their events are.</summary>
public sealed class LedgerSessions(TimeProvider time)
{
    public async Task<LedgerSession> OpenAsync(LedgerPaths paths, CancellationToken token)
    {
        var session = await LedgerSession.ReadAsync(paths, await StoreAsync(paths, token), time, token);
        if (session is not { Setup.Events: 0, Store: EventStoreDbStore store }) return session;
        await session.DisposeAsync();
        throw new LedgerNotFoundException($"{store.Server} holds no ledger {store.Ledger}.", "see which there are:  ledger connect --server ADDRESS");
    }

    /// <summary>The events alone, not yet understood.</summary>
    public async Task<IEventStore> StoreAsync(LedgerPaths paths, CancellationToken token) =>
        LedgerPointer.TryRead(paths.File) is { } pointer
            ? await EventStoreDbStore.OpenAsync(pointer.Address, pointer.Ledger, time, token)
            : await SqliteEventStore.OpenAsync(paths.File, OpenMode.Open, time, token);
}
