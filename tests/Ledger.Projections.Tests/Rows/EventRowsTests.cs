using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Projections.Rows;
using Ledger.Projections.Tests.Merging;
using Ledger.Projections.Timelines;
using Small = Ledger.TestKit.Some;

namespace Ledger.Projections.Tests.Rows;

public sealed class EventRowsTests
{
    private const int Histories = 500;
    private static readonly StreamName Ledger = StreamName.Of(Small.LedgerId), Main = StreamName.Of(Small.MainId);

    [Fact]
    public void However_timelines_branch_decide_and_merge_the_rows_say_what_a_fold_over_each_history_says()
    {
        var (revisions, merges) = (0L, 0L);
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var timelines = new NaiveTimelines(seed);
            var (rows, seen) = (new RowsInMemory(), new Dictionary<TimelineId, int>());
            for (var steps = 5 + seed % 40; steps > 0; steps--)
            {
                timelines.Step();
                // In the order in which a store holds them: a step makes one event.
                foreach (var line in timelines.All) seen[line.History.Timeline.Id] = Follow(rows, line.History, seen.GetValueOrDefault(line.History.Timeline.Id, -1));
            }
            foreach (var line in timelines.All)
            {
                rows.Audit(line.History.Timeline.Id, edit => rows.Edit(edit)!).ShouldBe(NaiveAudit.Of(line.History, new AuditFilter()));
                var states = NaiveAudit.States(line.History);
                foreach (var own in rows.Changes.Where(c => c.Timeline == line.History.Timeline.Id)) own.State.ShouldBe(states[(int)own.Revision - 1]);
            }
            Interlocked.Add(ref revisions, rows.Changes.Count);
            Interlocked.Add(ref merges, timelines.Merges);
        }, iter: Histories, seed: "0000000000d1", threads: 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Histories:N0} histories, {revisions:N0} changes, {merges:N0} merges");
        merges.ShouldBeGreaterThan(Histories);
    }

    [Fact]
    public void What_does_not_follow_from_the_rows_that_are_there_is_refused_and_never_skipped()
    {
        var rows = new RowsInMemory();
        Refused(Main, 0, Small.Applied(1), "of a timeline that never started");
        rows.Add(At(Ledger, 3, Small.MainStarted));
        Refused(Ledger, 4, Small.MainStarted, "started before");
        Refused(Ledger, 4, new TimelineClosed(new TimelineId(7), "why"), "never started");
        Refused(Ledger, 4, Small.MainStarted with { Timeline = new TimelineId(7), Fork = new Fork(Small.MainId, 1, default) }, "a revision that it has not got");
        rows.Add(At(Main, 0, Small.Applied(1)));
        Refused(Main, 0, Small.Applied(2), "comes where event 1 should");
        Refused(Main, 2, Small.Applied(2), "comes where event 1 should");
        Refused(Main, 1, Small.Applied(1), "which was judged before");
        Refused(Main, 1, Small.Reverted(2), "which its timeline has not got");
        Refused(Main, 1, Small.Dismissed(2), "which its timeline has not got");
        Refused(Main, 1, new TimelineMerged(new TimelineId(7), 1, ReplayMode.Factors, [Small.Taken(3, Resolution.Theirs, Small.Edit(9))], "why", default, null), "which its timeline has not got");
        Should.Throw<NoRuleException>(() => rows.Add(At(Main, 1, Small.MainStarted)));
        Should.Throw<NoRuleException>(() => rows.Add(At(StreamName.Parse("ledger-"), 1, Small.Applied(2))));
        rows.Changes.ShouldHaveSingleItem().Status.ShouldBe(EditStatus.InEffect);

        void Refused(StreamName stream, long number, LedgerEvent e, string says)
        {
            var fault = Should.Throw<EventOutOfPlaceException>(() => rows.Add(At(stream, number, e)));
            fault.Message.ShouldContain(says);
            (fault.Stream, fault.Number, fault.Kind).ShouldBe((stream, number, FailureKind.VerificationFailed));
        }
    }

    [Fact]
    public void Only_the_ledger_s_and_the_timelines_streams_make_rows()
    {
        EventRows.Concern(Ledger).ShouldBeTrue();
        EventRows.Concern(Main).ShouldBeTrue();
        EventRows.Concern(StreamName.ObservationsOf(Small.MainId)).ShouldBeFalse();
        EventRows.Concern(StreamName.Parse("jobs-1")).ShouldBeFalse();
    }

    /// <summary>Takes in what a timeline's own stream has more; its start, where that is new.</summary>
    /// <returns>How many of its events the rows have now.</returns>
    private static int Follow(RowsInMemory rows, TimelineHistory history, int seen)
    {
        var fork = (int)(history.Started.Fork?.Revision ?? 0);
        if (seen < 0) rows.Add(At(Ledger, 0, history.Started));
        foreach (var row in history.Rows.Skip(fork + Math.Max(seen, 0))) rows.Add(row.Envelope with { Stream = StreamName.Of(history.Timeline.Id), Number = row.Revision - fork - 1 });
        return history.Rows.Count - fork;
    }

    private static EventEnvelope At(StreamName stream, long number, LedgerEvent e) => Timelines.Some.Envelope(number, e) with { Stream = stream };
}
