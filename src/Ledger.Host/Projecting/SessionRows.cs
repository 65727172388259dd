using Ledger.Host.Sessions;

namespace Ledger.Host.Projecting;

public static class SessionRows
{
    /// <summary>Reads out of a ledger's rows, as far as its events go now: what is new is taken in first. Where no file can be kept, they are made in memory.</summary>
    public static async Task<T> RowsAsync<T>(this LedgerSession session, Func<RowFile, T> read, CancellationToken token)
    {
        var ledger = session.Setup.Base.Ledger;
        try
        {
            return await RowFile.UseAsync(session.Paths.Projections, ledger, ReadAsync);
        }
        catch (RowFileException)
        {
            using var memory = RowFile.InMemory(ledger);
            return await ReadAsync(memory);
        }

        async Task<T> ReadAsync(RowFile file)
        {
            var run = new CatchUp(session.Store, file, session.Time);
            while (true)
            {
                await foreach (var _ in run.ToEndAsync(token)) { }
                using var now = file.Snapshot();
                // Unless somebody dropped them in this moment.
                if (run.IsUpToThere) return read(file);
            }
        }
    }
}
