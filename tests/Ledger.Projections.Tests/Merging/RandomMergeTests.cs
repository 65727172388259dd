using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Projections.Tests.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Merging;

public sealed class RandomMergeTests
{
    private const int Histories = 5_000;

    [Fact]
    public void However_timelines_branch_decide_and_merge_to_and_fro_every_revision_is_the_fold_of_the_listed_edits_bit_for_bit()
    {
        var (revisions, merges, taken, conflicts) = (0L, 0L, 0L, 0L);
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var timelines = new NaiveTimelines(seed);
            for (var steps = 5 + seed % 40; steps > 0; steps--) timelines.Step();
            timelines.Check();
            Interlocked.Add(ref revisions, timelines.All.Sum(l => l.States.Count - 1));
            Interlocked.Add(ref merges, timelines.Merges);
            Interlocked.Add(ref taken, timelines.Taken);
            Interlocked.Add(ref conflicts, timelines.Conflicts);
        }, iter: Histories, seed: "0000000000c1", threads: 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Histories:N0} histories, {revisions:N0} revisions, {merges:N0} merges of {taken:N0} edits, {conflicts:N0} of them in conflict; no bit differs");
        merges.ShouldBeGreaterThan(Histories);
        conflicts.ShouldBeGreaterThan(Histories);
    }

    [Fact]
    public void A_branch_of_a_branch_is_the_linear_history_bit_for_bit()
    {
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var random = new Random(seed);
            var timelines = new NaiveTimelines(seed);
            var linear = timelines.All[0];
            for (var steps = random.Next(3, 20); steps > 0; steps--) timelines.Alone(linear);
            var head = linear.States.Count - 1;

            // The same events, cut in three: the parent goes on with something else behind each cut.
            var cuts = new[] { random.Next(head + 1), random.Next(head + 1) }.Order().ToArray();
            var main = TimelineHistory.Start(linear.History.Started, default, linear.History.Timeline.BaseMatrix);
            Replay(main, linear.History, 0, cuts[0]);
            var branch = Fork(main, 2, cuts[0]);
            Replay(branch, linear.History, cuts[0], cuts[1]);
            var deeper = Fork(branch, 3, cuts[1]);
            foreach (var parent in new[] { main, branch }) timelines.Alone(new NaiveTimeline(parent, [.. linear.States.Take((int)parent.Timeline.Revision + 1)]));
            Replay(deeper, linear.History, cuts[1], head);

            for (var revision = 0; revision <= head; revision++)
            {
                var (one, other) = (deeper.At(revision), linear.History.At(revision));
                one.Timeline.State.ShouldBe(other.Timeline.State);
                one.Timeline.Edits.Values.OrderBy(e => e.Edit.Value).ShouldBe(other.Timeline.Edits.Values.OrderBy(e => e.Edit.Value));
                Bits.Differing(timelines.Matrix(one.DeltasInEffect()), timelines.Naive(linear.States[revision])).ShouldBe(0, $"revision {revision}");
            }
        }, iter: Histories, seed: "0000000000c2", threads: 2);
    }

    [Fact]
    public void Reverted_and_reinstated_is_the_same_edits_with_that_one_last()
    {
        var seen = 0;
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var timelines = new NaiveTimelines(seed);
            for (var steps = 5 + seed % 30; steps > 0; steps--) timelines.Step();
            foreach (var line in timelines.All.Where(l => !l.Now.InEffect.IsEmpty))
            {
                var edit = line.Now.InEffect[seed % line.Now.InEffect.Count];
                var expected = line.Now.Put(edit, line.Now.Edits[edit]);
                timelines.Append(line, line.History.Timeline.Revert(edit, "why", null));
                line.History.DeltasInEffect().ShouldBe(line.Now.Folded.Where(e => e != line.Now.Edits[edit]).Select(e => e.Delta));
                timelines.Append(line, line.History.Timeline.Reinstate(edit, "why", null));
                Bits.Differing(timelines.Matrix(line.History.DeltasInEffect()), timelines.Naive(expected)).ShouldBe(0);
                line.History.Timeline.InEffect[^1].ShouldBe(edit);
                Interlocked.Increment(ref seen);
            }
        }, iter: Histories, seed: "0000000000c3", threads: 2);
        seen.ShouldBeGreaterThan(Histories);
    }

    private static void Replay(TimelineHistory to, TimelineHistory from, int after, int upTo)
    {
        for (var i = after; i < upTo; i++) to.Add(from.Rows[i].Envelope with { Stream = StreamName.Of(to.Timeline.Id), Number = to.Tip.LastNumber + 1 });
    }

    private static TimelineHistory Fork(TimelineHistory parent, int id, int revision) =>
        parent.Branch(new TimelineStarted(new TimelineId((UInt128)id), $"branch-{id}", new Fork(parent.Timeline.Id, revision, default), "", TimelineOrigin.Branched), default);
}
