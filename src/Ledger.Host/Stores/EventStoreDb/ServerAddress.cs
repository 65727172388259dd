using System.Collections.Immutable;
using System.Globalization;
using Ledger.Domain;

namespace Ledger.Host.Stores.EventStoreDb;

/// <summary>Which node of a cluster to read from; what is appended goes to the leader always.</summary>
public enum NodePreference
{
    Leader,
    Follower,
    Random,
    ReadOnlyReplica,
}

/// <summary>A node, by the name and port it answers at.</summary>
public sealed record NodeAddress(string Host, int Port)
{
    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>Who to be at the server. The password is in no text of this program.</summary>
public sealed class ServerCredentials(string user, string password)
{
    public string User { get; } = user;

    public string Password { get; } = password;

    /// <summary>LEDGER_SERVER_USER and LEDGER_SERVER_PASSWORD; null where no user is named.</summary>
    public static ServerCredentials? FromEnvironment() =>
        Environment.GetEnvironmentVariable("LEDGER_SERVER_USER") is { Length: > 0 } user ? new(user, Environment.GetEnvironmentVariable("LEDGER_SERVER_PASSWORD") ?? "") : null;

    public override string ToString() => User;
}

/// <summary>
/// A connection string of EventStoreDB or KurrentDB, understood: <c>esdb://host:2113?tls=false</c>, <c>kurrentdb+discover://a,b,c?tlsCaFile=ca.crt</c>.
/// </summary>
public sealed class ServerAddress
{
    private const int DefaultPort = 2113;
    private static readonly ImmutableArray<string> Schemes = ["esdb://", "esdb+discover://", "kurrentdb://", "kurrentdb+discover://"];

    private ServerAddress(string text) => Text = text;

    /// <summary>The string again, without user and password, a file's name in it made whole: what may be kept and shown.</summary>
    public string Text { get; }

    public required ImmutableArray<NodeAddress> Nodes { get; init; }

    /// <summary>Whether the nodes named are asked by gossip which there are and which leads; else the one named is taken.</summary>
    public bool Discover { get; private init; }

    public bool Tls { get; private init; }

    public bool VerifyCertificate { get; private init; }

    /// <summary>Certificates of who may vouch for the server's, in PEM; null for those the system trusts.</summary>
    public string? CaFile { get; private init; }

    public NodePreference Preference { get; private init; }

    /// <summary>How long a connection is silent until it is pinged; without end for never.</summary>
    public TimeSpan KeepAliveInterval { get; private init; }

    public TimeSpan KeepAliveTimeout { get; private init; }

    /// <summary>How long an append, and each event of a stream that is read, may take.</summary>
    public TimeSpan Deadline { get; private init; }

    /// <summary>How long to wait before the second try of anything; each further wait is twice as long, up to two seconds.</summary>
    public TimeSpan DiscoveryInterval { get; private init; }

    public TimeSpan GossipTimeout { get; private init; }

    /// <summary>How often anything is tried that failed for a reason that may pass.</summary>
    public int MaxTries { get; private init; }

    /// <summary>What the server's log calls this program.</summary>
    public required string ConnectionName { get; init; }

    public ServerCredentials? Credentials { get; private init; }

    /// <param name="text">Never quoted in an error: there may be a password in it.</param>
    /// <param name="otherwise">Who to be where the string does not say.</param>
    /// <exception cref="ConnectionStringException">It says something that there is not.</exception>
    public static ServerAddress Parse(string text, ServerCredentials? otherwise = null)
    {
        var scheme = Schemes.FirstOrDefault(s => text.StartsWith(s, StringComparison.OrdinalIgnoreCase))
            ?? throw new ConnectionStringException("it begins with none of the known schemes", $"one of {string.Join(", ", Schemes)}");
        var rest = text[scheme.Length..];
        var end = rest.IndexOfAny(['/', '?']);
        var (authority, query) = end < 0 ? (rest, "") : (rest[..end], rest[end..].TrimStart('/').TrimStart('?'));
        if (query.Contains('@')) throw new ConnectionStringException("there is an @ behind the hosts", "write / ? : @ in a user's name or password as %2F %3F %3A %40");
        var at = authority.LastIndexOf('@');
        var nodes = authority[(at + 1)..].Split(',').Select(Node).ToImmutableArray();
        var options = new Options(query);
        var caFile = options.Text("tlsCaFile") is not { } file ? null
            : file.Length > 0 && !file.Contains('\0') ? Path.GetFullPath(file) : throw new ConnectionStringException("tlsCaFile names no file", "write tlsCaFile=FILE");
        if (caFile is not null && !File.Exists(caFile)) throw new ConnectionStringException($"tlsCaFile: there is no file {caFile}", "name the file with the certificate of who signed the server's");
        return new ServerAddress($"{scheme}{string.Join(',', nodes)}{options.Shown(caFile)}")
        {
            Nodes = nodes,
            Discover = nodes.Length > 1 || scheme.Contains("+discover", StringComparison.Ordinal),
            Credentials = at < 0 ? otherwise : User(authority[..at]),
            Tls = options.Flag("tls") ?? true,
            VerifyCertificate = options.Flag("tlsVerifyCert") ?? true,
            CaFile = caFile,
            Preference = options.Preference(),
            ConnectionName = options.Name("connectionName") ?? "ledger",
            KeepAliveInterval = options.KeepAlive("keepAliveInterval"),
            KeepAliveTimeout = options.KeepAlive("keepAliveTimeout"),
            Deadline = options.Time("defaultDeadline") ?? TimeSpan.FromSeconds(10),
            DiscoveryInterval = options.Time("discoveryInterval") ?? TimeSpan.FromMilliseconds(100),
            GossipTimeout = options.Time("gossipTimeout") ?? TimeSpan.FromSeconds(5),
            MaxTries = options.Number("maxDiscoverAttempts") ?? 10,
        };
    }

    /// <summary>Without its options: for people.</summary>
    public override string ToString() => Text.Split('?')[0];

    private static ServerCredentials User(string userInfo)
    {
        var colon = userInfo.IndexOf(':');
        return colon < 0
            ? throw new ConnectionStringException("before the @ there is a user without a password", "write user:password@, or set LEDGER_SERVER_USER and LEDGER_SERVER_PASSWORD and leave both out")
            : new ServerCredentials(Uri.UnescapeDataString(userInfo[..colon]), Uri.UnescapeDataString(userInfo[(colon + 1)..]));
    }

    private static NodeAddress Node(string text)
    {
        var colon = text.LastIndexOf(':') is var last && last > text.LastIndexOf(']') ? last : -1;
        var (host, port) = (colon < 0 ? text : text[..colon], DefaultPort);
        if (colon >= 0 && !(int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and < 65_536))
            throw new ConnectionStringException("a host's port is no number from 1 to 65535", "write host:2113");
        host = host.Trim('[', ']');
        return Uri.CheckHostName(host) == UriHostNameType.Unknown ? throw new ConnectionStringException("a host's name is none", "write host:2113, several of them with commas") : new NodeAddress(host, port);
    }

    /// <summary>What stands behind the question mark.</summary>
    private sealed class Options
    {
        private static readonly ImmutableArray<string> Known =
        [
            "tls", "tlsVerifyCert", "tlsCaFile", "nodePreference", "keepAliveInterval", "keepAliveTimeout", "defaultDeadline", "discoveryInterval", "gossipTimeout", "maxDiscoverAttempts",
            "connectionName", "throwOnAppendFailure",
        ];

        private readonly Dictionary<string, string> values = [];

        public Options(string query)
        {
            foreach (var option in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
            {
                var equals = option.IndexOf('=');
                var key = equals < 0 ? option : option[..equals];
                var known = Known.FirstOrDefault(k => k.Equals(key, StringComparison.OrdinalIgnoreCase))
                    ?? throw new ConnectionStringException($"there is no option \"{key}\"", $"the options are {string.Join(", ", Known)}");
                if (equals < 0 || !values.TryAdd(known, Uri.UnescapeDataString(option[(equals + 1)..]))) throw new ConnectionStringException($"{known} has no value, or two", $"write {known}=VALUE once");
            }
            // Accepted because people have it in their strings; an append that fails always throws here.
            _ = Flag("throwOnAppendFailure");
        }

        public string? Text(string key) => values.GetValueOrDefault(key);

        public bool? Flag(string key) => Text(key)?.ToLowerInvariant() switch
        {
            null => null,
            "true" => true,
            "false" => false,
            _ => throw new ConnectionStringException($"{key} is neither true nor false", $"write {key}=true or {key}=false"),
        };

        public NodePreference Preference() => Text("nodePreference") is not { } text ? NodePreference.Leader
            : Enum.TryParse<NodePreference>(text, ignoreCase: true, out var preference) && Enum.IsDefined(preference) && !char.IsDigit(text[0]) ? preference
            : throw new ConnectionStringException("nodePreference is none of the known ones", "one of leader, follower, random, readOnlyReplica");

        /// <summary>As given, in the known spelling.</summary>
        public string Shown(string? caFile) => values.Count == 0 ? "" : "?" + string.Join('&', values.Select(v => $"{v.Key}={Uri.EscapeDataString(v.Key == "tlsCaFile" ? caFile! : v.Value)}"));

        /// <summary>−1 is never.</summary>
        public TimeSpan KeepAlive(string key) => Text(key) == "-1" ? Timeout.InfiniteTimeSpan
            : (Time(key) ?? TimeSpan.FromSeconds(10)) is var time && time >= TimeSpan.FromSeconds(1) ? time
            : throw new ConnectionStringException($"{key} is less than a second", $"write {key}=1000 or more, in milliseconds, or {key}=-1 for never");

        /// <summary>It goes into a header of every call.</summary>
        public string? Name(string key) => Text(key) is { } text && (text.Length is 0 or > 64 || text.Any(c => c is < ' ' or > '~'))
            ? throw new ConnectionStringException($"{key} is no plain name", $"write {key}=NAME with 1 to 64 characters of ASCII") : Text(key);

        public TimeSpan? Time(string key) => Number(key) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;

        public int? Number(string key) => Text(key) is not { } text ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
            : throw new ConnectionStringException($"{key} is no whole number above 0", $"write {key}=NUMBER{(key == "maxDiscoverAttempts" ? "" : ", in milliseconds")}");
    }
}

/// <summary>A connection string that says something that there is not. Quotes nothing that could be a password.</summary>
public sealed class ConnectionStringException(string problem, string remedy) : LedgerException($"The server's connection string cannot be read: {problem}.", remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}
