using System.Net;
using System.Net.Sockets;

namespace Ledger.Host.Tests.Support.EventStoreDb;

/// <summary>
/// Stands between a client and a server and passes bytes on; what the client sends always arrives, but after a few answers a connection breaks, the next answer with it. So that appends are
/// written and their answers lost at a server that has no faults of its own.
/// </summary>
internal sealed class BreakingRelay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Random random;
    private readonly Task running;
    private int broken;

    /// <param name="seed">Decides after how many answers each connection breaks.</param>
    public BreakingRelay(string host, int port, int seed)
    {
        random = new Random(seed);
        listener.Start();
        running = RunAsync(host, port);
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How many answers it kept back.</summary>
    public int Broken => broken;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await running;
        stop.Dispose();
    }

    private async Task RunAsync(string host, int port)
    {
        var open = new List<Task>();
        try
        {
            while (true) open.Add(RelayAsync(await listener.AcceptTcpClientAsync(stop.Token), host, port, random.Next(5, 25)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task RelayAsync(TcpClient client, string host, int port, int answers)
    {
        using var server = new TcpClient { NoDelay = true };
        using (client)
            try
            {
                client.NoDelay = true;
                await server.ConnectAsync(host, port, stop.Token);
                var (near, far) = (client.GetStream(), server.GetStream());
                var there = near.CopyToAsync(far, stop.Token);
                var buffer = new byte[1 << 16];
                while (await far.ReadAsync(buffer, stop.Token) is > 0 and var read)
                {
                    if (answers-- == 0)
                    {
                        Interlocked.Increment(ref broken);
                        client.Client.LingerState = new LingerOption(enable: true, 0);     // a reset
                        break;
                    }
                    await near.WriteAsync(buffer.AsMemory(0, read), stop.Token);
                }
                client.Close();
                server.Close();
                await there;
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
            {
                // Either side is gone: that is what it is for.
            }
    }
}
