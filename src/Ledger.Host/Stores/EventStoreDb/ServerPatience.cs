namespace Ledger.Host.Stores.EventStoreDb;

/// <summary>For who stays and waits for work: a server that restarts, or a cluster that chooses its leader, is waited for without end. It is said when that begins, and when it is over.</summary>
/// <param name="away">Told of it; null for a server that is there again.</param>
internal sealed class ServerPatience(IProgress<ServerAwayException?>? away, TimeProvider time)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(2);

    private bool isAway;

    /// <summary>The server was away; when this is over it may be asked again.</summary>
    public async Task WaitAsync(ServerAwayException fault, CancellationToken token)
    {
        if (!isAway) away?.Report(fault);
        isAway = true;
        await Task.Delay(Wait, time, token);
    }

    /// <summary>The server has answered.</summary>
    public void Back()
    {
        if (isAway) away?.Report(null);
        isAway = false;
    }
}
