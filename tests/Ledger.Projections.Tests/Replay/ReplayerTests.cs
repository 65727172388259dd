using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using Some = Ledger.Projections.Tests.Timelines.Some;

namespace Ledger.Projections.Tests.Replay;

/// <summary>What a replay must give, over random histories with branches, stops, releases, reverts and merges.</summary>
public sealed class ReplayerTests
{
    private const int Histories = 5_000;

    private static readonly GatePolicy Open = GatePolicy.Default.Observed();

    [Fact]
    public void Factors_of_a_whole_timeline_give_the_same_fingerprint_at_every_revision_it_can_begin_at() => Over("0000000000c1", h =>
    {
        foreach (var from in new[] { 0, h.Main.Timeline.Revision / 2, h.Main.Timeline.Revision })
            Fingerprint(h, Replay(h, h.Main, ReplayMode.Factors, from: from)).ShouldBe(Fingerprint(h, h.Main));
    });

    [Fact]
    public void Factors_without_an_edit_are_the_fold_without_it_bit_for_bit() => Over("0000000000c2", h =>
    {
        if (h.Any() is not { } edit) return;
        var left = h.Main.Timeline.InEffect.Where(e => e != edit).Select(e => h.Main.Present(e).Delta);
        Fingerprint(h, Replay(h, h.Main, ReplayMode.Factors, without: [edit])).ShouldBe(WeightFingerprint.Of(h.Fold(left)));
    });

    [Fact]
    public void Factors_in_another_order_are_the_fold_in_that_order()
    {
        Over("0000000000c3", h =>
        {
            var order = h.Shuffled(h.Main.Records.Select(r => r.Edit));
            if (order.Length == 0) return;
            var replayed = Replay(h, h.Main, ReplayMode.Factors, order: order);
            var deltas = replayed.Timeline.InEffect.Select(e => replayed.Present(e).Delta).ToList();
            deltas.Select(d => d.Digest).ShouldBe(h.Main.Timeline.InEffect.Select(e => h.Main.Present(e).Digest), ignoreOrder: true);
            Fingerprint(h, replayed).ShouldBe(WeightFingerprint.Of(h.Fold(deltas)));
            // Edits nothing was decided about stand as the order says.
            var untouched = order.Where(e => h.Main.Rows.Count(r => r.Edits.Contains(e)) == 1 && h.Main.Timeline.Known(e).Status == EditStatus.InEffect).ToList();
            replayed.Timeline.InEffect.Select(e => replayed.Record(e).Provenance.Origin!.Value).Where(untouched.Contains).ShouldBe(untouched);
        });
    }

    [Fact]
    public void Values_without_an_edit_are_the_values_of_the_history_without_it() => Over("0000000000c4", h =>
    {
        if (h.Any() is not { } edit) return;
        foreach (var (variant, policy, recorded) in new[] { ((Variant?)null, Open, true), (Variant.PRome, GatePolicy.Default, false) })
        {
            var without = Replay(h, h.Main, ReplayMode.Values, variant, policy, recorded, without: [edit]);
            var never = Replay(h, h.Without(edit), ReplayMode.Values, variant, policy, recorded);
            without.Timeline.State.ShouldBe(never.Timeline.State);
            without.Timeline.Edits.Values.Select(e => (e.Edit, e.Status, e.Delta)).ShouldBe(never.Timeline.Edits.Values.Select(e => (e.Edit, e.Status, e.Delta)), ignoreOrder: true);
        }
    });

    [Fact]
    public void Values_under_the_recorded_variant_find_the_factors_that_were_computed_in_place()
    {
        var largest = 0.0;
        Over("0000000000c5", h =>
        {
            var replayed = Replay(h, h.Main, ReplayMode.Values, recorded: true);
            foreach (var record in replayed.Records)
            {
                var original = h.Main.Record(record.Provenance.Origin!.Value);
                var solution = original.Solution;
                var bound = 1e-4 * (solution.VE.Norm() + solution.Out.Norm()) / Math.Abs(original.Signals.Own.KvU);
                record.Solution.R.DistanceTo(solution.R).ShouldBeLessThanOrEqualTo(bound);
                largest = Math.Max(largest, record.Solution.R.DistanceTo(solution.R) / bound);
            }
        }, merges: false);
        TestContext.Current.TestOutputHelper?.WriteLine($"largest |r′ − r| as a share of the bound: {largest:0.0e-0}");
    }

    [Fact]
    public void The_gate_judges_each_edit_before_the_next_is_computed()
    {
        var strict = new GatePolicy("strict", 1, [new GateRule(Rules.VariantRatio, 1.2, GateAction.Quarantine)]);
        var (applied, behindAStop) = (0, 0);
        for (var seed = 1; seed <= 200; seed++)
        {
            var h = new PlacedHistory(seed, merges: false);
            var replayed = Replay(h, h.Main, ReplayMode.Values, Variant.Rome, strict);
            var stopped = false;
            foreach (var row in replayed.Rows)
            {
                if (row.Event is not EditJudged { Record: var record }) continue;
                record.Verdict.Policy.ShouldBe("strict@1");
                // What was stopped before it is not in the weights that it was computed on.
                var expected = Rederive.Output(record.Keys.BaseOutKO, record.Keys.KO, replayed.At(row.Revision - 1).DeltasInEffect());
                record.Solution.Out.DistanceTo(expected).ShouldBeLessThanOrEqualTo(1e-5 * (1 + expected.Norm()), $"seed {seed}, revision {row.Revision}");
                if (row.Event is EditApplied) (applied, behindAStop) = (applied + 1, behindAStop + (stopped ? 1 : 0));
                stopped |= row.Event is EditQuarantined;
            }
        }
        applied.ShouldBeGreaterThan(0);
        behindAStop.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void What_was_dismissed_is_not_judged_anew_and_what_was_quarantined_is()
    {
        Over("0000000000c6", h =>
        {
            var replayed = Replay(h, h.Main, ReplayMode.Values);
            var expected = h.Main.Timeline.Edits.Values.Where(e => e.Status != EditStatus.Dismissed).Select(e => e.Edit);
            replayed.Records.Select(r => r.Provenance.Origin!.Value).ShouldBe(expected, ignoreOrder: true);
        });
    }

    [Fact]
    public void Every_decision_about_an_inherited_edit_is_repeated() => Over("0000000000c8", h =>
    {
        var from = h.Main.Timeline.Revision / 2;
        var replayed = Replay(h, h.Main, ReplayMode.Values, from: from);
        foreach (var edit in h.Main.At(from).Timeline.Edits.Keys) replayed.Timeline.Known(edit).Status.ShouldBe(h.Main.Timeline.Known(edit).Status);
    }, 2_000);

    [Fact]
    public void The_same_replay_makes_the_same_events()
    {
        Over("0000000000c7", h =>
        {
            var (one, two) = (Replay(h, h.Main, ReplayMode.Values, Variant.RRome), Replay(h, h.Main, ReplayMode.Values, Variant.RRome));
            one.Rows.Select(r => r.Event).ShouldBe(two.Rows.Select(r => r.Event));
        }, 200);
    }

    [Fact]
    public void An_order_that_drops_an_edit_unsaid_is_refused_and_so_is_one_that_doubles_or_invents()
    {
        var h = Enumerable.Range(1, 100).Select(seed => new PlacedHistory(seed)).First(x => x.Main.Records.Count > 3);
        var edits = h.Main.Records.Select(r => r.Edit).ToArray();
        Refused(order: edits[1..]).ShouldContain(edits[0].Short());
        Refused(order: [.. edits, edits[0]]).ShouldContain("twice");
        Refused(order: [.. edits, new EditId(1 << 20)]).ShouldContain("not among");
        Refused(order: edits, without: [edits[0]]).ShouldContain("left out");
        Refused(without: [new EditId(1 << 20)]).ShouldContain("not among");
        ReplayPlan.Of(h.Main, 0, [edits[0]], edits[1..], withoutDismissed: false).ShouldNotBeEmpty();

        string Refused(EditId[]? without = null, EditId[]? order = null) =>
            Should.Throw<ReplayPlanException>(() => ReplayPlan.Of(h.Main, 0, without ?? [], order ?? [], withoutDismissed: false)).Message;
    }

    private static void Over(string seed, Action<PlacedHistory> check, int histories = Histories, bool merges = true) =>
        Gen.Int[1, 1 << 30].Sample(s => check(new PlacedHistory(s, merges)), iter: histories, seed: seed, threads: 2);

    private static TimelineHistory Replay(
        PlacedHistory h, TimelineHistory source, ReplayMode mode, Variant? variant = null, GatePolicy? gate = null, bool recorded = false, long from = 0, EditId[]? without = null, EditId[]? order = null)
    {
        var target = h.Branch(from, "replay", 99, TimelineOrigin.Replayed);
        var steps = ReplayPlan.Of(source, from, without ?? [], order ?? [], withoutDismissed: mode != ReplayMode.Factors && !recorded);
        var replayer = new Replayer(target, new ReplayRules(mode, variant, gate ?? Open, recorded), steps);
        foreach (var step in steps)
            if (replayer.Next(step) is { } e)
                target.Add(Some.Envelope(target.Timeline.Revision, e));
        return target;
    }

    private static Digest Fingerprint(PlacedHistory h, TimelineHistory history)
    {
        var w = (float[])h.W0.Clone();
        Fold.Apply(w, h.Dv, h.Dk, history.DeltasInEffect(), TestContext.Current.CancellationToken);
        return WeightFingerprint.Of(w);
    }
}
