using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Stores.EventStoreDb.Protocol;
using Ledger.TestKit;

namespace Ledger.Bench;

/// <summary>
/// Sixteen writers on a server, on as many timelines and on one: the store's events a second as a ratio to the bare calls of the same bytes to the same server, in turns in one run. Where they meet,
/// both read what they lost to, since the next event's hash follows from it.
/// </summary>
public static class ServerBench
{
    private const int Writers = 16, Bytes = 1_000, EventFrameBytes = 211, Rounds = 3;
    private const double Least = 0.8;

    /// <returns>0 when each median ratio reaches the bound, else 1.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not [var text, ..] || !int.TryParse(args.ElementAtOrDefault(1) ?? "1000", NumberStyles.None, CultureInfo.InvariantCulture, out var each))
        {
            Console.Error.WriteLine("usage: Ledger.Bench server ADDRESS [EVENTS a writer]");
            return 2;
        }
        var server = ServerAddress.Parse(text, ServerCredentials.FromEnvironment());
        await using var connection = await ServerConnection.OpenAsync(server, TimeProvider.System, CancellationToken.None);
        Console.WriteLine($"EventStoreDB {connection.Version}, {Writers} writers, {each} events of {Bytes:N0} bytes each, in turns {Rounds} times; events a second");
        Console.WriteLine($"{"",-28} {"bare calls",12} {"the store",12} {"ratio",8}");
        var holds = true;
        foreach (var (name, streams) in new[] { ("on 16 timelines", Writers), ("on one timeline", 1) })
        {
            List<double> bare = [], store = [];
            for (var round = -1; round < Rounds; round++)
            {
                var events = round < 0 ? Math.Min(each, 50) : each;                     // warm
                var (a, b) = (await BareAsync(connection, streams, events), await StoreAsync(server, streams, events));
                if (round < 0) continue;
                bare.Add(Writers * events / a);
                store.Add(Writers * events / b);
            }
            var ratio = Median([.. store.Zip(bare, (s, b) => s / b)]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-28} {Median(bare),12:N0} {Median(store),12:N0} {ratio,8:0.00}"));
            holds &= ratio >= Least;
        }
        return holds ? 0 : 1;
    }

    private static async Task<double> StoreAsync(ServerAddress server, int streams, int events)
    {
        await using var store = await EventStoreDbStore.OpenAsync(server, new LedgerId(new UInt128((ulong)Stopwatch.GetTimestamp(), 1)), TimeProvider.System, CancellationToken.None);
        var data = new byte[Bytes];
        var seconds = await TimeAsync(_ => async stream =>
        {
            var chain = new Chain(store, StreamName.Parse($"timeline-{stream}"));
            for (var i = 0; i < events;)
                try
                {
                    await chain.AppendAsync(data, CancellationToken.None);
                    i++;
                }
                catch (StreamConflictException)
                {
                    await chain.CatchUpAsync(CancellationToken.None);
                }
        }, streams);
        var count = 0;
        await foreach (var _ in store.ReadAllAsync(StorePosition.Start, CancellationToken.None)) count++;
        return count == Writers * events ? seconds : throw new InvalidDataException($"{count} events, not {Writers * events}");
    }

    private static Task<double> BareAsync(ServerConnection connection, int streams, int events)
    {
        var prefix = $"bench-{Guid.NewGuid()}";
        return TimeAsync(_ => stream => BareAsync(connection, $"{prefix}-{stream}", events), streams);
    }

    private static async Task BareAsync(ServerConnection connection, string stream, int events)
    {
        var name = new StreamIdentifier { StreamName = ByteString.CopyFromUtf8(stream) };
        var (data, beside, last) = (ByteString.CopyFrom(new byte[Bytes]), ByteString.CopyFrom(new byte[EventFrameBytes]), -1L);
        for (var i = 0; i < events;)
        {
            var options = new AppendReq { Options = new() { StreamIdentifier = name } };
            if (last < 0) options.Options.NoStream = new Empty();
            else options.Options.Revision = (ulong)last;
            var answer = await connection.CallAsync(atLeader: true, async node =>
            {
                using var call = new Streams.StreamsClient(node.Channel).Append(node.Options(null, CancellationToken.None, leaderOnly: true));
                await call.RequestStream.WriteAsync(options);
                await call.RequestStream.WriteAsync(new AppendReq
                {
                    Proposed = new() { Id = new UUID { String = Guid.NewGuid().ToString() }, Metadata = { ["type"] = "test.v1", ["content-type"] = "application/octet-stream" }, CustomMetadata = beside, Data = data },
                });
                await call.RequestStream.CompleteAsync();
                return await call.ResponseAsync;
            }, CancellationToken.None);
            if (answer.Success is not null)
            {
                (last, i) = (last + 1, i + 1);
                continue;
            }
            var rest = new ReadReq.Types.Options
            {
                Stream = new() { StreamIdentifier = name, Revision = (ulong)(last + 1) }, Count = long.MaxValue, NoFilter = new Empty(), UuidForm = new() { String = new Empty() },
            };
            await foreach (var message in connection.ReadAsync(() => rest, endless: false, CancellationToken.None))
                if (message.Event is { } found) last = (long)found.Event.Revision;
        }
    }

    private static async Task<double> TimeAsync(Func<int, Func<int, Task>> writer, int streams)
    {
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(() => writer(w)(w % streams))));
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Median(IReadOnlyList<double> values) => values.Order().ElementAt(values.Count / 2);
}
