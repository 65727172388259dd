using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Tests.Features.Watching;

public sealed class StreamWatchTests
{
    /// <summary>Twenty ordinary edits with one in the middle that is far larger.</summary>
    private static readonly double[] Planted = [.. Enumerable.Repeat(1.0, 12), 80, .. Enumerable.Repeat(1.0, 7)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ordinary_edits_are_looked_at_and_left_alone()
    {
        var ledger = await WatchedLedger.OpenAsync(Enumerable.Repeat(1.0, 30));
        var report = await ledger.LookAsync();
        (report.Content, report.Withheld.Count, report.Revision).ShouldBe((true, 0, 30));
        var look = (await ledger.ObservationsAsync()).ShouldHaveSingleItem().ShouldBeOfType<StabilityObserved>();
        (look.Revision, look.Policy, look.Engine, look.Findings.Single().Result).ShouldBe((30, "watching@1", null, FindingResult.Passed));
        look.Findings[0].Value!.Value.ShouldBeInRange(0.7, 1.5);
        // What was looked at is not looked at again.
        (await ledger.LookAsync()).Before.ShouldBeTrue();
        (await ledger.ObservationsAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_one_that_is_to_blame_is_withheld_by_the_policy_and_the_look_behind_it_is_content()
    {
        var ledger = await WatchedLedger.OpenAsync(Planted);
        var planted = (await ledger.HistoryAsync()).Rows[12].Edits.Single();
        var report = await ledger.LookAsync();
        report.Content.ShouldBeTrue();
        var stop = report.Withheld.ShouldHaveSingleItem();
        (stop.Edit.Id, stop.Revision, stop.Rule).ShouldBe((planted, 21, StreamRules.CumulativeDistance));
        stop.Value.ShouldBeGreaterThan(15);
        stop.Without.ShouldBeLessThan(1.5);

        var history = await ledger.HistoryAsync();
        history.Timeline.Known(planted).Status.ShouldBe(EditStatus.Quarantined);
        history.Rows[^1].Envelope.Metadata.Actor.ShouldBe("policy:watching@1");
        ((EditWithheld)history.Rows[^1].Event).Findings.Single().Rule.ShouldBe(StreamRules.CumulativeDistance);
        var seen = await ledger.ObservationsAsync();
        seen.Select(e => e.GetType()).ShouldBe([typeof(StabilityObserved), typeof(CollapseDetected), typeof(StabilityObserved)]);
        var collapse = (CollapseDetected)seen[1];
        (collapse.Revision, collapse.Good, collapse.First).ShouldBe((20, 0, planted));
        collapse.Suspects.ShouldBe([planted]);
    }

    [Fact]
    public async Task A_dry_run_says_the_same_and_records_nothing()
    {
        var ledger = await WatchedLedger.OpenAsync(Planted);
        var dry = await ledger.LookAsync(dryRun: true);
        dry.Recorded.ShouldBeFalse();
        (await ledger.ObservationsAsync()).ShouldBeEmpty();
        (await ledger.HistoryAsync()).Timeline.Revision.ShouldBe(20);
        var real = await ledger.LookAsync();
        (dry.Withheld.Single() with { Revision = 21 }).ShouldBe(real.Withheld.Single());
    }

    [Fact]
    public async Task Whether_a_look_is_due_shows_without_one()
    {
        var ledger = await WatchedLedger.OpenAsync(Enumerable.Repeat(1.0, 9));
        await using var session = await ledger.SessionAsync();
        var watch = WatchedLedger.Watch(session, LedgerSetup.Main);
        (await watch.IsDueAsync(Token)).ShouldBeFalse();
        await ledger.EditAsync(LedgerSetup.Main, 1);
        (await watch.IsDueAsync(Token)).ShouldBeTrue();
        (await ledger.ObservationsAsync()).ShouldBeEmpty();
        await ledger.LookAsync();
        (await watch.IsDueAsync(Token)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_look_is_due_every_so_many_revisions_and_only_then()
    {
        var ledger = await WatchedLedger.OpenAsync(Enumerable.Repeat(1.0, 9));
        (await ledger.LookIfDueAsync()).ShouldBeNull();
        await ledger.EditAsync(LedgerSetup.Main, 1);
        (await ledger.LookIfDueAsync()).ShouldNotBeNull().Revision.ShouldBe(10);
        await ledger.EditAsync(LedgerSetup.Main, Enumerable.Repeat(1.0, 9));
        (await ledger.LookIfDueAsync()).ShouldBeNull();
        await ledger.EditAsync(LedgerSetup.Main, 90);
        var report = (await ledger.LookIfDueAsync()).ShouldNotBeNull();
        (report.Withheld.Single().Revision, report.Content).ShouldBe((21, true));
        // Only what came since the last look that was content is suspected.
        (await ledger.ObservationsAsync()).OfType<CollapseDetected>().Single().Good.ShouldBe(10);
    }

    [Fact]
    public async Task What_a_person_released_stays_and_is_named()
    {
        var ledger = await WatchedLedger.OpenAsync(Planted);
        await ledger.LookAsync();
        await ledger.DecideAsync(h => Released(h, h.Rows[12].Edits.Single()));
        var report = await ledger.LookAsync();
        (report.Content, report.Withheld.Count).ShouldBe((false, 0));
        var stand = report.Standing.ShouldHaveSingleItem();
        (stand.Edit.Revision, stand.By).ShouldBe((13, "ben"));
        (await ledger.HistoryAsync()).Timeline.Known(stand.Edit.Id).Status.ShouldBe(EditStatus.InEffect);
        // Said once, it is not looked for again before the next look is due.
        (await ledger.LookIfDueAsync()).ShouldBeNull();
        // And said again to whoever asks again.
        var again = await ledger.LookAsync();
        (again.Before, again.Content).ShouldBe((true, false));
        again.Standing.ShouldHaveSingleItem().ShouldBe(stand with { Without = null });
    }

    [Fact]
    public async Task What_a_person_released_on_a_branch_stands_where_the_branch_is_merged()
    {
        var ledger = await WatchedLedger.OpenAsync(Planted);
        await ledger.LookAsync();
        await using (var session = await ledger.SessionAsync())
            await Branch.StartAsync(session, new StartBranch("what-if", RevisionName.Parse("main@21", "main"), null, "ana"), Token);
        await ledger.DecideAsync(h => Released(h, h.Rows[12].Edits.Single()), "what-if");
        // One that main never had: stopped and released on the branch.
        await ledger.EditAsync("what-if", 70);
        await ledger.DecideAsync(h => h.Timeline.Withhold(h.Rows[^1].Edits.Single(), "to be looked at", [], null), "what-if");
        await ledger.DecideAsync(h => Released(h, h.Rows[^1].Edits.Single()), "what-if");
        await ledger.MergeAsync("what-if");
        var report = await ledger.LookAsync();
        (report.Content, report.Withheld.Count).ShouldBe((false, 0));
        report.Standing.Select(s => s.By).ShouldBe(["ben", "ben"]);
    }

    [Fact]
    public async Task What_a_person_released_is_no_reason_to_withhold_others()
    {
        var ledger = await WatchedLedger.OpenAsync(Planted);
        await ledger.LookAsync();
        await ledger.DecideAsync(h => Released(h, h.Rows[12].Edits.Single()));
        // Not too large itself, but it takes more than a twentieth of the figure away.
        await ledger.EditAlongAsync(revision: 13, size: 10.0 / 80);
        var report = await ledger.LookAsync();
        (report.Content, report.Withheld.Count, report.Standing.Single().Edit.Revision).ShouldBe((false, 0, 13));
        (await ledger.LookIfDueAsync()).ShouldBeNull();
        (await ledger.LookAsync()).Before.ShouldBeTrue();
    }

    [Fact]
    public async Task Behind_what_a_person_released_another_that_is_to_blame_is_withheld_and_nothing_else()
    {
        var ledger = await WatchedLedger.OpenAsync(Planted);
        await ledger.LookAsync();
        await ledger.DecideAsync(h => Released(h, h.Rows[12].Edits.Single()));
        await ledger.EditAsync(LedgerSetup.Main, 50, 1, 1);
        var report = await ledger.LookAsync();
        (report.Content, report.Withheld.Single().Edit.Revision, report.Standing.Single().Edit.Revision).ShouldBe((false, 23, 13));
    }

    [Fact]
    public async Task Wear_that_no_single_edit_is_to_blame_for_is_said_and_nothing_is_withheld()
    {
        // Half of them large: the distance is that of the large ones, and each takes little of it away.
        var ledger = await WatchedLedger.OpenAsync(Enumerable.Repeat(1.0, 101).Concat(Enumerable.Repeat(6.0, 100)));
        var report = await ledger.LookAsync();
        (report.Content, report.Withheld.Count, report.Standing.Count).ShouldBe((false, 0, 0));
        (await ledger.ObservationsAsync()).OfType<CollapseDetected>().Single().Suspects.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_branch_is_watched_on_its_own_and_knows_the_looks_it_inherited()
    {
        var ledger = await WatchedLedger.OpenAsync(Enumerable.Repeat(1.0, 12));
        await ledger.LookAsync();
        await using (var session = await ledger.SessionAsync())
            await Branch.StartAsync(session, new StartBranch("what-if", RevisionName.Parse("main@12", "main"), null, "ana"), Token);
        await ledger.EditAsync("what-if", Enumerable.Repeat(1.0, 9));
        (await ledger.LookIfDueAsync("what-if")).ShouldBeNull();
        await ledger.EditAsync("what-if", 90);
        (await ledger.LookIfDueAsync("what-if"))!.Withheld.Single().Revision.ShouldBe(23);
        (await ledger.HistoryAsync()).Timeline.Revision.ShouldBe(12);
        (await ledger.ObservationsAsync()).Count.ShouldBe(1);       // those of the branch lie beside the branch
    }

    /// <summary>Wherever a run is killed, before or behind what it appends next: the same command goes on, and each edit is withheld once.</summary>
    [Fact]
    public async Task A_run_that_is_killed_anywhere_is_gone_on_with_and_ends_in_the_same_state()
    {
        double[] sizes = [.. Enumerable.Repeat(1.0, 10), 90, .. Enumerable.Repeat(1.0, 4), 60, 1, 1, 1, 1];
        var original = await WatchedLedger.OpenAsync(sizes);
        var whole = await original.CopyAsync();
        (await whole.LookAsync()).Withheld.Count.ShouldBe(2);
        var expected = (await whole.HistoryAsync()).Timeline;

        var killed = 0;
        for (var after = 0; after < 20; after++)
            foreach (var written in new[] { false, true })
            {
                var ledger = await original.CopyAsync();
                if (await DiesAsync(ledger, after, written)) killed++;
                await ledger.LookAsync();
                var history = await ledger.HistoryAsync();
                history.Timeline.State.ShouldBe(expected.State, $"{after} {written}");
                history.Rows.Count(r => r.Event is EditWithheld).ShouldBe(2);
                (await ledger.LookAsync()).Before.ShouldBeTrue();
                (await ledger.LookIfDueAsync()).ShouldBeNull();
            }
        killed.ShouldBeGreaterThanOrEqualTo(10);
    }

    [Fact]
    public async Task Of_two_that_look_at_once_one_withholds_and_the_other_is_told()
    {
        var ledger = await WatchedLedger.OpenAsync(Planted);
        // It is overtaken between its look and its own revision.
        var overtaking = new OvertakingStore(ledger.Store, async () => (await ledger.LookAsync()).Withheld.Count.ShouldBe(1));
        await using (var overtaken = await LedgerSession.ReadAsync(new LedgerPaths("nowhere.ledger"), overtaking, TimeProvider.System, Token))
            (await Should.ThrowAsync<TimelineConflictException>(() => WatchedLedger.Watch(overtaken, LedgerSetup.Main).LookAsync(dryRun: false, null, Token))).Actual.ShouldBe(21);
        (await ledger.HistoryAsync()).Rows.Count(r => r.Event is EditWithheld).ShouldBe(1);
        (await ledger.LookAsync()).Content.ShouldBeTrue();
    }

    [Fact]
    public async Task With_rebase_the_one_that_was_overtaken_looks_again_behind_it()
    {
        var ledger = await WatchedLedger.OpenAsync(Planted);
        var overtaking = new OvertakingStore(ledger.Store, () => ledger.EditAsync(LedgerSetup.Main, 1));
        await using var overtaken = await LedgerSession.ReadAsync(new LedgerPaths("nowhere.ledger"), overtaking, TimeProvider.System, Token);
        var report = await WatchedLedger.Watch(overtaken, LedgerSetup.Main, OnConflict.Rebase).LookAsync(dryRun: false, null, Token);
        (report.Content, report.Revision, report.Withheld.Single().Revision).ShouldBe((true, 22, 22));
    }

    private static EditReleased Released(TimelineHistory h, EditId edit)
    {
        var (record, present) = (h.Record(edit), h.Present(edit));
        return h.Timeline.Release(edit, present.Variant, ReleaseMode.Verbatim, present.Solution, present.Delta, record.Signals, record.Verdict, "it is fine", null);
    }

    private static async Task<bool> DiesAsync(WatchedLedger ledger, int after, bool written)
    {
        try
        {
            await new WatchedLedger(new DyingStore(ledger.Store, after, written)).LookAsync();
            return false;
        }
        catch (TimeoutException)
        {
            return true;
        }
    }

    /// <summary>The program is killed at an append, before it is written or just behind it.</summary>
    private sealed class DyingStore(IEventStore store, int after, bool written) : PassingStore(store)
    {
        private int appends;

        public override async Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token)
        {
            var last = appends++ == after;
            if (last && !written) throw new TimeoutException("killed");
            var result = await Inner.AppendAsync(stream, expected, e, token);
            return last ? throw new TimeoutException("killed") : result;
        }
    }

    /// <summary>Somebody else is faster, once, at the first revision.</summary>
    private sealed class OvertakingStore(IEventStore store, Func<Task> overtake) : PassingStore(store)
    {
        private bool overtaken;

        public override async Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token)
        {
            if (!overtaken && e.Type.StartsWith("edit-", StringComparison.Ordinal))
            {
                overtaken = true;
                await overtake();
            }
            return await Inner.AppendAsync(stream, expected, e, token);
        }
    }
}
