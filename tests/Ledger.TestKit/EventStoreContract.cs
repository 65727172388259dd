using System.Text;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;

namespace Ledger.TestKit;

/// <summary>What every store promises. A store adds three lines; the tests belong to the port.</summary>
public abstract class EventStoreContract : IAsyncLifetime
{
    private static readonly StreamName A = StreamName.Parse("timeline-a"), B = StreamName.Parse("timeline-b");
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-store-").FullName;
    private readonly List<IEventStore> opened = [];
    private IEventStore store = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Whether the store can tell that an id is taken by an event of another stream.</summary>
    protected virtual bool SeesEveryId => true;

    /// <summary>Opens the store in a folder; asked again for the same folder, the same events.</summary>
    protected abstract Task<IEventStore> OpenAsync(string folder, CancellationToken token);

    public async ValueTask InitializeAsync() => store = await AnotherAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var o in opened) await o.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_stream_begins_with_event_0_and_goes_on_without_gaps()
    {
        var chain = new Chain(store, A);
        for (var i = 0; i < 5; i++) (await chain.AppendAsync([(byte)i], Token)).Number.ShouldBe(i);
        (await StreamAsync(A)).Select(e => e.Number).ShouldBe([0, 1, 2, 3, 4]);
    }

    [Fact]
    public async Task What_is_read_is_what_was_appended_byte_for_byte()
    {
        byte[] data = [.. Enumerable.Range(0, 256).Select(i => (byte)i)], metadata = Encoding.UTF8.GetBytes("{\"who\":\"Ünïcødé 🦜\"}");
        var e = Chain.Event(A, 0, Digest.Of("before"u8), data, metadata, type: "edit-applied.v1");
        var result = await store.AppendAsync(A, ExpectedRevision.NoStream, e, Token);
        var read = (await StreamAsync(A)).ShouldHaveSingleItem();
        (read.Stream, read.Number, read.Position, read.Id, read.Type, read.Previous, read.Hash).ShouldBe((A, 0, result.Position, e.Id, e.Type, e.Previous, e.Hash));
        read.Data.ToArray().ShouldBe(data);
        read.Metadata.ToArray().ShouldBe(metadata);
        EventHash.Of(read).ShouldBe(read.Hash);
    }

    [Fact]
    public async Task Empty_data_and_metadata_are_kept_as_they_are()
    {
        await store.AppendAsync(A, ExpectedRevision.NoStream, Chain.Event(A, 0, default, [], []), Token);
        var read = (await StreamAsync(A)).ShouldHaveSingleItem();
        (read.Data.Length, read.Metadata.Length).ShouldBe((0, 0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public async Task A_stream_that_does_not_exist_takes_no_append_that_expects_an_event(long expected)
    {
        var fault = await Should.ThrowAsync<StreamConflictException>(() => store.AppendAsync(A, new ExpectedRevision(expected), Chain.Event(A, 0, default, [1]), Token));
        (fault.Stream, fault.Expected.Number, fault.Actual.Number).ShouldBe((A, expected, -1));
        (await StreamAsync(A)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_stale_append_says_what_it_expected_and_what_there_is_and_writes_nothing(long expected)
    {
        var chain = new Chain(store, A);
        for (var i = 0; i < 3; i++) await chain.AppendAsync([(byte)i], Token);
        var fault = await Should.ThrowAsync<StreamConflictException>(() => store.AppendAsync(A, new ExpectedRevision(expected), Chain.Event(A, expected + 1, default, [9]), Token));
        (fault.Expected.Number, fault.Actual.Number, fault.Kind).ShouldBe((expected, 2, FailureKind.Conflict));
        (await StreamAsync(A)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task An_event_appended_again_is_not_doubled_whatever_came_after_it()
    {
        var e = Chain.Event(A, 0, default, [1]);
        var first = await store.AppendAsync(A, ExpectedRevision.NoStream, e, Token);
        first.AlreadyThere.ShouldBeFalse();
        (await store.AppendAsync(A, ExpectedRevision.NoStream, e, Token)).ShouldBe(first with { AlreadyThere = true });
        await store.AppendAsync(A, new ExpectedRevision(0), Chain.Event(A, 1, e.Hash, [2]), Token);
        (await store.AppendAsync(A, ExpectedRevision.NoStream, e, Token)).ShouldBe(first with { AlreadyThere = true });
        (await store.AppendAsync(A, new ExpectedRevision(1), e, Token)).ShouldBe(first with { AlreadyThere = true });
        (await StreamAsync(A)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task An_event_id_of_another_stream_is_refused_where_the_store_can_see_it()
    {
        var id = Guid.NewGuid();
        await store.AppendAsync(A, ExpectedRevision.NoStream, Chain.Event(A, 0, default, [1], id: id), Token);
        if (!SeesEveryId)
        {
            (await store.AppendAsync(B, ExpectedRevision.NoStream, Chain.Event(B, 0, default, [1], id: id), Token)).AlreadyThere.ShouldBeFalse();
            return;
        }
        var fault = await Should.ThrowAsync<EventIdTakenException>(() => store.AppendAsync(B, ExpectedRevision.NoStream, Chain.Event(B, 0, default, [1], id: id), Token));
        (fault.Id, fault.Stream).ShouldBe((id, A));
        (await StreamAsync(B)).ShouldBeEmpty();
    }

    [Fact]
    public async Task One_mebibyte_fits_and_one_byte_more_does_not()
    {
        var full = new byte[IEventStore.MaxEventBytes];
        new Random(1).NextBytes(full);
        await store.AppendAsync(A, ExpectedRevision.NoStream, Chain.Event(A, 0, default, full, full), Token);
        (await StreamAsync(A))[0].Data.Span.SequenceEqual(full).ShouldBeTrue();
        var over = new byte[IEventStore.MaxEventBytes + 1];
        (await Should.ThrowAsync<EventTooLargeException>(() => store.AppendAsync(A, new ExpectedRevision(0), Chain.Event(A, 1, default, over), Token))).Bytes.ShouldBe(over.Length);
        await Should.ThrowAsync<EventTooLargeException>(() => store.AppendAsync(A, new ExpectedRevision(0), Chain.Event(A, 1, default, [], over), Token));
        (await StreamAsync(A)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_cancelled_append_writes_nothing()
    {
        await Should.ThrowAsync<OperationCanceledException>(() => store.AppendAsync(A, ExpectedRevision.NoStream, Chain.Event(A, 0, default, [1]), new CancellationToken(canceled: true)));
        (await StreamAsync(A)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stream_is_read_from_any_number_on()
    {
        var chain = new Chain(store, A);
        for (var i = 0; i < 200; i++) await chain.AppendAsync([(byte)i], Token);
        (await ListAsync(store.ReadStreamAsync(A, 150, Token))).Select(e => (int)e.Data.Span[0]).ShouldBe(Enumerable.Range(150, 50));
        (await ListAsync(store.ReadStreamAsync(A, 200, Token))).ShouldBeEmpty();
        (await ListAsync(store.ReadStreamAsync(B, 0, Token))).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_last_event_of_a_stream_is_read_alone()
    {
        (await store.ReadLastAsync(A, Token)).ShouldBeNull();
        Chain a = new(store, A), b = new(store, B);
        for (var i = 0; i < 100; i++)
        {
            await a.AppendAsync([(byte)i], Token);
            if (i < 50) await b.AppendAsync([(byte)i, 1], Token);
            var last = (await store.ReadLastAsync(A, Token)).ShouldNotBeNull();
            (last.Stream, last.Number, last.Hash, last.Data.Span[0]).ShouldBe((A, i, a.Head, (byte)i));
        }
        var other = (await (await AnotherAsync()).ReadLastAsync(B, Token)).ShouldNotBeNull();
        (other.Stream, other.Number, other.Hash).ShouldBe((B, 49, b.Head));
        EventHash.Of(other).ShouldBe(other.Hash);
    }

    [Fact]
    public async Task All_events_are_read_in_the_order_in_which_they_were_appended()
    {
        Chain a = new(store, A), b = new(store, B);
        var positions = new List<StorePosition>();
        for (var i = 0; i < 150; i++) positions.Add((await (i % 3 == 0 ? b : a).AppendAsync([(byte)i], Token)).Position);
        positions.ShouldBe(positions.Order());
        var all = await ListAsync(store.ReadAllAsync(StorePosition.Start, Token));
        all.Select(e => (int)e.Data.Span[0]).ShouldBe(Enumerable.Range(0, 150));
        all.Select(e => e.Position).ShouldBe(positions);
        (await ListAsync(store.ReadAllAsync(positions[99], Token))).Select(e => (int)e.Data.Span[0]).ShouldBe(Enumerable.Range(100, 50));
        (await ListAsync(store.ReadAllAsync(positions[^1], Token))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_subscription_gives_old_and_new_events_once_each_and_in_order()
    {
        var chain = new Chain(store, A);
        for (var i = 0; i < 100; i++) await chain.AppendAsync([(byte)i], Token);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var seen = new List<int>();
        var reading = Task.Run(async () =>
        {
            await foreach (var e in store.SubscribeAsync(StorePosition.Start, enough.Token))
            {
                seen.Add(e.Data.Span[0]);
                if (seen.Count == 200) return;
            }
        }, Token);
        for (var i = 100; i < 200; i++) await chain.AppendAsync([(byte)i], Token);
        await reading.WaitAsync(TimeSpan.FromSeconds(30), Token);
        seen.ShouldBe(Enumerable.Range(0, 200));
    }

    [Fact]
    public async Task A_subscription_ends_when_it_is_cancelled()
    {
        await new Chain(store, A).AppendAsync([1], Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in store.SubscribeAsync(StorePosition.Start, stop.Token)) await stop.CancelAsync();
        });
    }

    [Fact]
    public async Task Sixteen_writers_on_one_stream_lose_nothing_and_double_nothing()
    {
        const int writers = 16, each = 20;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            var chain = new Chain(store, A);
            for (var i = 0; i < each;)
                try
                {
                    await chain.AppendAsync([(byte)w, (byte)i], Token);
                    i++;
                }
                catch (StreamConflictException)
                {
                    await chain.CatchUpAsync(Token);
                }
        }, Token)));
        var events = await StreamAsync(A);
        events.Select(e => e.Number).ShouldBe(Enumerable.Range(0, writers * each).Select(i => (long)i));
        events.Select(e => (e.Data.Span[0], e.Data.Span[1])).Distinct().Count().ShouldBe(writers * each);
        CheckChain(events);
    }

    [Fact]
    public async Task Sixteen_writers_on_sixteen_streams_do_not_meet()
    {
        const int writers = 16, each = 20;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            var chain = new Chain(store, StreamName.Parse($"timeline-{w}"));
            for (var i = 0; i < each; i++) await chain.AppendAsync([(byte)i], Token);
        }, Token)));
        for (var w = 0; w < writers; w++) CheckChain(await StreamAsync(StreamName.Parse($"timeline-{w}")));
        var all = await ListAsync(store.ReadAllAsync(StorePosition.Start, Token));
        all.Count.ShouldBe(writers * each);
        all.Select(e => e.Position).Distinct().Count().ShouldBe(all.Count);
    }

    /// <summary>Another instance over the same events, as another process would have it.</summary>
    protected async Task<IEventStore> AnotherAsync()
    {
        var another = await OpenAsync(folder, Token);
        opened.Add(another);
        return another;
    }

    protected static async Task<List<RecordedEvent>> ListAsync(IAsyncEnumerable<RecordedEvent> events)
    {
        var list = new List<RecordedEvent>();
        await foreach (var e in events) list.Add(e);
        return list;
    }

    protected static void CheckChain(IEnumerable<RecordedEvent> events)
    {
        var previous = default(Digest);
        foreach (var e in events)
        {
            e.Previous.ShouldBe(previous);
            e.Hash.ShouldBe(EventHash.Of(e));
            previous = e.Hash;
        }
    }

    private Task<List<RecordedEvent>> StreamAsync(StreamName stream) => ListAsync(store.ReadStreamAsync(stream, 0, Token));
}
