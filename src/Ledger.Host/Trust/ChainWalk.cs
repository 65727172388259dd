using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Stores;

namespace Ledger.Host.Trust;

/// <summary>How far a stream goes and the hash it ends with.</summary>
/// <param name="Size">How many events it has.</param>
/// <param name="Head">The last one's hash.</param>
public sealed record StreamHead(StreamName Stream, long Size, Digest Head);

/// <summary>
/// A walk along every stream's hash chain as stored, in commit order. It understands nothing but which timelines there are: where each chain
/// begins, and whether a fork names the event of its parent that it left from.
/// </summary>
public sealed class ChainWalk
{
    private const string LedgerPrefix = "ledger-", StartedPrefix = "timeline-started.";

    /// <summary>What is certain where one event alone is wrong.</summary>
    private const string UpToIt = "in the order of writing, the chains are unbroken up to it";

    /// <summary>What is certain where two events do not fit together.</summary>
    private const string OneOfTwo = "which of the two was changed, a signed head can tell:  ledger verify --against FILE --key FILE";

    private readonly IEventStore store;
    private readonly Dictionary<StreamName, Chain> chains = [];
    private readonly Dictionary<TimelineId, Started> timelines = [];
    private StreamName ledger;
    private RecordedEvent? last;

    private ChainWalk(IEventStore store) => this.store = store;

    /// <summary>All streams, sorted by name.</summary>
    public IReadOnlyList<StreamHead> Heads { get; private set; } = [];

    public long Events => Heads.Sum(h => h.Size);

    /// <summary>Walks to the end.</summary>
    /// <exception cref="VerificationException">The first event that is wrong, missing or out of place.</exception>
    /// <exception cref="StoreDamagedException">The file is damaged as a whole.</exception>
    /// <exception cref="StoreRowException">A row is not an event.</exception>
    public static async Task<ChainWalk> CheckAsync(IEventStore store, CancellationToken token)
    {
        if (store is SqliteEventStore file) await file.CheckAsync(token);
        var walk = new ChainWalk(store);
        await foreach (var e in store.ReadAllAsync(StorePosition.Start, token)) await walk.StepAsync(e, token);
        walk.Heads =
        [
            .. walk.chains.Where(c => c.Value.Hashes.Count > 0)
                .Select(c => new StreamHead(c.Key, c.Value.Hashes.Count, c.Value.Head))
                .OrderBy(h => h.Stream.ToString(), StringComparer.Ordinal),
        ];
        // What is there in the order of writing may still not be found where it is looked for.
        foreach (var head in walk.Heads)
            if (await store.ReadStreamAsync(head.Stream, 0, token).FirstOrDefaultAsync(token) is null || await store.ReadLastAsync(head.Stream, token) is not { } end || end.Number < head.Size - 1)
                throw new VerificationException(head.Stream, head.Size - 1, "is there in the order of writing, and its stream does not have it", UpToIt);
        return walk;
    }

    /// <summary>An event's hash; null where there is no such event.</summary>
    public Digest? HashOf(StreamName stream, long number) => chains.TryGetValue(stream, out var chain) ? chain.At(number) : null;

    /// <summary>How many of a timeline's first events are named by the forks within the first events of the ledger's own stream.</summary>
    public long Vouched(StreamName timeline, long ledgerEvents) =>
        timelines.Values.Where(t => t.Number < ledgerEvents && t.Fork is { } f && StreamName.Of(f.Parent) == timeline).Select(t => NumberAt(t.Fork!.Parent, t.Fork.Revision) + 1).DefaultIfEmpty(0).Max();

    private async Task StepAsync(RecordedEvent e, CancellationToken token)
    {
        if (store is SqliteEventStore && e.Position.Value != (last?.Position.Value + 1 ?? SqliteEventStore.First.Value)) throw await RemovedBeforeAsync(e, token);
        if (last is null && e.Stream.ToString().StartsWith(LedgerPrefix, StringComparison.Ordinal)) chains.Add(ledger = e.Stream, new Chain(Digest.Zero));
        if (!chains.TryGetValue(e.Stream, out var chain)) throw Wrong(e, "is in a stream that nothing before it began");
        if (e.Number != chain.Hashes.Count) throw new VerificationException(e.Stream, chain.Hashes.Count, $"is missing or out of place: event {e.Number} stands where it should", UpToIt);
        if (e.Hash != EventHash.Of(e)) throw Wrong(e, "does not have the hash of its own content: it was changed");
        if (e.Previous != chain.Head) throw Wrong(e, e.Number == 0 ? "does not begin its chain where it should" : "does not continue the chain: it or the event before it was replaced", OneOfTwo);
        chain.Hashes.Add(e.Hash);
        last = e;
        if (e.Stream == ledger && e.Type.StartsWith(StartedPrefix, StringComparison.Ordinal)) Start(e);
    }

    private void Start(RecordedEvent e)
    {
        if (EventJson.Current.Read(e).Event is not TimelineStarted started) return;
        if (started.Fork is { } fork && HashAt(fork.Parent, fork.Revision) is var there && there != fork.EventHash)
            throw Wrong(e, there is null ? $"leaves {fork.Parent} at revision {fork.Revision}, which was not there" : $"names another event than {fork.Parent} has at revision {fork.Revision}", OneOfTwo);
        var own = new Chain(started.Fork?.EventHash ?? e.Hash);
        if (!timelines.TryAdd(started.Timeline, new Started(e.Number, started.Fork, own))) throw Wrong(e, "starts a timeline that was started before");
        chains.Add(StreamName.Of(started.Timeline), own);
        chains.Add(StreamName.ObservationsOf(started.Timeline), new Chain(Digest.Zero));
    }

    /// <summary>The hash at a revision of a timeline, of one it inherited too; null where there is none.</summary>
    private Digest? HashAt(TimelineId id, long revision)
    {
        while (timelines.TryGetValue(id, out var t))
        {
            var number = NumberAt(id, revision);
            if (number >= -1) return number < 0 ? t.Own.Begins : t.Own.At(number);
            if (t.Fork is null) return null;
            id = t.Fork.Parent;
        }
        return null;
    }

    /// <summary>The event of the timeline's own that made a revision; −1 for the fork, less for what came before it.</summary>
    private long NumberAt(TimelineId id, long revision) => revision - (timelines[id].Fork?.Revision ?? 0) - 1;

    /// <summary>There is no row where one should be: the first stream that goes on with a gap tells whose event it was.</summary>
    private async Task<VerificationException> RemovedBeforeAsync(RecordedEvent e, CancellationToken token)
    {
        var sizes = chains.ToDictionary(c => c.Key, c => (long)c.Value.Hashes.Count);
        await foreach (var later in store.ReadAllAsync(last?.Position ?? StorePosition.Start, token))
        {
            var size = sizes.GetValueOrDefault(later.Stream);
            if (later.Number != size) return new VerificationException(later.Stream, size, "was removed", UpToIt);
            sizes[later.Stream] = size + 1;
        }
        return Wrong(e, "stands behind a gap: the last event of another stream was removed before it");
    }

    private static VerificationException Wrong(RecordedEvent e, string problem, string known = UpToIt) => new(e.Stream, e.Number, problem, known);

    /// <param name="Begins">What the first event has as its previous hash.</param>
    private sealed record Chain(Digest Begins)
    {
        public List<Digest> Hashes { get; } = [];

        public Digest Head => Hashes.Count > 0 ? Hashes[^1] : Begins;

        public Digest? At(long number) => number >= 0 && number < Hashes.Count ? Hashes[(int)number] : null;
    }

    /// <param name="Number">Of the event that started it, in the ledger's own stream.</param>
    private sealed record Started(long Number, Fork? Fork, Chain Own);
}
