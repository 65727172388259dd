using System.Runtime.CompilerServices;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;

namespace Ledger.TestKit;

/// <summary>The port's contract in a list: for tests that are about something else than storing.</summary>
public sealed class InMemoryEventStore : IEventStore
{
    private readonly Lock gate = new();
    private readonly List<RecordedEvent> events = [];
    private TaskCompletionSource appended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        var size = Math.Max(e.Data.Length, e.Metadata.Length);
        if (size > IEventStore.MaxEventBytes) throw new EventTooLargeException(e.Type, size);
        lock (gate)
        {
            if (events.Find(x => x.Id == e.Id) is { } same)
                return same.Stream == stream ? Task.FromResult(new AppendResult(same.Number, same.Position, AlreadyThere: true)) : throw new EventIdTakenException(e.Id, same.Stream);
            var last = events.FindLast(x => x.Stream == stream)?.Number ?? -1;
            if (last != expected.Number) throw new StreamConflictException(stream, expected, new ExpectedRevision(last));
            var recorded = new RecordedEvent(new StorePosition(events.Count), stream, last + 1, e.Id, e.Type, e.Metadata.ToArray(), e.Data.ToArray(), e.Previous, e.Hash);
            events.Add(recorded);
            appended.TrySetResult();
            appended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return Task.FromResult(new AppendResult(recorded.Number, recorded.Position, AlreadyThere: false));
        }
    }

    public IAsyncEnumerable<RecordedEvent> ReadStreamAsync(StreamName stream, long from, CancellationToken token) =>
        Snapshot(e => e.Stream == stream && e.Number >= from, token);

    public Task<RecordedEvent?> ReadLastAsync(StreamName stream, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        lock (gate) return Task.FromResult(events.FindLast(e => e.Stream == stream));
    }

    public IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition after, CancellationToken token) => Snapshot(e => e.Position.CompareTo(after) > 0, token);

    public async IAsyncEnumerable<RecordedEvent> SubscribeAsync(StorePosition after, [EnumeratorCancellation] CancellationToken token)
    {
        while (true)
        {
            Task signal;
            lock (gate) signal = appended.Task;
            await foreach (var e in ReadAllAsync(after, token))
            {
                after = e.Position;
                yield return e;
            }
            await signal.WaitAsync(token);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async IAsyncEnumerable<RecordedEvent> Snapshot(Func<RecordedEvent, bool> wanted, [EnumeratorCancellation] CancellationToken token)
    {
        RecordedEvent[] found;
        lock (gate) found = [.. events.Where(wanted)];
        foreach (var e in found)
        {
            token.ThrowIfCancellationRequested();
            yield return e;
        }
        await Task.CompletedTask;
    }
}
