using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Stores.EventStoreDb;

namespace Ledger.Host.Jobs;

/// <summary>A ledger's jobs, wherever its events are: on its server, or in a file beside its file.</summary>
public sealed class LedgerJobs(LedgerSessions sessions, TimeProvider time)
{
    public async Task<JobLog> LogAsync(LedgerPaths ledger, CancellationToken token)
    {
        var log = new JobLog(await StoreAsync(ledger, token), time);
        try
        {
            await log.CatchUpAsync(token);
            return log;
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }

    /// <summary>What gives them out; to be disposed of before the log is.</summary>
    internal IJobQueue Queue(JobLog log) => log.Store switch
    {
        EventStoreDbStore store => new ServerJobQueue(store, time),
        SqliteEventStore file => LocalJobQueue.Open(file.Location, log, time),
        _ => throw new System.Diagnostics.UnreachableException($"Nothing gives out the jobs of a {log.Store.GetType().Name}."),
    };

    private async Task<IEventStore> StoreAsync(LedgerPaths ledger, CancellationToken token)
    {
        if (LedgerPointer.TryRead(ledger.File) is { } pointer) return await EventStoreDbStore.OpenJobsAsync(pointer.Address, pointer.Ledger, time, token);
        await using var session = await sessions.OpenAsync(ledger, token);
        var path = ledger.Jobs(session.Setup.Base.Ledger);
        if (!File.Exists(path)) await CreateAsync(path, token);
        return await SqliteEventStore.OpenAsync(path, OpenMode.Open, time, token);
    }

    /// <summary>Whole or not at all: several processes may be the first.</summary>
    private async Task CreateAsync(string path, CancellationToken token)
    {
        var unfinished = $"{path}.{Guid.NewGuid():N}.opening";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await (await SqliteEventStore.OpenAsync(unfinished, OpenMode.Create, time, token)).DisposeAsync();
            File.Move(unfinished, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnwritableException(path, e);
        }
        finally
        {
            SqliteEventStore.Delete(unfinished);
        }
    }
}
