using System.Text.RegularExpressions;

namespace Ledger.Host.Tests.Support.EventStoreDb;

/// <summary>The same with the events on a server, where each copy sees a log of its own.</summary>
public sealed partial class TinyLedgerOnServer : TinyLedger
{
    private readonly FakeCluster cluster = new();
    private int logs;

    internal FakeCluster Cluster => cluster;

    /// <summary>The key of the log that a copy sees.</summary>
    internal static string LogOf(LedgerProcess ledger) => Name().Match(File.ReadAllText(ledger["tiny.ledger"])).Value;

    public override async ValueTask InitializeAsync()
    {
        await cluster.InitializeAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await cluster.DisposeAsync();
    }

    protected override string ServerFor(string folder)
    {
        var (name, log) = ($"log{Interlocked.Increment(ref logs)}", new FakeLog());
        foreach (var file in Directory.GetFiles(folder, "*.ledger"))
        {
            // A folder's ledgers lie in one log.
            var pointer = File.ReadAllText(file);
            log = cluster.Private[Name().Match(pointer).Value].Copy();
            File.WriteAllText(file, Name().Replace(pointer, name));
        }
        cluster.Private[name] = log;
        return cluster.Address($"connectionName={name}");
    }

    [GeneratedRegex("log[0-9]+")]
    private static partial Regex Name();
}

/// <summary>The same with five edits.</summary>
public sealed class EditedLedgerOnServer() : EditedLedger(new TinyLedgerOnServer());
