using Ledger.Domain.Ports;
using Ledger.Host.Stores;

namespace Ledger.Host.Sessions;

/// <summary>Opens ledger files.</summary>
public sealed class LedgerSessions(TimeProvider time)
{
    public async Task<LedgerSession> OpenAsync(LedgerPaths paths, CancellationToken token) =>
        await LedgerSession.ReadAsync(paths, await StoreAsync(paths, token), time, token);

    /// <summary>The events alone, not yet understood.</summary>
    public async Task<IEventStore> StoreAsync(LedgerPaths paths, CancellationToken token) => await SqliteEventStore.OpenAsync(paths.File, OpenMode.Open, time, token);
}
