using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Merging;

namespace Ledger.Projections.Tests.Merging;

/// <summary>What a merge takes, what it asks about, and what it leaves alone.</summary>
public sealed class MergePlanTests
{
    private readonly SmallTimelines lines = new();

    [Fact]
    public void A_merge_takes_the_edits_and_decisions_since_the_fork_in_the_order_in_which_they_came()
    {
        lines.Edit("main", 1);
        lines.Edit("main", 2);
        lines.Branch("branch", "main");
        lines.Edit("branch", 3);
        lines.Edit("branch", 4);
        lines.Revert("branch", 1);
        lines.Revert("branch", 3);
        lines.Reinstate("branch", 3);
        lines.Edit("main", 5);

        var items = lines.Lacking("main", "branch");
        items.Select(i => (i.Edit, i.There.Status, i.Here?.Status, i.Revision)).ShouldBe(
        [
            (SmallTimelines.Id(4), EditStatus.InEffect, null, 4),
            (SmallTimelines.Id(1), EditStatus.Reverted, EditStatus.InEffect, 5),
            (SmallTimelines.Id(3), EditStatus.InEffect, null, 7),
        ]);
        lines.Merge("main", "branch");
        lines.InEffect("main").ShouldBe([2, 5, 4, 3]);
        lines.Lacking("main", "branch").ShouldBeEmpty();
        lines.Lacking("branch", "main").Select(i => i.Edit).ShouldBe([SmallTimelines.Id(5)]);
    }

    [Fact]
    public void What_ended_before_anybody_here_saw_it_is_not_taken_and_what_waits_there_waits_here()
    {
        lines.Branch("branch", "main");
        lines.Edit("branch", 1, outcome: Outcome.Rejected);
        lines.Edit("branch", 2, outcome: Outcome.Quarantined);
        lines.Dismiss("branch", 2);
        lines.Edit("branch", 3);
        lines.Revert("branch", 3);
        lines.Edit("branch", 4, outcome: Outcome.Quarantined);
        lines.Edit("branch", 5);
        lines.Withhold("branch", 5);

        lines.Branch("other", "branch");
        lines.Dismiss("other", 4);
        lines.Merge("main", "branch").Select(t => t.Edit).ShouldBe([SmallTimelines.Id(4), SmallTimelines.Id(5)]);
        (lines.Status("main", 4), lines.Status("main", 5)).ShouldBe((EditStatus.Quarantined, EditStatus.Quarantined));
        lines.InEffect("main").ShouldBeEmpty();
        lines.Reinstate("branch", 3);                               // takes effect there after all, which is news
        lines.Lacking("other", "branch").Select(i => i.Edit).ShouldBe([SmallTimelines.Id(3)]);
        lines.Lacking("main", "branch").Select(i => i.Edit).ShouldBe([SmallTimelines.Id(3)]);
    }

    [Fact]
    public void A_decision_is_taken_once_however_the_target_decides_afterwards()
    {
        lines.Edit("main", 1);
        lines.Branch("branch", "main");
        lines.Revert("branch", 1);
        lines.Merge("main", "branch");
        lines.InEffect("main").ShouldBeEmpty();
        lines.Reinstate("main", 1);
        lines.Lacking("main", "branch").ShouldBeEmpty();

        // The other way it is news, made in knowledge of the branch's own decision: nothing to ask.
        lines.Plan("branch", "main").Edits.Single().Conflicts.ShouldBeEmpty();
        lines.Merge("branch", "main");
        lines.InEffect("branch").ShouldBe([1]);
    }

    [Fact]
    public void What_came_by_way_of_a_third_timeline_is_not_news()
    {
        lines.Edit("main", 1);
        lines.Branch("middle", "main");
        lines.Branch("far", "main");
        lines.Edit("far", 2);
        lines.Revert("far", 1);
        lines.Merge("middle", "far");
        lines.Merge("main", "middle");
        lines.Revert("main", 2);
        lines.Reinstate("main", 1);
        lines.Lacking("main", "far").ShouldBeEmpty();
        lines.Lacking("main", "middle").ShouldBeEmpty();
    }

    [Fact]
    public void What_two_timelines_decided_without_knowing_of_each_other_is_asked_about_and_then_settled_for_both()
    {
        lines.Edit("main", 1);
        lines.Branch("branch", "main");
        lines.Edit("main", 2);
        lines.Revert("main", 1);
        lines.Withhold("branch", 1);

        var planned = lines.Plan("main", "branch").Edits.Single();
        planned.Conflicts.ShouldBe([new MergeConflict(ConflictKind.Decision, SmallTimelines.Id(1), SmallTimelines.Id(1), null, null)]);
        planned.Resolution.ShouldBeNull();
        (planned.Item.Revision, planned.Item.DecidedHere).ShouldBe((2, 3));
        Should.Throw<ResolutionException>(() => lines.Plan("main", "branch", SmallTimelines.Each((1, Resolution.Both)))).Remedy.ShouldNotBeNull();

        lines.Merge("main", "branch", Resolution.Ours);
        lines.Status("main", 1).ShouldBe(EditStatus.Reverted);
        lines.Lacking("main", "branch").ShouldBeEmpty();
        var back = lines.Plan("branch", "main").Edits;              // main decided again, knowing the branch's side
        back.Select(p => (p.Edit, p.Resolution)).ShouldBe([(SmallTimelines.Id(2), Resolution.Theirs), (SmallTimelines.Id(1), Resolution.Theirs)], ignoreOrder: true);
    }

    [Fact]
    public void The_same_decision_on_both_sides_is_no_conflict()
    {
        lines.Edit("main", 1);
        lines.Branch("branch", "main");
        lines.Revert("main", 1);
        lines.Revert("branch", 1);
        lines.Lacking("main", "branch").ShouldBeEmpty();
    }

    [Fact]
    public void What_is_skipped_comes_up_again_and_what_is_settled_does_not()
    {
        lines.Branch("branch", "main");
        lines.Edit("branch", 1);
        lines.Edit("branch", 2);
        lines.Edit("branch", 3);
        lines.Merge("main", "branch", Resolution.Theirs, (1, Resolution.Skip), (2, Resolution.Ours));
        lines.InEffect("main").ShouldBe([3]);
        lines.Lacking("main", "branch").Select(i => i.Edit).ShouldBe([SmallTimelines.Id(1)]);
        lines.Revert("branch", 2);
        lines.Lacking("main", "branch").Select(i => i.Edit).ShouldBe([SmallTimelines.Id(1)]);
    }

    [Fact]
    public void Another_target_for_a_fact_is_a_conflict_and_the_same_target_is_not()
    {
        lines.Edit("main", 1, fact: "Canberra", target: "Sydney");
        lines.Edit("main", 2, fact: "Paris", target: "Rome");
        lines.Branch("branch", "main", 0);
        lines.Edit("branch", 3, fact: "Canberra", target: "Perth");
        lines.Edit("branch", 4, fact: "Paris", target: "Rome");

        var plan = lines.Plan("main", "branch");
        plan.Edits[0].Conflicts.ShouldBe([new MergeConflict(ConflictKind.Fact, SmallTimelines.Id(3), SmallTimelines.Id(1), null, null)]);
        plan.Edits[1].Conflicts.ShouldBeEmpty();
        lines.Merge("main", "branch");
        lines.InEffect("main").ShouldBe([2, 3, 4]);
        lines.Status("main", 1).ShouldBe(EditStatus.Reverted);
    }

    [Fact]
    public void Both_sides_of_an_edit_that_interferes_are_measured_and_the_bound_says_from_where_on_it_is_asked_about()
    {
        lines.Edit("main", 1, key: [1, 0], r: 2);
        lines.Branch("branch", "main", 0);
        lines.Edit("branch", 2, key: [0.6f, 0.8f], r: 4);

        // By 2 on 1: ‖r_2‖|u_2·k_1| / ‖r_1‖|u_1·k_1| = 4 · 0.6 / 2; the other way 2 · 0.6 / 4.
        var conflict = lines.Plan("main", "branch", bound: 1.1).Edits.Single().Conflicts.Single();
        (conflict.Kind, conflict.With).ShouldBe((ConflictKind.Interference, SmallTimelines.Id(1)));
        conflict.OnTarget!.Value.ShouldBe(1.2, 1e-6);
        conflict.OnSource!.Value.ShouldBe(0.3, 1e-6);
        lines.Plan("main", "branch", bound: 1.3).Edits.Single().Conflicts.ShouldBeEmpty();
    }

    [Fact]
    public void An_edit_that_leaves_with_the_same_merge_is_in_nobodys_way_unless_it_is_kept()
    {
        lines.Edit("main", 1, fact: "Canberra", target: "Sydney");
        lines.Branch("branch", "main");
        lines.Revert("branch", 1);
        lines.Edit("branch", 2, fact: "Canberra", target: "Perth");

        lines.Plan("main", "branch").Unresolved.ShouldBeEmpty();
        lines.Plan("main", "branch", SmallTimelines.Each((1, Resolution.Ours))).Unresolved.Select(p => p.Edit).ShouldBe([SmallTimelines.Id(2)]);
        lines.Merge("main", "branch");
        lines.InEffect("main").ShouldBe([2]);
    }

    [Fact]
    public void Picking_an_edit_names_what_cannot_be_picked()
    {
        lines.Edit("main", 1);
        lines.Branch("branch", "main");
        lines.Edit("branch", 2);
        lines.Edit("branch", 3);
        lines.Revert("branch", 3);
        Should.Throw<EditStatusException>(() => MergeItem.Picked(lines["main"], lines["branch"], [SmallTimelines.Id(1)])).Message.ShouldContain("in effect and cannot be cherry-picked again");
        Should.Throw<EditStatusException>(() => MergeItem.Picked(lines["main"], lines["branch"], [SmallTimelines.Id(3)])).Message.ShouldContain("reverted and cannot be cherry-picked");
        Should.Throw<EditUnknownException>(() => MergeItem.Picked(lines["main"], lines["branch"], [SmallTimelines.Id(4)]));
        MergeItem.Picked(lines["main"], lines["branch"], [SmallTimelines.Id(2), SmallTimelines.Id(2)]).Length.ShouldBe(1);
    }
}
