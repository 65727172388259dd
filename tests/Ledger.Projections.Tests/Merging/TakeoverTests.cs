using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.Projections.Tests.Merging;

/// <summary>Mode <c>values</c>: what the gate lets in, and that what it stops touches nothing.</summary>
public sealed class TakeoverTests
{
    private readonly SmallTimelines lines = new();

    [Fact]
    public void Values_make_up_for_what_is_in_effect_here_one_edit_after_the_other()
    {
        lines.Edit("main", 1, key: [1, 0], r: 2);
        lines.Branch("branch", "main", 0);
        lines.Edit("branch", 2, key: [0.6f, 0.8f], r: 4);
        lines.Edit("branch", 3, key: [0, 1], r: 1);
        lines.MergeValues("main", "branch", new GatePolicy("none", 1, []), Resolution.Both);

        // v_e is 4 at k_2, where edit 1 gives 2 · 0.6 already; v_e is 1 at k_3, where edit 2 gives r_2 · 0.8.
        var r = lines["main"].DeltasInEffect().Select(d => (double)d.R[0]).ToArray();
        r[1].ShouldBe(4 - 2 * 0.6, 1e-6);
        r[2].ShouldBe(1 - r[1] * 0.8, 1e-6);
        lines["main"].At(2).DeltasInEffect().ShouldBe(lines["main"].DeltasInEffect());
    }

    [Fact]
    public void What_the_gate_stops_is_quarantined_with_its_findings_and_nothing_gives_way_to_it()
    {
        lines.Edit("main", 1, fact: "Canberra", target: "Sydney");
        lines.Branch("branch", "main", 0);
        lines.Edit("branch", 2, fact: "Canberra", target: "Perth", more: Asymmetric);
        lines.Edit("branch", 3, fact: "Paris", target: "Rome");

        var taken = lines.MergeValues("main", "branch", Strict(GateAction.Quarantine));
        taken.Select(t => (t.Status, t.Over.Length, t.GivingWay.Length)).ShouldBe([(EditStatus.Quarantined, 1, 0), (EditStatus.InEffect, 0, 0)]);
        taken[0].Caught.Single().Rule.ShouldBe(Rules.KeyAsymmetry);
        lines.InEffect("main").ShouldBe([1, 3]);
        lines.Lacking("main", "branch").ShouldBeEmpty();
        lines.Lacking("branch", "main").Select(i => i.Edit).ShouldBe([SmallTimelines.Id(1)]);       // the gate here is no decision there
    }

    [Fact]
    public void An_edit_that_is_here_already_is_not_lost_to_factors_that_were_rejected()
    {
        lines.Edit("main", 1, more: Asymmetric);
        lines.Edit("main", 2);
        lines.Branch("branch", "main");
        lines.Revert("branch", 1);
        lines.Reinstate("branch", 1);                               // the same factors: not news
        lines.Lacking("main", "branch").ShouldBeEmpty();
        lines.Revert("main", 1);

        foreach (var action in new[] { GateAction.Reject, GateAction.Quarantine })
        {
            lines.Branch($"{action}", "main");
            var taken = lines.MergeValues($"{action}", "branch", Strict(action)).Single();
            taken.Caught.ShouldNotBeEmpty();
            lines.Status($"{action}", 1).ShouldBe(action == GateAction.Reject ? EditStatus.Reverted : EditStatus.Quarantined);
            lines.InEffect($"{action}").ShouldBe([2]);
        }
    }

    [Fact]
    public void Each_edit_is_judged_by_the_sizes_of_those_before_it()
    {
        var policy = new GatePolicy("sizes", 1, [new GateRule(Rules.Outlier, 5, GateAction.Quarantine)]);
        lines.Branch("branch", "main", 0);
        foreach (var n in Enumerable.Range(1, EditGate.OutlierNeeds)) lines.Edit("branch", n, key: [1, 0], r: n);     // each makes up for the one before: 1 each
        lines.Edit("branch", 100, key: [0, 1], r: 1000);
        var taken = lines.MergeValues("main", "branch", policy, Resolution.Both);
        taken[..^1].ShouldAllBe(t => t.Status == EditStatus.InEffect);
        taken[^1].Status.ShouldBe(EditStatus.Quarantined);
        taken[^1].Caught.Single().Rule.ShouldBe(Rules.Outlier);
    }

    private static GatePolicy Strict(GateAction action) => new("strict", 1, [new GateRule(Rules.KeyAsymmetry, 0.5, action)]);

    /// <summary>As published, with k_o almost orthogonal to u.</summary>
    private static EditRecord Asymmetric(EditRecord record) => record with
    {
        Variant = Variant.Rome,
        Signals = Timelines.Some.Signals(Variant.Rome),
        Keys = record.Keys with { KBar = new([1f, 0f]), UBar = new([1f, 0f]), KO = new([0.1f, 1f]) },
        Solution = record.Solution with { U = FactorU.UBar },
    };
}
