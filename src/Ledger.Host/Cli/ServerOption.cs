using System.CommandLine;
using Ledger.Host.Stores.EventStoreDb;

namespace Ledger.Host.Cli;

/// <summary>--server: a connection string.</summary>
internal static class ServerOption
{
    public static Option<string?> Create(string what) => new("--server")
    {
        Description = $"{what} esdb://HOST:2113, several hosts with commas, ?tls=…&tlsCaFile=…; user and password in it, or in LEDGER_SERVER_USER and LEDGER_SERVER_PASSWORD.", HelpName = "ADDRESS",
    };

    /// <exception cref="ConnectionStringException">It cannot be read.</exception>
    public static ServerAddress? Of(ParseResult parsed, Option<string?> server) => parsed.GetValue(server) is { } text ? ServerAddress.Parse(text, ServerCredentials.FromEnvironment()) : null;
}
