using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ledger.Host.Tests.Support.EventStoreDb;

/// <summary>What goes wrong with one append.</summary>
internal enum AppendFault
{
    None,

    /// <summary>UNAVAILABLE, nothing written.</summary>
    NotReady,

    /// <summary>The connection breaks before anything is written.</summary>
    BrokenBefore,

    /// <summary>The event is written, the connection breaks before the answer.</summary>
    BrokenAfter,

    /// <summary>The user may not.</summary>
    Denied,

    /// <summary>The event is written, the answer is DEADLINE_EXCEEDED.</summary>
    LateAfter,

    /// <summary>The event is written, and no answer comes.</summary>
    SilentAfter,

    /// <summary>The event is written, and the leader gives up waiting for its followers: ABORTED.</summary>
    TimedOutAfter,

    /// <summary>The next node becomes leader just before.</summary>
    LeaderMoved,

    /// <summary>The answer gets lost, and somebody else appends before the try after it.</summary>
    OvertakenAfterBreak,
}

/// <summary>
/// EventStoreDB as far as its wire contract shows, in memory: as many nodes as wanted on one log, each a server on this machine, with faults on demand. Our own, written from what was seen on a real server's wire.
/// </summary>
public sealed class FakeCluster : IAsyncLifetime
{
    private readonly List<Node> nodes = [];
    private int appends, reads, given, acks;

    internal FakeLog Log { get; } = new();

    /// <summary>Logs that only those see who connect under a name.</summary>
    internal ConcurrentDictionary<string, FakeLog> Private { get; } = [];

    /// <summary>No call is answered but that the server is not ready.</summary>
    internal bool IsAway { get; set; }

    /// <summary>Whether the user may not make groups of consumers, as one who is neither of $ops nor of $admins.</summary>
    internal bool RefusesGroups { get; set; }

    /// <summary>Which node leads.</summary>
    internal int Leader { get; set; }

    /// <summary>What goes wrong with the n-th call to append, from 1; a repeat counts.</summary>
    internal Func<int, AppendFault> OnAppend { get; set; } = _ => AppendFault.None;

    /// <summary>After how many messages the n-th call to read breaks off, from 1.</summary>
    internal Func<int, int?> OnRead { get; set; } = _ => null;

    /// <summary>What goes wrong when an event is given to a consumer of a group for the n-th time, from 1.</summary>
    internal Func<int, GiveFault> OnGive { get; set; } = _ => GiveFault.None;

    /// <summary>Whether the n-th acknowledgement gets lost, with the connection, from 1.</summary>
    internal Func<int, bool> OnAck { get; set; } = _ => false;

    /// <summary>Groups of consumers, by log, stream and name.</summary>
    internal ConcurrentDictionary<(FakeLog, string, string), FakeGroup> Groups { get; } = [];

    /// <summary>How long a read looks before it says anything.</summary>
    internal TimeSpan ReadDelay { get; set; }

    /// <summary>The only user there is; with one, anonymous callers are turned away.</summary>
    internal (string Name, string Password)? User { get; init; }

    internal X509Certificate2? Certificate { get; init; }

    /// <summary>A real server's default is 1 MiB; how it is set for a ledger says docs/how-to.</summary>
    internal int MaxAppendSize { get; init; } = 4 << 20;

    internal int Size { get; init; } = 1;

    internal int Appends => appends;

    internal int Reads => reads;

    /// <summary>What has come to it in the clear.</summary>
    internal ConcurrentBag<string> Authorizations { get; } = [];

    /// <summary>Positions behind which subscriptions began; −1 for the start.</summary>
    internal ConcurrentQueue<long> SubscribedBehind { get; } = [];

    /// <summary>Which node each append came to.</summary>
    internal ConcurrentQueue<int> AppendedAt { get; } = [];

    /// <summary>Which node each read came to.</summary>
    internal ConcurrentQueue<int> ReadAt { get; } = [];

    internal IReadOnlyList<int> Ports => [.. nodes.Select(n => n.Port)];

    public async ValueTask InitializeAsync()
    {
        for (var i = 0; i < Size; i++) nodes.Add(await Node.StartAsync(this, i));
    }

    internal static async Task<FakeCluster> StartAsync(FakeCluster cluster)
    {
        await cluster.InitializeAsync();
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes) await node.StopAsync();
    }

    /// <summary>To the first node, or to all of them where there are several. Times are short: everything is on this machine.</summary>
    internal string Address(string options = "", string user = "") =>
        $"esdb{(Size > 1 ? "+discover" : "")}://{user}{string.Join(',', Ports.Select(p => $"localhost:{p}"))}?tls={(Certificate is null ? "false" : "true")}&discoveryInterval=2{(options.Length > 0 ? "&" + options : "")}";

    internal int NextAppend() => Interlocked.Increment(ref appends);

    internal int NextGiven() => Interlocked.Increment(ref given);

    internal int NextAck() => Interlocked.Increment(ref acks);

    internal int NextRead() => Interlocked.Increment(ref reads);

    /// <summary>The node is gone, its connections with it; the next one leads if it did.</summary>
    internal async Task KillAsync(int node)
    {
        if (Leader == node) Leader = (node + 1) % Size;
        await nodes[node].StopAsync();
    }

    /// <summary>Every connection there is breaks.</summary>
    internal void BreakAll()
    {
        foreach (var node in nodes) node.BreakAll();
    }

    internal bool IsAlive(int node) => nodes[node].Alive;

    private sealed class Node
    {
        private readonly ConcurrentDictionary<string, ConnectionContext> connections = [];
        private WebApplication? app;

        public int Port { get; private set; }

        public bool Alive => app is not null;

        public static async Task<Node> StartAsync(FakeCluster cluster, int index)
        {
            var node = new Node();
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.Services.AddGrpc(options => (options.MaxReceiveMessageSize, options.EnableDetailedErrors) = (64 << 20, true));
            builder.Services.AddSingleton(new FakeNode(cluster, index, node.Break));
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.Use(next => async connection =>
                {
                    node.connections[connection.ConnectionId] = connection;
                    await next(connection);
                    node.connections.TryRemove(connection.ConnectionId, out _);
                });
                if (cluster.Certificate is { } certificate) listen.UseHttps(certificate);
            }));
            var app = node.app = builder.Build();
            app.MapGrpcService<FakeStreams>();
            app.MapGrpcService<FakeConsumers>();
            app.MapGrpcService<FakeGossip>();
            app.MapGrpcService<FakeFeatures>();
            await app.StartAsync();
            node.Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
            return node;
        }

        public async Task StopAsync()
        {
            if (Interlocked.Exchange(ref app, null) is not { } running) return;
            BreakAll();
            await running.StopAsync(new CancellationToken(canceled: true));
            await running.DisposeAsync();
        }

        public void BreakAll()
        {
            foreach (var connection in connections.Values) connection.Abort();
        }

        private void Break(string connection)
        {
            if (connections.TryGetValue(connection, out var found)) found.Abort();
        }
    }
}

/// <param name="Break">Breaks a connection, by its id.</param>
internal sealed record FakeNode(FakeCluster Cluster, int Index, Action<string> Break);
