using CsCheck;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.TestKit;

namespace Ledger.Domain.Tests;

public sealed class TimelineTests
{
    private static readonly EditId Edit1 = Some.Edit(1), Edit2 = Some.Edit(2);

    /// <summary>Every standing an edit can have, with a history that leads there.</summary>
    private static readonly Dictionary<string, TimelineEvent[]> Histories = new()
    {
        ["unknown"] = [],
        ["applied"] = [Some.Applied()],
        ["quarantined"] = [Some.Quarantined()],
        ["rejected"] = [Some.Rejected()],
        ["released"] = [Some.Quarantined(), Some.Released()],
        ["dismissed"] = [Some.Quarantined(), Some.Dismissed()],
        ["withheld"] = [Some.Applied(), Some.Withheld()],
        ["reverted"] = [Some.Applied(), Some.Reverted()],
        ["reinstated"] = [Some.Applied(), Some.Reverted(), Some.Reinstated()],
    };

    private static readonly Dictionary<string, (Func<Timeline, TimelineEvent> Decide, EditStatus Becomes)> Decisions = new()
    {
        ["release"] = (t => Release(t), EditStatus.InEffect),
        ["dismiss"] = (t => t.Dismiss(Edit1, "useless"), EditStatus.Dismissed),
        ["withhold"] = (t => t.Withhold(Edit1, "it broke others", [], null), EditStatus.Quarantined),
        ["revert"] = (t => t.Revert(Edit1, "wrong fact", null), EditStatus.Reverted),
        ["reinstate"] = (t => t.Reinstate(Edit1, "right after all", null), EditStatus.InEffect),
    };

    /// <summary>The table of the ledger's promises: which decision is open to an edit that stands where.</summary>
    private static readonly HashSet<(string History, string Decision)> Allowed =
    [
        ("applied", "revert"), ("applied", "withhold"),
        ("released", "revert"), ("released", "withhold"),
        ("reinstated", "revert"), ("reinstated", "withhold"),
        ("quarantined", "release"), ("quarantined", "dismiss"),
        ("withheld", "release"), ("withheld", "dismiss"),
        ("reverted", "reinstate"),
    ];

    public static TheoryData<string, string> AllowedDecisions() => Pairs(Allowed.Contains);

    public static TheoryData<string, string> ForbiddenDecisions() => Pairs(pair => pair.History != "unknown" && !Allowed.Contains(pair));

    public static TheoryData<string> AllDecisions() => [.. Decisions.Keys];

    public static TheoryData<string> KnownStandings() => [.. Histories.Keys.Where(h => h != "unknown")];

    [Theory]
    [MemberData(nameof(AllowedDecisions))]
    public void An_edit_moves_on_where_the_decision_is_open_to_it(string history, string decision)
    {
        var (decide, becomes) = Decisions[decision];
        Given.Timeline(Histories[history]).When(decide).Then(t =>
        {
            t.Known(Edit1).Status.ShouldBe(becomes);
            t.InEffect.Contains(Edit1).ShouldBe(becomes == EditStatus.InEffect);
            t.Revision.ShouldBe(Histories[history].Length + 1);
        });
    }

    [Theory]
    [MemberData(nameof(ForbiddenDecisions))]
    public void A_decision_that_is_not_open_is_refused_and_says_where_the_edit_stands(string history, string decision) =>
        Given.Timeline(Histories[history]).When(Decisions[decision].Decide).Throws<EditStatusException>(e =>
        {
            e.Edit.ShouldBe(Edit1);
            e.Status.ShouldBe(Histories[history].Aggregate(Some.Main, (t, x) => t.Evolve(x)).Known(Edit1).Status);
            e.Kind.ShouldBe(FailureKind.BadInput);
            e.Remedy.ShouldNotBeNullOrWhiteSpace();
        });

    [Theory]
    [MemberData(nameof(AllDecisions))]
    public void Nothing_is_decided_about_an_edit_that_is_not_there(string decision) =>
        Given.Timeline(Some.Applied(2)).When(Decisions[decision].Decide).Throws<EditUnknownException>(e => e.Edit.ShouldBe(Edit1.ToString()));

    [Theory]
    [MemberData(nameof(KnownStandings))]
    public void An_edit_is_recorded_once(string history) =>
        Given.Timeline(Histories[history]).When(t => t.Record(Some.Record(), null, null)).Throws<EditStatusException>();

    [Fact]
    public void A_verdict_of_applied_lets_the_edit_in() =>
        Given.Timeline().When(t => t.Record(Some.Record(), Some.Digest("with"), Some.Digest("without"))).Records<EditApplied>((e, after) =>
        {
            e.Record.After.ShouldBe(StateId.Of(Some.BaseMatrix, [Some.Record().Delta.Digest]));
            e.Record.Fingerprint.ShouldBe(Some.Digest("with"));
            after.State.ShouldBe(e.Record.After);
            after.InEffect.ShouldBe([Edit1]);
        });

    [Theory]
    [InlineData(Outcome.Quarantined, EditStatus.Quarantined)]
    [InlineData(Outcome.Rejected, EditStatus.Rejected)]
    public void A_stopped_edit_is_recorded_and_the_state_stays_as_it_was(Outcome outcome, EditStatus status) =>
        Given.Timeline(Some.Applied(2)).When(t => t.Record(Some.Record(1, outcome: outcome), Some.Digest("with"), Some.Digest("without"))).Records<EditJudged>((e, after) =>
        {
            var before = Some.Main.Evolve(Some.Applied(2));
            e.Record.After.ShouldBe(before.State);
            e.Record.Fingerprint.ShouldBe(Some.Digest("without"));
            after.State.ShouldBe(before.State);
            after.InEffect.ShouldBe([Edit2]);
            after.Known(Edit1).Status.ShouldBe(status);
            after.Revision.ShouldBe(2);
        });

    [Fact]
    public void Factors_that_are_not_finite_are_let_in_by_no_verdict()
    {
        var broken = Some.Record() with { Solution = Some.Record().Solution with { R = new Float32Vector([1, float.NaN]) } };
        Given.Timeline().When(t => t.Record(broken, null, null)).Throws<NotFiniteException>();
    }

    [Fact]
    public void Factors_that_are_not_finite_are_never_released() =>
        Given.Timeline(Some.Quarantined()).When(t =>
        {
            var solution = Some.Record().Solution with { R = new Float32Vector([float.PositiveInfinity, 0]) };
            return t.Release(Edit1, Variant.RRome, ReleaseMode.Values, solution, solution.Delta(Some.Record().Keys), Some.Record().Signals, Some.Verdict(Outcome.Applied), "why", null);
        }).Throws<NotFiniteException>(e => e.Edit.ShouldBe(Edit1));

    [Fact]
    public void A_released_edit_counts_with_the_factors_it_was_released_with() =>
        Given.Timeline(Some.Quarantined(1, Variant.Rome)).When(t => Release(t, Variant.PRome)).Records<EditReleased>((e, after) =>
        {
            var entry = after.Known(Edit1);
            entry.Variant.ShouldBe(Variant.PRome);
            entry.Delta.ShouldBe(Some.Record(1, Variant.PRome).Delta.Digest);
            entry.AbsDelta.ShouldBe(Some.Record(1, Variant.PRome).Signals.Own.AbsDelta);
            after.State.ShouldBe(e.After);
            e.After.ShouldBe(StateId.Of(Some.BaseMatrix, [entry.Delta]));
        });

    [Fact]
    public void A_reinstated_edit_comes_back_with_the_factors_of_its_release() =>
        Given.Timeline(Some.Quarantined(1, Variant.Rome), Some.Released(1, Variant.PRome), Some.Reverted()).When(t => t.Reinstate(Edit1, "why", null)).Records<EditReinstated>((e, after) =>
        {
            e.After.ShouldBe(StateId.Of(Some.BaseMatrix, [Some.Record(1, Variant.PRome).Delta.Digest]));
            after.State.ShouldBe(e.After);
        });

    [Fact]
    public void A_reinstated_edit_takes_effect_last() =>
        Given.Timeline(Some.Applied(1), Some.Applied(2), Some.Reverted(1)).When(t => t.Reinstate(Edit1, "why", null)).Then(t =>
        {
            t.InEffect.ShouldBe([Edit2, Edit1]);
            t.State.ShouldNotBe(Some.Main.Evolve(Some.Applied(1)).Evolve(Some.Applied(2)).State);
            t.State.ShouldBe(Some.Main.Evolve(Some.Applied(2)).Evolve(Some.Applied(1)).State);
        });

    [Fact]
    public void A_reverted_edit_leaves_the_state_as_if_it_had_never_been() =>
        Given.Timeline(Some.Applied(1), Some.Applied(2)).When(t => t.Revert(Edit1, "why", null)).Records<EditReverted>((e, after) =>
        {
            after.State.ShouldBe(Some.Main.Evolve(Some.Applied(2)).State);
            e.After.ShouldBe(after.State);
        });

    [Fact]
    public void A_withheld_edit_leaves_the_state_as_if_it_had_never_been() =>
        Given.Timeline(Some.Applied(1), Some.Applied(2)).When(t => t.Withhold(Edit2, "why", [], null)).Records<EditWithheld>((e, after) =>
        {
            after.State.ShouldBe(Some.Main.Evolve(Some.Applied(1)).State);
            e.After.ShouldBe(after.State);
        });

    [Fact]
    public void The_empty_timeline_is_the_base() =>
        Given.Timeline().Then(t =>
        {
            t.Revision.ShouldBe(0);
            t.State.ShouldBe(StateId.Of(Some.BaseMatrix, []));
        });

    [Fact]
    public void States_are_equal_for_the_same_factors_in_the_same_order_whoever_made_them()
    {
        var twin = new EditApplied(Some.Record(1) with { Edit = Some.Edit(77), Request = Some.Request(5), Engine = "another machine" });
        Some.Main.Evolve(twin).Evolve(Some.Applied(2)).State.ShouldBe(Some.Main.Evolve(Some.Applied(1)).Evolve(Some.Applied(2)).State);
    }

    [Fact]
    public void States_differ_when_the_order_does() =>
        Some.Main.Evolve(Some.Applied(2)).Evolve(Some.Applied(1)).State.ShouldNotBe(Some.Main.Evolve(Some.Applied(1)).Evolve(Some.Applied(2)).State);

    [Fact]
    public void The_gate_remembers_what_was_ever_accepted_under_the_variant_and_at_which_size() =>
        Given.Timeline(
            Some.Applied(1), Some.Applied(2), Some.Reverted(2), Some.Applied(3), Some.Withheld(3), Some.Quarantined(4), Some.Rejected(5), Some.Quarantined(6), Some.Dismissed(6),
            Some.Quarantined(7, Variant.Rome), Some.Released(7), Some.Applied(8, Variant.PRome)).Then(t =>
            {
                t.AcceptedAbsDeltas(Variant.RRome).ShouldBe(new[] { 1, 2, 3, 7 }.Select(n => Some.Record(n).Signals.Own.AbsDelta), ignoreOrder: true);
                t.AcceptedAbsDeltas(Variant.PRome).ShouldBe([Some.Record(8, Variant.PRome).Signals.Own.AbsDelta]);
                t.AcceptedAbsDeltas(Variant.Rome).ShouldBeEmpty();
            });

    private static readonly TimelineId Other = new(9);

    [Fact]
    public void A_merge_folds_what_it_took_behind_what_was_there() =>
        Given.Timeline(Some.Applied(1), Some.Applied(2))
            .When(t => t.Merge(Other, "what-if", 7, ReplayMode.Factors, [Some.Taken(3), Some.Taken(4)], "better", null))
            .Records<TimelineMerged>((e, t) =>
            {
                t.InEffect.ShouldBe([Some.Edit(1), Some.Edit(2), Some.Edit(3), Some.Edit(4)]);
                e.After.ShouldBe(t.State);
                t.State.ShouldBe(Some.Main.Evolve(Some.Applied(1)).Evolve(Some.Applied(2)).Evolve(Some.Applied(3)).Evolve(Some.Applied(4)).State);
                (t.Known(Some.Edit(3)).Revision, t.Revision).ShouldBe((3, 3));
            });

    [Fact]
    public void Each_resolution_does_what_it_says()
    {
        var source = Given.Timeline(Some.Applied(1), Some.Applied(2));
        Taking(Some.Taken(3, Resolution.Theirs, Some.Edit(1))).Then(t => Holds(t, [2, 3], one: EditStatus.Reverted));
        Taking(Some.Taken(3, Resolution.Theirs, Some.Edit(1)) with { Status = EditStatus.Quarantined }).Then(t => Holds(t, [1, 2], one: EditStatus.InEffect));      // nothing gives way to what was stopped
        Taking(Some.Taken(3, Resolution.Both, Some.Edit(1))).Then(t => Holds(t, [1, 2, 3], one: EditStatus.InEffect));
        Taking(Some.Taken(3, Resolution.Ours, Some.Edit(1))).Then(t => Holds(t, [1, 2], one: EditStatus.InEffect));
        Taking(Some.Taken(3, Resolution.Skip, Some.Edit(1))).Then(t => Holds(t, [1, 2], one: EditStatus.InEffect));
        Taking(Some.Taken(1) with { Status = EditStatus.Reverted }).Then(t => Holds(t, [2], one: EditStatus.Reverted));
        Taking(Some.Taken(3) with { Status = EditStatus.Quarantined }).Then(t =>
        {
            Holds(t, [1, 2], one: EditStatus.InEffect);
            (t.Known(Some.Edit(3)).Status, t.Known(Some.Edit(3)).Accepted).ShouldBe((EditStatus.Quarantined, false));
        });

        static void Holds(Timeline t, int[] inEffect, EditStatus one)
        {
            t.InEffect.ShouldBe(inEffect.Select(Some.Edit));
            t.Known(Some.Edit(1)).Status.ShouldBe(one);
        }

        Decision<Timeline, TimelineEvent> Taking(TakenEdit taken) => source.When(t => t.CherryPick(Other, "what-if", 7, ReplayMode.Factors, [taken], "why", null));
    }

    [Fact]
    public void What_cannot_be_taken_is_refused()
    {
        var target = Given.Timeline(Some.Applied(1), Some.Reverted(1), Some.Applied(2));
        target.When(t => t.Merge(Some.MainId, "main", 3, ReplayMode.Factors, [Some.Taken(3)], "why", null)).Throws<TakeException>(e => e.Message.ShouldContain("itself"));
        target.When(t => t.Merge(Other, "what-if", 3, ReplayMode.Factors, [], "why", null)).Throws<TakeException>(e => e.Message.ShouldContain("nothing that main lacks"));
        target.When(t => t.CherryPick(Other, "what-if", 3, ReplayMode.Factors, [Some.Taken(2)], "why", null)).Throws<EditStatusException>();
        target.When(t => t.CherryPick(Other, "what-if", 3, ReplayMode.Factors, [Some.Taken(3, Resolution.Theirs, Some.Edit(1))], "why", null)).Throws<EditStatusException>();
        target.When(t => t.CherryPick(Other, "what-if", 3, ReplayMode.Factors, [Some.Taken(3, Resolution.Theirs, Some.Edit(8))], "why", null)).Throws<EditUnknownException>();
    }

    [Fact]
    public void A_branch_has_its_parents_past_and_a_future_of_its_own() =>
        Given.Timeline(Some.Applied(1), Some.Quarantined(2)).Then(parent =>
        {
            var branch = parent.Branch(Other, "what-if");
            (branch.State, branch.Revision, branch.Name, branch.Id).ShouldBe((parent.State, 2, "what-if", Other));
            var decided = branch.Evolve(branch.Revert(Some.Edit(1), "wrong", null)).Evolve(branch.Dismiss(Some.Edit(2), "useless"));
            (decided.InEffect.Count, parent.InEffect.Count, parent.Known(Some.Edit(2)).Status).ShouldBe((0, 1, EditStatus.Quarantined));
        });

    [Fact]
    public void Whatever_is_decided_the_recorded_state_is_the_folded_one_and_only_open_decisions_pass() =>
        Gen.Select(Gen.OneOf([.. Decisions.Keys]), Gen.Int[1, 3]).Array[1, 30].Sample(steps =>
        {
            var timeline = Some.Main.Evolve(Some.Applied(1)).Evolve(Some.Quarantined(2)).Evolve(Some.Applied(3));
            foreach (var (decision, n) in steps)
            {
                var before = timeline;
                try
                {
                    var e = Decide(before, decision, n);
                    timeline = before.Evolve(e);
                    if (After(e) is { } after) after.ShouldBe(timeline.State);
                    else timeline.State.ShouldBe(before.State);
                    timeline.Revision.ShouldBe(before.Revision + 1);
                }
                catch (EditStatusException)
                {
                }
                timeline.InEffect.ShouldBeUnique();
                timeline.InEffect.ShouldBe(timeline.Edits.Values.Where(x => x.Status == EditStatus.InEffect).Select(x => x.Edit), ignoreOrder: true);
            }
        }, iter: 500);

    private static EditReleased Release(Timeline t, Variant variant = Variant.RRome, int n = 1)
    {
        var record = Some.Record(n, variant);
        return t.Release(record.Edit, variant, ReleaseMode.Values, record.Solution, record.Delta, record.Signals, Some.Verdict(Outcome.Quarantined), "it is fine", null);
    }

    private static TimelineEvent Decide(Timeline t, string decision, int n) => decision switch
    {
        "release" => Release(t, Variant.RRome, n),
        "dismiss" => t.Dismiss(Some.Edit(n), "why"),
        "withhold" => t.Withhold(Some.Edit(n), "why", [], null),
        "revert" => t.Revert(Some.Edit(n), "why", null),
        _ => t.Reinstate(Some.Edit(n), "why", null),
    };

    private static StateId? After(TimelineEvent e) => e switch
    {
        EditReleased x => x.After,
        EditWithheld x => x.After,
        EditReverted x => x.After,
        EditReinstated x => x.After,
        _ => null,
    };

    private static TheoryData<string, string> Pairs(Func<(string History, string Decision), bool> wanted)
    {
        var data = new TheoryData<string, string>();
        foreach (var history in Histories.Keys)
            foreach (var decision in Decisions.Keys)
                if (wanted((history, decision))) data.Add(history, decision);
        return data;
    }
}
