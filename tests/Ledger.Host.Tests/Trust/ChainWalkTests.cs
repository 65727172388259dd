using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Trust;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Trust;

/// <summary>Where chains begin and what forks must name; what happens to stored bytes is SqliteFileTests' and the acceptance run's.</summary>
public sealed class ChainWalkTests : IAsyncDisposable
{
    private static readonly StreamName Ledger = StreamName.Of(Some.LedgerId), Main = StreamName.Of(Some.MainId), Branch = StreamName.Of(Id(1)), Twig = StreamName.Of(Id(2));
    private readonly InMemoryEventStore store = new();
    private readonly Dictionary<StreamName, List<Digest>> hashes = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => store.DisposeAsync();

    [Fact]
    public async Task Main_begins_with_the_hash_of_its_start_and_a_branch_with_its_fork()
    {
        await OpenedAsync(revisions: 3);
        await StartAsync(Id(1), new Fork(Some.MainId, 2, hashes[Main][1]));
        await AppendAsync(Branch, Some.Dismissed(4), hashes[Main][1]);
        await AppendAsync(Main, Some.Dismissed(5));
        var walk = await ChainWalk.CheckAsync(store, Token);
        walk.Heads.ShouldBe([new(Ledger, 3, hashes[Ledger][^1]), new(Branch, 1, hashes[Branch][0]), new(Main, 4, hashes[Main][3])]);
        walk.Events.ShouldBe(8);
        walk.HashOf(Main, 1).ShouldBe(hashes[Main][1]);
        walk.HashOf(Main, 4).ShouldBeNull();
        walk.HashOf(Twig, 0).ShouldBeNull();
    }

    [Theory]
    [InlineData(0, 0)]      // the base
    [InlineData(1, 1)]      // what the branch inherited
    [InlineData(2, 2)]      // the branch's own fork
    [InlineData(3, 0)]      // its first revision
    [InlineData(4, 1)]
    public async Task A_branch_of_a_branch_leaves_it_at_any_revision_inherited_ones_too(long revision, int number)
    {
        await OpenedAsync(revisions: 3);
        await StartAsync(Id(1), new Fork(Some.MainId, 2, hashes[Main][1]));
        for (var i = 0; i < 2; i++) await AppendAsync(Branch, Some.Dismissed(i), hashes[Main][1]);
        var hash = revision == 0 ? hashes[Ledger][1] : revision <= 2 ? hashes[Main][number - 1] : hashes[Branch][number];
        await StartAsync(Id(2), new Fork(Id(1), revision, hash));
        await AppendAsync(Twig, Some.Dismissed(9), hash);
        (await ChainWalk.CheckAsync(store, Token)).HashOf(Twig, 0).ShouldBe(hashes[Twig][0]);
    }

    [Theory]
    [InlineData(1, "names another event")]
    [InlineData(3, "which was not there")]
    [InlineData(-1, "which was not there")]
    public async Task A_fork_that_names_another_event_than_its_parent_has_is_wrong(long revision, string says)
    {
        await OpenedAsync(revisions: 2);
        await StartAsync(Id(1), new Fork(Some.MainId, revision, hashes[Main][1]));
        (await FaultAsync()).ShouldBe((Ledger, 2), says);
    }

    [Fact]
    public async Task A_fork_from_a_timeline_that_was_never_started_is_wrong()
    {
        await OpenedAsync(revisions: 1);
        await StartAsync(Id(1), new Fork(Id(7), 0, hashes[Main][0]));
        (await FaultAsync()).ShouldBe((Ledger, 2), "which was not there");
    }

    [Fact]
    public async Task A_branch_that_does_not_begin_at_its_fork_is_wrong()
    {
        await OpenedAsync(revisions: 2);
        await StartAsync(Id(1), new Fork(Some.MainId, 1, hashes[Main][0]));
        await AppendAsync(Branch, Some.Dismissed(4), hashes[Main][1]);
        (await FaultAsync()).ShouldBe((Branch, 0), "does not begin its chain");
    }

    [Fact]
    public async Task Observations_begin_from_zeros_and_belong_to_a_timeline_that_was_started()
    {
        await OpenedAsync(revisions: 1);
        var (beside, stray) = (StreamName.ObservationsOf(Some.MainId), StreamName.ObservationsOf(Id(1)));
        await AppendAsync(beside, new CollapseDetected(Some.MainId, 1, "default@1", "drift", 2, 1, 0, Some.Edit(1), []), Digest.Zero);
        (await ChainWalk.CheckAsync(store, Token)).HashOf(beside, 0).ShouldBe(hashes[beside][0]);
        await AppendAsync(stray, new CollapseDetected(Id(1), 1, "default@1", "drift", 2, 1, 0, Some.Edit(1), []), Digest.Zero);
        (await FaultAsync()).ShouldBe((stray, 0), "nothing before it began");
    }

    [Theory]
    [InlineData("ledger-another")]
    [InlineData("timeline-x")]
    [InlineData("jobs-x")]
    public async Task A_stream_that_nothing_began_is_wrong_even_when_its_chain_is_whole(string name)
    {
        await OpenedAsync(revisions: 1);
        await AppendAsync(StreamName.Parse(name), Some.Dismissed(), Digest.Zero);
        (await FaultAsync()).ShouldBe((StreamName.Parse(name), 0), "nothing before it began");
    }

    [Fact]
    public async Task A_timeline_is_started_once()
    {
        await OpenedAsync(revisions: 1);
        await StartAsync(Some.MainId, null);
        (await FaultAsync()).ShouldBe((Ledger, 2), "started before");
    }

    [Fact]
    public async Task What_only_looks_like_a_start_starts_nothing()
    {
        await OpenedAsync(revisions: 1);
        await AppendAsync(Main, new TimelineStarted(Id(1), "x", null, "x", TimelineOrigin.Opened));
        await AppendAsync(Branch, Some.Dismissed(), hashes[Main][1]);
        (await FaultAsync()).ShouldBe((Branch, 0), "nothing before it began");
    }

    [Fact]
    public async Task The_forks_of_a_ledger_say_how_many_events_of_their_parents_they_vouch_for()
    {
        await OpenedAsync(revisions: 5);
        await StartAsync(Id(1), new Fork(Some.MainId, 2, hashes[Main][1]));         // the ledger's third event
        await StartAsync(Id(2), new Fork(Some.MainId, 4, hashes[Main][3]));         // its fourth
        await StartAsync(Id(3), new Fork(Some.MainId, 0, hashes[Ledger][1]));
        var walk = await ChainWalk.CheckAsync(store, Token);
        new[] { 2L, 3, 4, 5 }.Select(n => walk.Vouched(Main, n)).ShouldBe([0, 2, 4, 4]);
        walk.Vouched(Branch, 5).ShouldBe(0);
    }

    [Fact]
    public async Task Where_two_events_do_not_fit_neither_is_called_sound()
    {
        await OpenedAsync(revisions: 3);
        var metadata = Some.Metadata(99);
        var elsewhere = RandomLedger.Recorded(Main, 3, metadata.EventId, "edit-dismissed.v1", EventJson.Serialize(metadata), EventJson.Serialize(Some.Dismissed(9)), hashes[Main][0]);
        await RandomLedger.AppendAsync(store, elsewhere, Token);                    // its own hash is right, but it follows another event
        var fault = await Should.ThrowAsync<VerificationException>(() => ChainWalk.CheckAsync(store, Token));
        (fault.Stream, fault.Number).ShouldBe((Main, 3));
        fault.Remedy!.ShouldContain("which of the two was changed");
        fault.Remedy!.ShouldNotContain("sound");
    }

    [Fact]
    public async Task A_fork_that_does_not_fit_calls_nothing_sound_that_may_be_what_was_changed()
    {
        await OpenedAsync(revisions: 2);
        await StartAsync(Id(1), new Fork(Some.MainId, 1, hashes[Main][1]));
        var fault = (await FaultAsync()).Exception;
        fault.Remedy!.ShouldContain("which of the two was changed");
        fault.Remedy!.ShouldNotContain("sound");
    }

    private static TimelineId Id(int n) => new((UInt128)n);

    private async Task<Fault> FaultAsync()
    {
        var fault = await Should.ThrowAsync<VerificationException>(() => ChainWalk.CheckAsync(store, Token));
        fault.Kind.ShouldBe(FailureKind.VerificationFailed);
        return new Fault(fault);
    }

    /// <summary>A ledger with main and some revisions of it.</summary>
    private async Task OpenedAsync(int revisions)
    {
        await AppendAsync(Ledger, Some.Opened, Digest.Zero);
        await StartAsync(Some.MainId, null);
        for (var i = 0; i < revisions; i++) await AppendAsync(Main, Some.Dismissed(i), hashes[Ledger][1]);
    }

    private Task StartAsync(TimelineId id, Fork? fork) => AppendAsync(Ledger, new TimelineStarted(id, id.ToString(), fork, "a test", TimelineOrigin.Branched));

    private async Task AppendAsync(StreamName stream, LedgerEvent e, Digest begins = default)
    {
        if (!hashes.TryGetValue(stream, out var chain)) hashes.Add(stream, chain = []);
        var metadata = Some.Metadata(hashes.Values.Sum(c => c.Count));
        var recorded = RandomLedger.Recorded(stream, chain.Count, metadata.EventId, EventJson.NameOf(e), EventJson.Serialize(metadata), EventJson.Serialize(e), chain.Count > 0 ? chain[^1] : begins);
        await RandomLedger.AppendAsync(store, recorded, Token);
        chain.Add(recorded.Hash);
    }

    private sealed record Fault(VerificationException Exception)
    {
        public void ShouldBe((StreamName Stream, long Number) where, string says)
        {
            (Exception.Stream, Exception.Number).ShouldBe(where, Exception.Message);
            Exception.Message.ShouldContain(says);
        }
    }
}
