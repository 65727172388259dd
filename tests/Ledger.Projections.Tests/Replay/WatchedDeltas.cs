using System.Collections;
using Ledger.Domain.Editing;

namespace Ledger.Projections.Tests.Replay;

/// <summary>A list of edits that tells how often it was read, on the thread that reads it: a way into the middle of a fold.</summary>
internal sealed class WatchedDeltas(RankOneDelta[] deltas, Action<int> onRead) : IReadOnlyList<RankOneDelta>
{
    private int reads;

    public int LastRead { get; private set; }

    public int Count => deltas.Length;

    public RankOneDelta this[int index]
    {
        get
        {
            onRead(Interlocked.Increment(ref reads));
            return deltas[LastRead = index];
        }
    }

    public IEnumerator<RankOneDelta> GetEnumerator() => deltas.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
