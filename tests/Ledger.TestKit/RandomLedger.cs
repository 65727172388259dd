using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;

namespace Ledger.TestKit;

/// <summary>
/// Writes ledgers of random shapes: a set-up, timelines that branch off each other, observations beside them, in any mixture. Chained as a
/// ledger is, from real events of a few bytes to several pages; what they say makes no history that could be folded.
/// </summary>
public sealed class RandomLedger
{
    private readonly IEventStore store;
    private readonly Random random;
    private readonly Dictionary<StreamName, List<Digest>> chains = [];
    private readonly List<Line> lines = [];
    private readonly List<RecordedEvent> events = [];
    private readonly LedgerId id;

    private RandomLedger(IEventStore store, int seed)
    {
        this.store = store;
        random = new Random(seed);
        id = new LedgerId(Bits128());
    }

    /// <summary>What was written, in order.</summary>
    public IReadOnlyList<RecordedEvent> Events => events;

    public StreamName Stream => StreamName.Of(id);

    /// <param name="store">Empty.</param>
    /// <param name="seed">The same gives the same bytes.</param>
    /// <param name="count">At least the five of a set-up.</param>
    public static async Task<RandomLedger> WriteAsync(IEventStore store, int seed, int count, CancellationToken token)
    {
        var ledger = new RandomLedger(store, seed);
        await ledger.AppendAsync(ledger.Stream, Some.Opened with { Ledger = ledger.id }, default, token);
        await ledger.AppendAsync(ledger.Stream, Some.TemplatesDrawn, default, token);
        await ledger.AppendAsync(ledger.Stream, Some.PolicySet, default, token);
        await ledger.StartAsync(LedgerSetup.Main, null, token);
        await ledger.AppendAsync(ledger.Stream, Some.StatisticsRecorded, default, token);
        while (ledger.events.Count < count) await ledger.NextAsync(token);
        return ledger;
    }

    private async Task NextAsync(CancellationToken token)
    {
        var line = lines[random.Next(lines.Count)];
        switch (random.Next(100))
        {
            case < 80:
                await AppendAsync(line.Stream, Revision(), line.Begins, token);
                line.Revision++;
                break;
            case < 88:
                await AppendAsync(StreamName.ObservationsOf(line.Id), new CollapseDetected(line.Id, line.Revision, "default@1", "drift", random.NextDouble(), 1, 0, Some.Edit(1), []), default, token);
                break;
            case < 94:
                await StartAsync($"branch-{lines.Count}", ForkOf(line, random.NextInt64(line.Revision + 1)), token);
                break;
            default:
                await AppendAsync(Stream, new GatePolicySet(GatePolicy.Default with { Version = events.Count }), default, token);
                break;
        }
    }

    private async Task StartAsync(string name, Fork? fork, CancellationToken token)
    {
        var line = new Line(new TimelineId(Bits128()), fork) { Revision = fork?.Revision ?? 0 };
        await AppendAsync(Stream, new TimelineStarted(line.Id, name, fork, "a test", fork is null ? TimelineOrigin.Opened : TimelineOrigin.Branched), default, token);
        line.Begins = fork?.EventHash ?? chains[Stream][^1];
        lines.Add(line);
    }

    /// <summary>A revision belongs to the timeline that made it; the fork itself to either, at random.</summary>
    private Fork ForkOf(Line line, long revision)
    {
        while (line.Fork is { } f && (revision < f.Revision || (revision == f.Revision && random.Next(2) == 0))) line = lines.Single(l => l.Id == f.Parent);
        var number = revision - (line.Fork?.Revision ?? 0) - 1;
        return new Fork(line.Id, revision, number < 0 ? line.Begins : chains[line.Stream][(int)number]);
    }

    private TimelineEvent Revision()
    {
        var n = events.Count;
        return random.Next(8) switch
        {
            0 => Some.Applied(n),
            1 => Some.Quarantined(n),
            2 => Some.Reverted(n),
            3 => Some.Reinstated(n) with { Reason = Text(400) },
            4 => Some.Dismissed(n) with { Reason = Text(60_000) },          // several pages of a file
            _ => Some.Dismissed(n) with { Reason = Text(4_000) },
        };
    }

    private async Task AppendAsync(StreamName stream, LedgerEvent e, Digest begins, CancellationToken token)
    {
        if (!chains.TryGetValue(stream, out var chain)) chains.Add(stream, chain = []);
        var metadata = Some.Metadata(events.Count) with { EventId = new Guid(Bytes(16)), CorrelationId = new Guid(Bytes(16)) };
        var previous = chain.Count > 0 ? chain[^1] : begins;
        var recorded = Recorded(stream, chain.Count, metadata.EventId, EventJson.NameOf(e), EventJson.Serialize(metadata), EventJson.Serialize(e), previous);
        await AppendAsync(store, recorded, token);
        chain.Add(recorded.Hash);
        events.Add(recorded);
    }

    /// <summary>An event with the hash that belongs to it.</summary>
    public static RecordedEvent Recorded(StreamName stream, long number, Guid id, string type, ReadOnlyMemory<byte> metadata, ReadOnlyMemory<byte> data, Digest previous) =>
        new(default, stream, number, id, type, metadata, data, previous, EventHash.Of(stream, number, type, metadata.Span, data.Span, previous));

    public static Task AppendAsync(IEventStore store, RecordedEvent e, CancellationToken token) =>
        store.AppendAsync(e.Stream, new ExpectedRevision(e.Number - 1), new NewEvent(e.Id, e.Type, e.Metadata, e.Data, e.Previous, e.Hash), token);

    private string Text(int most) => string.Create(random.Next(most), random, static (span, r) =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = (char)('a' + r.Next(26));
    });

    private UInt128 Bits128() => new((ulong)random.NextInt64(), (ulong)random.NextInt64());

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private sealed class Line(TimelineId id, Fork? fork)
    {
        public TimelineId Id { get; } = id;
        public Fork? Fork { get; } = fork;
        public StreamName Stream { get; } = StreamName.Of(id);
        public long Revision { get; set; }
        public Digest Begins { get; set; }
    }
}
