using System.Text.Json;

namespace Ledger.Host.Tests.Support.EventStoreDb;

/// <param name="Position">Where it begins in the log: bytes, so there are gaps.</param>
internal sealed record FakeEvent(long Position, string Stream, long Number, Guid Id, string Type, string ContentType, byte[] CustomMetadata, byte[] Data);

/// <summary>What all nodes of a fake cluster hold, in the order of the log.</summary>
internal sealed class FakeLog
{
    private readonly Lock gate = new();
    private readonly List<FakeEvent> events = [];
    private Dictionary<string, List<FakeEvent>> streams = [];
    private readonly HashSet<string> deleted = [];
    private TaskCompletionSource grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long end;

    public FakeLog() => Append("$system", -1, Guid.NewGuid(), "$started", "application/json", [], "{}"u8.ToArray());

    /// <summary>A log of its own with the same in it.</summary>
    public FakeLog Copy()
    {
        var copy = new FakeLog();
        lock (gate)
        {
            (copy.end, copy.streams) = (end, streams.ToDictionary(s => s.Key, s => s.Value.ToList()));
            copy.events.Clear();
            copy.events.AddRange(events);
        }
        return copy;
    }

    /// <summary>Completes when something is appended after this was asked for.</summary>
    public Task Grown
    {
        get { lock (gate) return grown.Task; }
    }

    /// <summary>
    /// Appends where the stream ends as expected. An event of this id at the very place is taken for the same append made again; ids elsewhere are not looked at.
    /// </summary>
    /// <returns>The event, or where the stream ends.</returns>
    public (FakeEvent? Event, long Last) Append(string stream, long expected, Guid id, string type, string contentType, byte[] customMetadata, byte[] data)
    {
        lock (gate)
        {
            if (!streams.TryGetValue(stream, out var own)) streams.Add(stream, own = []);
            if (expected < own.Count - 1 && own[(int)expected + 1].Id == id) return (own[(int)expected + 1], own.Count - 1);
            if (expected < 0 && own.Count > 0 && Limits(stream).From == long.MaxValue) expected = own.Count - 1;        // deleted softly: it goes on counting
            if (expected != own.Count - 1) return (null, own.Count - 1);
            var e = new FakeEvent(end, stream, own.Count, id, type, contentType, customMetadata, data);
            own.Add(e);
            events.Add(e);
            end += 100 + customMetadata.Length + data.Length;
            // Everybody else's events lie between ours.
            if (events.Count % 7 == 0) events.Add(new FakeEvent(end++, "$stats-here", events.Count, Guid.NewGuid(), "$statsCollected", "application/json", [], []));
            grown.TrySetResult();
            grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return (e, e.Number);
        }
    }

    /// <summary>What a stream shows, as its metadata have it; null for one that is not there, or was deleted softly.</summary>
    public IReadOnlyList<FakeEvent>? Stream(string name)
    {
        lock (gate)
        {
            if (!streams.TryGetValue(name, out var own) || own.Count == 0) return null;
            var (from, most) = Limits(name);
            return from == long.MaxValue ? null : [.. own.Skip((int)Math.Max(from, own.Count - most))];
        }
    }

    private (long From, long Most) Limits(string stream)
    {
        if (!streams.TryGetValue($"$${stream}", out var metadata) || metadata.Count == 0) return (0, long.MaxValue);
        using var json = JsonDocument.Parse(metadata[^1].Data);
        long Of(string name, long otherwise) => json.RootElement.TryGetProperty(name, out var value) ? value.GetInt64() : otherwise;
        return (Of("$tb", 0), Of("$maxCount", long.MaxValue));
    }

    /// <summary>From a position on, up to so many.</summary>
    public IReadOnlyList<FakeEvent> From(long position, int most)
    {
        lock (gate)
        {
            var (low, high) = (0, events.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (events[middle].Position < position) low = middle + 1;
                else high = middle;
            }
            return events.GetRange(low, Math.Min(most, events.Count - low));
        }
    }

    public void Delete(string stream)
    {
        lock (gate) deleted.Add(stream);
    }

    public bool IsDeleted(string stream)
    {
        lock (gate) return deleted.Contains(stream);
    }
}
