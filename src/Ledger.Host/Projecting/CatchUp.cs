using System.Runtime.CompilerServices;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Stores;
using Ledger.Projections.Rows;

namespace Ledger.Host.Projecting;

/// <summary>A batch of events that became rows.</summary>
/// <param name="Events">How many; those that make no rows are counted.</param>
/// <param name="Time">When the last of them that can make rows was written; null where none can.</param>
public sealed record TakenIn(int Events, StorePosition Position, DateTimeOffset? Time);

/// <summary>
/// Takes a store's events into rows, from where the rows end: a batch of events, and the place they lead to, in one transaction. So each event counts once, wherever a run ends and however many
/// run at once: who finds that the rows have moved on goes on from there.
/// </summary>
public sealed class CatchUp(IEventStore store, RowFile file, TimeProvider time)
{
    /// <summary>So many events at most become visible at once, and are done again when a run dies.</summary>
    public const int BatchEvents = 256;

    /// <summary>How often who waits for events looks whether the rows are still there.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private StorePosition reached = StorePosition.Start;

    /// <summary>Whether the rows still go at least as far as the last run brought them.</summary>
    public bool IsUpToThere => Position().CompareTo(reached) >= 0;

    /// <summary>Up to the store's present end.</summary>
    /// <exception cref="UnknownEventException">A newer program wrote an event; the rows end before its batch.</exception>
    public IAsyncEnumerable<TakenIn> ToEndAsync(CancellationToken token) => RunAsync(store.ReadAllAsync, token);

    /// <summary>The same, and then whatever comes, until cancelled.</summary>
    public IAsyncEnumerable<TakenIn> FollowAsync(CancellationToken token) => RunAsync(store.SubscribeAsync, token);

    /// <summary>Whether the rows are of this store's events; where not, they are forgotten.</summary>
    public async Task CheckAsync(CancellationToken token)
    {
        if (file.Place is { } place && !await HasAsync(store, place, token)) file.Clear(place);
    }

    /// <summary>Whether a store has the event to which rows go.</summary>
    public static Task<bool> HasAsync(IEventStore store, Place place, CancellationToken token) =>
        store.StillHasAsync(place.Stream, place.Number, e => (e.Position, e.Hash) == (place.Position, place.Hash), token);

    private async IAsyncEnumerable<TakenIn> RunAsync(Func<StorePosition, CancellationToken, IAsyncEnumerable<RecordedEvent>> read, [EnumeratorCancellation] CancellationToken token)
    {
        await CheckAsync(token);
        for (var from = Position(); ; from = Position())
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
            var events = read(from, stop.Token).GetAsyncEnumerator(stop.Token);
            var next = events.MoveNextAsync().AsTask();
            try
            {
                for (reached = from; await ComesAsync(next, stop.Token) && await next;)
                {
                    (var taken, reached) = Batch(events, reached, ref next);
                    if (taken is not null) yield return taken;
                    if (reached == Dropped) break;
                }
                if (next is { IsCompletedSuccessfully: true, Result: false }) yield break;
            }
            finally
            {
                // Whoever waits for the next event is not to be left waiting.
                await stop.CancelAsync();
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await events.DisposeAsync();
            }
        }
    }

    /// <returns>False where the rows were dropped while nothing came.</returns>
    private async Task<bool> ComesAsync(Task<bool> next, CancellationToken token)
    {
        while (!next.IsCompleted)
        {
            await Task.WhenAny(next, Task.Delay(Look, time, token));
            token.ThrowIfCancellationRequested();
            if (!IsUpToThere) return false;
        }
        return true;
    }

    /// <summary>As many events as are at hand, beginning with the current one: nothing is waited for while others cannot write.</summary>
    /// <param name="at">The rows had everything up to here; if they go further by now, somebody else took that in.</param>
    /// <param name="next">Whether there is a current event; afterwards, another one. Whatever fails here, who called can wait for it.</param>
    /// <returns>What was taken in, null where there was nothing to do; and how far the rows go.</returns>
    private (TakenIn? Taken, StorePosition At) Batch(IAsyncEnumerator<RecordedEvent> events, StorePosition at, ref Task<bool> next)
    {
        using var writing = file.Write();
        var (had, count) = (Position(), 0);
        if (had.CompareTo(at) < 0) return (null, Dropped);
        (Place? place, DateTimeOffset? time) = (null, null);
        for (var seen = 0; seen < BatchEvents && next is { IsCompletedSuccessfully: true, Result: true }; seen++, next = events.MoveNextAsync().AsTask())
        {
            var e = events.Current;
            if (e.Position.CompareTo(had) <= 0) continue;
            if (EventRows.Concern(e.Stream))
            {
                var understood = EventJson.Current.Read(e);
                writing.Add(EventRows.Of(understood, file));
                time = understood.Metadata.Time;
            }
            place = new Place(e.Position, e.Stream, e.Number, e.Hash);
            count++;
        }
        if (place is null) return (null, had);
        writing.Commit(place);
        return (new TakenIn(count, place.Position, time), place.Position);
    }

    /// <summary>Before every position: the rows were dropped while they were added to.</summary>
    private static StorePosition Dropped => new(long.MinValue);

    private StorePosition Position() => file.Place?.Position ?? StorePosition.Start;
}
