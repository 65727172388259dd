using System.Collections.Concurrent;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Ledger.Host.Stores.EventStoreDb.Protocol;

namespace Ledger.Host.Stores.EventStoreDb;

/// <summary>
/// A server or a cluster: finds the node to ask, keeps a connection to each, and tries again what may go well the next time. Knows no ledger. Safe for several tasks at once.
/// </summary>
internal sealed class ServerConnection : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<NodeAddress, GrpcChannel> channels = [];
    private readonly X509Certificate2Collection? authorities;
    private readonly SemaphoreSlim discovering = new(1, 1);
    private NodeAddress? leader, reader;      // found before, until a call to it fails

    private ServerConnection(ServerAddress server, TimeProvider time)
    {
        Server = server;
        this.time = time;
        if (server.CaFile is not { } file) return;
        authorities = [];
        try
        {
            authorities.ImportFromPemFile(file);
            if (authorities.Count == 0) throw new CryptographicException("there is no certificate in it");
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ConnectionStringException($"tlsCaFile: {file} cannot be read as certificates", "name a PEM file");
        }
    }

    public ServerAddress Server { get; }

    /// <summary>What the server says it is: <c>24.2.0</c>.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Asks the server what it is: whoever may not come in, and whatever is no such server, is found here.</summary>
    /// <exception cref="ServerVersionException">It has not the calls that are needed.</exception>
    public static async Task<ServerConnection> OpenAsync(ServerAddress server, TimeProvider time, CancellationToken token)
    {
        var connection = new ServerConnection(server, time);
        try
        {
            var features = await connection.CallAsync(
                atLeader: false, async node => await new ServerFeatures.ServerFeaturesClient(node.Channel).GetSupportedMethodsAsync(new Empty(), node.Options(server.Deadline, token)), token);
            foreach (var method in new[] { "append", "read" })
                if (!features.Methods.Any(m => m.Service == "event_store.client.streams.streams" && m.Method == method))
                    throw new ServerVersionException(server, $"({features.Version}) has no call \"{method}\"");
            connection.Version = features.Version;
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>A call that may be made twice: made again, at another node where that helps, as long as it fails for a reason that may pass.</summary>
    /// <param name="atLeader">Only the leader will do.</param>
    /// <param name="failed">Told of each time the call itself failed.</param>
    public async Task<T> CallAsync<T>(bool atLeader, Func<Node, Task<T>> call, CancellationToken token, Action<RpcException>? failed = null)
    {
        for (var tries = 1; ; tries++)
        {
            Node? node = null;
            try
            {
                node = await NodeAsync(atLeader, token);
                return await call(node.Value);
            }
            catch (RpcException e)
            {
                if (node is not null) failed?.Invoke(e);
                await AfterAsync(e, node, tries, token);
            }
        }
    }

    /// <summary>
    /// The messages of a read or a subscription. Where it breaks, the rest is asked for: whoever takes the messages has taken in each one before the next is asked for.
    /// </summary>
    /// <param name="rest">What to read, seen from what was given out last.</param>
    /// <param name="endless">A subscription: goes on when the server ends it.</param>
    /// <param name="atLeader">Whatever node is preferred.</param>
    public async IAsyncEnumerable<ReadResp> ReadAsync(Func<ReadReq.Types.Options> rest, bool endless, [EnumeratorCancellation] CancellationToken token, bool atLeader = false)
    {
        for (var tries = 1; ; tries++)
        {
            Node? node = null;
            AsyncServerStreamingCall<ReadResp>? call = null;
            var options = rest();
            // One that goes through everything, or waits for what comes, says nothing for as long as it finds nothing; that it is there, pings tell.
            var mayBeSilent = options.WhatCase == ReadReq.Types.Options.WhatOneofCase.All;
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(token);
            try
            {
                while (true)
                {
                    ReadResp message;
                    try
                    {
                        node ??= await NodeAsync(atLeader, token);
                        call ??= new Streams.StreamsClient(node.Value.Channel).Read(new ReadReq { Options = options }, node.Value.Options(null, silence.Token, atLeader));
                        if (!mayBeSilent) silence.CancelAfter(Server.Deadline);
                        if (!await call.ResponseStream.MoveNext(silence.Token))
                        {
                            if (!endless) yield break;
                            throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the subscription"));
                        }
                        silence.CancelAfter(Timeout.Infinite);      // a slow reader is not a silent server
                        message = call.ResponseStream.Current;
                    }
                    catch (RpcException e)
                    {
                        token.ThrowIfCancellationRequested();
                        var late = silence.IsCancellationRequested && e.StatusCode == StatusCode.Cancelled;
                        await AfterAsync(late ? new RpcException(new Status(StatusCode.DeadlineExceeded, "silent")) : e, node, tries, token);
                        break;
                    }
                    catch (OperationCanceledException) when (!token.IsCancellationRequested)
                    {
                        await AfterAsync(new RpcException(new Status(StatusCode.DeadlineExceeded, "silent")), node, tries, token);
                        break;
                    }
                    catch (Exception e) when (ServerErrors.IsBreak(e))
                    {
                        await AfterAsync(ServerErrors.Broken(e), node, tries, token);
                        break;
                    }
                    tries = 1;
                    yield return message;
                }
            }
            finally
            {
                call?.Dispose();
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        foreach (var channel in channels.Values) channel.Dispose();
        discovering.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>After a failure: forgets the node, or follows it to the leader, and waits a little; throws where another try would be no use.</summary>
    private async Task AfterAsync(RpcException e, Node? node, int tries, CancellationToken token)
    {
        if (ServerErrors.IsNotLeader(e, out var leads))
        {
            // The node that says so knows better than what was found before.
            (leader, reader) = (leads, Server.Preference == NodePreference.Leader ? leads : reader);
            if (leads is not null && tries == 1) return;
        }
        else
        {
            if (!ServerErrors.MayPass(e)) throw ServerErrors.Translate(e, Server);
            if (node?.Address == leader) leader = null;
            if (node?.Address == reader) reader = null;
        }
        if (tries >= Server.MaxTries) throw ServerErrors.Translate(e, Server);
        var wait = Server.DiscoveryInterval * Math.Pow(2, Math.Min(tries - 1, 20));
        await Task.Delay(wait < LongestWait ? wait : LongestWait, time, token);
    }

    private async Task<Node> NodeAsync(bool atLeader, CancellationToken token)
    {
        if ((atLeader ? leader : reader) is { } known) return At(known);
        if (!Server.Discover)
        {
            // One node is named: it says where the leader is when it is another.
            if (atLeader) leader ??= Server.Nodes[0];
            else reader ??= Server.Nodes[0];
            return At(Server.Nodes[0]);
        }
        await discovering.WaitAsync(token);
        try
        {
            if ((atLeader ? leader : reader) is { } meanwhile) return At(meanwhile);
            var found = await DiscoverAsync(atLeader ? NodePreference.Leader : Server.Preference, token);
            if (atLeader) leader = found;
            else reader = found;
            return At(found);
        }
        finally
        {
            discovering.Release();
        }
    }

    /// <summary>One round of asking each node named which there are.</summary>
    /// <exception cref="RpcException">None answers, or none leads where one must: that may pass.</exception>
    private async Task<NodeAddress> DiscoverAsync(NodePreference preference, CancellationToken token)
    {
        RpcException? last = null;
        foreach (var address in Server.Nodes)
        {
            try
            {
                var node = At(address);
                var cluster = await new Gossip.GossipClient(node.Channel).ReadAsync(new Empty(), node.Options(Server.GossipTimeout, token));
                if (Choose(cluster, preference) is { } chosen) return chosen;
            }
            catch (RpcException e)
            {
                token.ThrowIfCancellationRequested();
                if (!ServerErrors.MayPass(e)) throw;
                last = e;
            }
        }
        throw last ?? new RpcException(new Status(StatusCode.Unavailable, "no node leads"));
    }

    private static NodeAddress? Choose(Cluster cluster, NodePreference preference)
    {
        var states = preference switch
        {
            NodePreference.Leader => new[] { Cluster.Types.Node.Types.State.Leader },
            NodePreference.Follower => [Cluster.Types.Node.Types.State.Follower],
            NodePreference.ReadOnlyReplica => [Cluster.Types.Node.Types.State.ReadOnlyReplica],
            _ => [Cluster.Types.Node.Types.State.Leader, Cluster.Types.Node.Types.State.Follower, Cluster.Types.Node.Types.State.ReadOnlyReplica],
        };
        var fit = cluster.Nodes.Where(n => n.Alive && states.Contains(n.State)).ToList();
        // A preference is no more than that: the leader serves every reader.
        if (fit.Count == 0 && preference != NodePreference.Leader) return Choose(cluster, NodePreference.Leader);
        return fit.Count == 0 ? null : fit[RandomNumberGenerator.GetInt32(fit.Count)].EndPoint is var end ? new NodeAddress(end.Host, (int)end.Port) : null;
    }

    private Node At(NodeAddress address) => new(this, address, channels.GetOrAdd(address, Connect));

    private GrpcChannel Connect(NodeAddress address)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true, PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = Server.KeepAliveInterval, KeepAlivePingTimeout = Server.KeepAliveTimeout,
        };
        if (!Server.VerifyCertificate) handler.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true };
        else if (authorities is not null)
        {
            // The certificates in the file and no others; the name must still be the host's.
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }
        // gRPC's own limit of 4 MB a message stays: an event has at most 1 MiB of payload and 1 MiB of metadata.
        return GrpcChannel.ForAddress($"{(Server.Tls ? "https" : "http")}://{address}", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
    }

    /// <summary>A node to call.</summary>
    internal readonly record struct Node(ServerConnection Connection, NodeAddress Address, GrpcChannel Channel)
    {
        /// <param name="deadline">For the whole call; null for none.</param>
        /// <param name="leaderOnly">Have a node that does not lead say so, instead of doing it as well as it can.</param>
        public CallOptions Options(TimeSpan? deadline, CancellationToken token, bool leaderOnly = false)
        {
            var server = Connection.Server;
            var headers = new Metadata { { "connection-name", server.ConnectionName }, { "requires-leader", leaderOnly || server.Preference == NodePreference.Leader ? "true" : "false" } };
            // Without TLS anybody could read a password on its way, and the server would not look at it.
            if (server is { Tls: true, Credentials: { } user }) headers.Add("authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.User}:{user.Password}"))}");
            return new CallOptions(headers, deadline is { } within ? (Connection.time.GetUtcNow() + within).UtcDateTime : null, token);
        }
    }
}
