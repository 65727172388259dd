using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.TestKit;

namespace Ledger.Domain.Tests;

public sealed class LedgerSetupTests
{
    [Fact]
    public void A_ledger_is_opened_once() =>
        Given.Ledger(Some.Opened).When(Open).Throws<SetupException>(e => e.Message.ShouldContain("tiny"));

    [Fact]
    public void Opening_records_what_the_ledger_stands_on() => Given.Ledger().When(Open).Records(Some.Opened);

    [Fact]
    public void Context_templates_are_drawn_once_with_their_digest()
    {
        Given.Ledger(Some.Opened).When(s => s.Draw(Some.Templates)).Records(new ContextTemplatesDrawn(Some.Templates, Some.Templates.Digest));
        Given.Ledger(Some.Opened, Some.TemplatesDrawn).When(s => s.Draw(ContextTemplates.Given(["{}"]))).Throws<SetupException>();
    }

    [Fact]
    public void Key_statistics_are_recorded_once() =>
        Given.Ledger(Some.Opened, Some.StatisticsRecorded).When(s => s.Record(Some.Statistics)).Throws<SetupException>(e => e.Message.ShouldContain("5,521"));

    [Fact]
    public void Key_statistics_of_another_width_are_refused() =>
        Given.Ledger(Some.Opened).When(s => s.Record(Some.Statistics with { Dk = 4 })).Throws<ShapeException>(e => (e.Expected, e.Actual).ShouldBe((Some.Dk, 4)));

    [Fact]
    public void Key_statistics_need_an_open_ledger() => Given.Ledger().When(s => s.Record(Some.Statistics)).Throws<SetupException>();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_policys_version_only_rises(int version) =>
        Given.Ledger(new GatePolicySet(GatePolicy.Default with { Version = 2 })).When(s => s.Set(GatePolicy.Default with { Version = version })).Throws<SetupException>();

    [Fact]
    public void The_policy_in_force_is_the_last_one_set()
    {
        Given.Ledger(Some.PolicySet).When(s => s.Set(GatePolicy.Observing)).Then(s =>
        {
            s.Policy.ShouldBe(GatePolicy.Observing);
            s.Policies.ShouldBe([GatePolicy.Default, GatePolicy.Observing]);
        });
        Given.Ledger(Some.PolicySet).When(s => s.Set(GatePolicy.Default with { Version = 2 })).Then(s => s.Policy.Version.ShouldBe(2));
    }

    [Fact]
    public void A_timelines_name_is_unique() =>
        Given.Ledger(Some.MainStarted).When(s => s.Start(new TimelineId(5), LedgerSetup.Main, null, "again", TimelineOrigin.Opened)).Throws<SetupException>();

    [Fact]
    public void Main_chains_on_from_its_own_start_and_a_branch_from_its_parents_event()
    {
        var fork = new Fork(Some.MainId, 3, Some.Digest("event 3"));
        Given.Ledger(Some.MainStarted).When(s => s.Start(new TimelineId(5), "what-if", fork, "try", TimelineOrigin.Branched)).Then(s =>
        {
            s.Timeline(LedgerSetup.Main).ChainStart.ShouldBe(Digest.Of(EventJson.Serialize(Some.MainStarted)));
            s.Timeline("what-if").ChainStart.ShouldBe(fork.EventHash);
        });
    }

    [Fact]
    public void A_timeline_that_is_not_there_is_answered_with_those_that_are() =>
        Given.Ledger(Some.MainStarted).Then(s => Should.Throw<RevisionUnknownException>(() => s.Timeline("maine")).Remedy!.ShouldContain(LedgerSetup.Main));

    [Fact]
    public void An_opening_that_was_cut_short_says_what_is_missing() =>
        Given.Ledger().Then(s =>
        {
            Should.Throw<SetupException>(() => s.Base);
            Should.Throw<SetupException>(() => s.Policy);
            Should.Throw<SetupException>(() => s.RequireTemplates());
            Should.Throw<SetupException>(() => s.RequireStatistics()).Remedy!.ShouldContain("keystats");
        });

    [Fact]
    public void The_head_and_the_count_follow_the_events() =>
        Given.Ledger(Some.Opened, Some.TemplatesDrawn).Then(s => (s.Events, s.Head).ShouldBe((2, Digest.Of(EventJson.Serialize(Some.TemplatesDrawn)))));

    [Fact]
    public void An_event_without_a_rule_stops_the_fold() =>
        Should.Throw<NoRuleException>(() => LedgerSetup.Empty.Evolve(new RevisionTagged("v1", Some.MainId, 1), default)).Type.ShouldBe("revision-tagged.v1");

    private static LedgerOpened Open(LedgerSetup setup) =>
        setup.Open(Some.LedgerId, "tiny", Some.Checkpoint, "models/tiny-llama", Some.Matrix, Some.BaseMatrix, Hyperparameters.Published);
}
