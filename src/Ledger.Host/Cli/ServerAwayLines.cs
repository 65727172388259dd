using Ledger.Host.Stores.EventStoreDb;

namespace Ledger.Host.Cli;

/// <summary>Says on stderr that the server is away and is waited for, and that it is there again.</summary>
internal sealed class ServerAwayLines(Face face) : IProgress<ServerAwayException?>
{
    public void Report(ServerAwayException? value) => face.Err.WriteLine(value is null ? "  there again" : $"  waiting: {value.Message}");
}
