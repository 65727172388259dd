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
    public void A_timeline_is_named_by_its_id_or_a_beginning_of_it_as_well()
    {
        var (a, b) = (new TimelineId(new UInt128(1, 0)), new TimelineId(new UInt128(1, 1)));
        var fork = new Fork(Some.MainId, 0, default);
        Given.Ledger(Some.MainStarted, new TimelineStarted(a, "what-if", fork, "", TimelineOrigin.Branched), new TimelineStarted(b, "another", fork, "", TimelineOrigin.Branched)).Then(s =>
        {
            s.Timeline(a.ToString()).Started.Name.ShouldBe("what-if");
            s.Timeline(b.ToString().ToUpperInvariant()).Started.Name.ShouldBe("another");
            s.Timeline(Some.MainId.ToString()[..3].ToUpperInvariant()).Started.Name.ShouldBe("main");
            Should.Throw<RevisionUnknownException>(() => s.Timeline(a.ToString()[..8])).Remedy.ShouldBe("name one: another, what-if");
            s.FindTimeline("7").ShouldBeNull();
            s.FindTimeline("").ShouldBeNull();
            s.FindTimeline(new string('0', 27)).ShouldBeNull();
        });
    }

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
    public void A_tag_moves_only_on_purpose_and_never_takes_a_timelines_name()
    {
        var setup = Given.Ledger(Some.Opened, Some.MainStarted, new RevisionTagged("v1", Some.MainId, 1));
        setup.Then(s => s.Tags["v1"].Revision.ShouldBe(1));
        setup.When(s => s.Tag("v1", Some.MainId, 2, move: true)).Then(s => s.Tags["v1"].Revision.ShouldBe(2));
        setup.When(s => s.Tag("v1", Some.MainId, 2, move: false)).Throws<SetupException>();
        setup.When(s => s.Tag("main", Some.MainId, 2, move: true)).Throws<SetupException>();
        foreach (var name in new[] { "", "head", "17", "a@b", "a b", "{now}", new string('a', 65) }) setup.When(s => s.Tag(name, Some.MainId, 2, move: false)).Throws<SetupException>();
    }

    [Theory]
    [InlineData("HEAD")]
    [InlineData("Head")]
    [InlineData("head")]
    [InlineData("a..b")]
    [InlineData("x//y")]
    [InlineData("x/.y")]
    [InlineData("x./y")]
    [InlineData("x//")]
    [InlineData("x/")]
    [InlineData("x.")]
    public void Names_that_could_be_taken_for_something_else_are_given_to_nothing_new_and_kept_by_what_has_them(string name)
    {
        Given.Ledger(Some.MainStarted).When(s => s.Start(new TimelineId(5), name, null, "", TimelineOrigin.Branched)).Throws<SetupException>(e => e.Remedy.ShouldBe(RevisionName.NameRule));
        Given.Ledger(Some.MainStarted).When(s => s.Tag(name, Some.MainId, 1, move: false)).Throws<SetupException>(e => e.Remedy.ShouldBe(RevisionName.NameRule));
        var old = Given.Ledger(Some.MainStarted, new TimelineStarted(new TimelineId(5), name, null, "", TimelineOrigin.Branched), new RevisionTagged(name, Some.MainId, 1));
        old.Then(s => s.Timeline(name).Started.Timeline.ShouldBe(new TimelineId(5)));
        old.When(s => s.Tag(name, Some.MainId, 2, move: true)).Then(s => s.Tags[name].Revision.ShouldBe(2));
        if (name != "head") RevisionName.Parse($"{name}@3").ShouldBe(new RevisionName(name, 3));
    }

    [Fact]
    public void Names_that_differ_in_capitals_alone_are_one_but_those_there_are_stay_two()
    {
        var setup = Given.Ledger(Some.MainStarted, new RevisionTagged("v1", Some.MainId, 1));
        setup.When(s => s.Start(new TimelineId(5), "Main", null, "", TimelineOrigin.Branched)).Throws<SetupException>(e => (e.Message, e.Remedy).ShouldBe(("There is a timeline \"main\" already.", "choose another name: capitals alone do not tell two apart")));
        setup.When(s => s.Start(new TimelineId(5), "V1", null, "", TimelineOrigin.Branched)).Throws<SetupException>(e => e.Message.ShouldBe("\"v1\" is a tag already."));
        setup.When(s => s.Tag("MAIN", Some.MainId, 1, move: true)).Throws<SetupException>();
        setup.When(s => s.Tag("V1", Some.MainId, 2, move: true)).Throws<SetupException>();
        Given.Ledger(Some.MainStarted, new TimelineStarted(new TimelineId(5), "Main", null, "", TimelineOrigin.Branched)).Then(s => s.Timeline("Main").Started.Timeline.ShouldBe(new TimelineId(5)));
    }

    [Fact]
    public void A_timeline_knows_what_it_came_from_and_where_each_revision_lies()
    {
        var (a, b) = (new TimelineId(2), new TimelineId(3));
        Given.Ledger(
            Some.Opened, Some.MainStarted,
            new TimelineStarted(a, "a", new Fork(Some.MainId, 5, default), "", TimelineOrigin.Branched),
            new TimelineStarted(b, "b", new Fork(a, 8, default), "", TimelineOrigin.Branched)).Then(s =>
            {
                var timeline = s.Timeline("b");
                s.Ancestry(timeline).Select(t => t.Started.Name).ShouldBe(["main", "a", "b"]);
                s.Ancestry(timeline).Select(t => s.LastOf(t, timeline)).ShouldBe([5, 8, long.MaxValue]);
                new long[] { 0, 5, 6, 8, 9, 100 }.Select(r => s.Owner(timeline, r).Started.Name).ShouldBe(["main", "main", "a", "a", "b", "b"]);
                timeline.FirstRevision.ShouldBe(9);
                new long[] { 0, 5, 6, 8, 9 }.Select(r => s.Share(timeline, s.Timeline("a"), r)).ShouldBe([true, true, true, true, false]);
                new long[] { 0, 5, 6 }.Select(r => s.Share(s.Timeline("main"), timeline, r)).ShouldBe([true, true, false]);
            });
    }

    [Fact]
    public void A_replay_is_begun_and_ended_once_whoever_tries()
    {
        var branch = new TimelineId(2);
        var begun = new ReplayStarted(branch, Some.MainId, 1, 5, ReplayMode.Values, null, [], [], "default@1", false);
        var done = new ReplayCompleted(branch, 5, new StateId(Digest.Zero), null, 5, 0);
        var started = new TimelineStarted(branch, "a", new Fork(Some.MainId, 0, default), "", TimelineOrigin.Replayed);
        Given.Ledger(Some.Opened, Some.MainStarted, started).Then(s => (s.Begin(begun), s.Complete(done)).ShouldBe((begun, done)));
        Given.Ledger(Some.Opened, Some.MainStarted, started, begun, done).Then(s =>
        {
            (s.Begin(begun), s.Complete(done with { Applied = 4 })).ShouldBe((null, null));
            Should.Throw<SetupException>(() => s.Begin(begun with { Mode = ReplayMode.Optimise }));
        });
    }

    [Fact]
    public void A_closed_timeline_takes_nothing_more()
    {
        var branch = new TimelineId(2);
        var setup = Given.Ledger(Some.Opened, Some.MainStarted, new TimelineStarted(branch, "a", new Fork(Some.MainId, 5, default), "", TimelineOrigin.Branched));
        setup.When(s => s.Close(Some.MainId, "why")).Throws<SetupException>();
        setup.When(s => s.Close(branch, "merged")).Then(s =>
        {
            Should.Throw<SetupException>(() => s.RequireOpen(branch)).Message.ShouldContain("merged");
            Should.Throw<SetupException>(() => s.Close(branch, "again"));
        });
    }

    private static LedgerOpened Open(LedgerSetup setup) =>
        setup.Open(Some.LedgerId, "tiny", Some.Checkpoint, "models/tiny-llama", Some.Matrix, Some.BaseMatrix, Hyperparameters.Published);
}
