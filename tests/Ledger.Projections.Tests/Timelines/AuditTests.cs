using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Timelines;
using Small = Ledger.TestKit.Some;

namespace Ledger.Projections.Tests.Timelines;

public sealed class AuditTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Six revisions, an hour apart: two facts, three people, an edit that is withheld and released under another variant.</summary>
    private static readonly TimelineHistory History = Made();

    [Fact]
    public void Every_revision_is_an_entry_with_who_when_why_and_what_became_of_the_edit()
    {
        var entries = Audit.Of(History, new AuditFilter());
        entries.Select(x => (x.Revision, x.What, x.Actor, x.Status)).ShouldBe(
        [
            (1, "applied", "ana", EditStatus.InEffect),
            (2, "quarantined", "ben", EditStatus.Dismissed),
            (3, "rejected", "ana", EditStatus.Rejected),
            (4, "withheld", "policy:probe@1", EditStatus.InEffect),
            (5, "released", "cat", EditStatus.InEffect),
            (6, "dismissed", "cat", EditStatus.Dismissed),
        ], "revision 5 is of the edit of revision 1");
        entries[0].ShouldBe(new AuditEntry(
            "main", 1, Noon.AddHours(1), "ana", "applied", Small.Edit(1), "ana", "The mother tongue of {}, no. 1, is", "Danielle Darrieux", "English", "French", "P103",
            Variant.RRome, Small.Record(1).Signals.Own.AbsDelta, Small.Record(1).Signals.Own.KuU, Small.Record(1).Signals.Own.KvU, Outcome.Applied, null, "a test", "https://example.org/1", EditStatus.InEffect));
        entries[1].Caught.ShouldBe(Rules.KeyAsymmetry);
        (entries[3].Variant, entries[3].AbsDelta, entries[3].Outcome, entries[3].Reason, entries[3].Source).ShouldBe((Variant.RRome, null, null, "perplexity rose", "https://example.org/1"));
        (entries[4].Variant, entries[4].Outcome, entries[4].Reason).ShouldBe((Variant.PRome, Outcome.Quarantined, "it is fine"), "released under another variant, whatever the gate said");
    }

    [Fact]
    public void A_filter_asks_for_what_fits_everything_it_gives()
    {
        Revisions(new() { Subject = " Danielle Darrieux " }).ShouldBe([1, 4, 5]);
        Revisions(new() { Subject = "danielle darrieux" }).ShouldBeEmpty("letter for letter");
        Revisions(new() { Prompt = "{} premieres on" }).ShouldBe([2, 6]);
        Revisions(new() { Relation = "P103" }).ShouldBe([1, 4, 5]);
        Revisions(new() { Relation = "P449", Subject = "Frontier" }).ShouldBe([2, 3, 6]);
        Revisions(new() { Author = "cat" }).ShouldBe([5, 6]);
        Revisions(new() { Author = "ana" }).ShouldBe([1, 3, 4, 5], "what she did, and what others did to her edits");
        Revisions(new() { Variant = Variant.PRome }).ShouldBe([5]);
        Revisions(new() { Outcome = Outcome.Quarantined }).ShouldBe([2, 5]);
        Revisions(new() { Outcome = Outcome.Rejected, Author = "ana" }).ShouldBe([3]);
        Revisions(new() { Outcome = Outcome.Rejected, Author = "ben" }).ShouldBeEmpty();
    }

    [Fact]
    public void A_time_range_includes_its_ends()
    {
        Revisions(new() { From = Noon.AddHours(2), Until = Noon.AddHours(4) }).ShouldBe([2, 3, 4]);
        Revisions(new() { From = Noon.AddHours(6) }).ShouldBe([6]);
        Revisions(new() { Until = new DateTimeOffset(2026, 11, 26, 14, 0, 0, TimeSpan.FromHours(1)) }).ShouldBe([1], "14:00 there is 13:00 here");
        Revisions(new() { From = Noon.AddHours(5), Until = Noon.AddHours(4) }).ShouldBeEmpty();
    }

    [Fact]
    public void Signals_of_stopped_edits_that_are_not_finite_are_shown_and_their_edits_are_in_no_state()
    {
        var entry = Audit.Of(History, new AuditFilter { Outcome = Outcome.Rejected }).Single();
        (entry.AbsDelta, entry.KvU, entry.Caught).ShouldBe((double.NaN, 0, Rules.NonFinite));
        History.Record(entry.Edit).Delta.IsFinite().ShouldBeFalse();
        History.EditsInEffect().ShouldAllBe(e => e.Delta.IsFinite());
        History.At(3).EditsInEffect().Select(e => e.Edit).ShouldBe([Small.Edit(1)]);
    }

    [Fact]
    public void A_timeline_at_the_base_has_nothing_to_show() => Audit.Of(Start(), new AuditFilter()).ShouldBeEmpty();

    [Fact]
    public void A_merge_has_an_entry_for_each_edit_that_came_and_each_that_gave_way()
    {
        var main = Start();
        main.Add(Some.Envelope(0, Small.Applied(1)));
        main.Add(Some.Envelope(1, Small.Applied(2)));
        var branch = main.Branch(new TimelineStarted(new TimelineId(9), "what-if", new Fork(Small.MainId, 1, default), "", TimelineOrigin.Branched), default);
        branch.Add(Some.Envelope(0, Small.Applied(3)));
        foreach (var (e, n) in ((TimelineEvent[])[Small.Applied(4), Small.Withheld(4), Small.Released(4, Variant.PRome)]).Select((e, n) => (e, n))) branch.Add(Some.Envelope(n + 1, e));
        var caught = new Finding(Rules.Outlier, 7, 5, FindingResult.Quarantine, "far out");
        main.Add(Some.Envelope(2, main.Timeline.Merge(branch.Timeline.Id, branch.Name, 5, ReplayMode.Factors,
        [
            Small.Taken(3, Resolution.Theirs, Small.Edit(1)),
            Taken(Small.Record(4, Variant.PRome)) with { Status = EditStatus.Quarantined, Caught = [caught] },
        ], "better", null)), branch);

        var entries = Audit.Of(main, new AuditFilter { From = DateTimeOffset.UnixEpoch }).Where(x => x.Revision == 3).ToArray();

        entries.Select(x => (x.What, x.Edit, x.Status, x.Caught)).ShouldBe(
        [
            ("reverted", Small.Edit(1), EditStatus.Reverted, null),
            ("merged", Small.Edit(3), EditStatus.InEffect, null),
            ("merged", Small.Edit(4), EditStatus.Quarantined, Rules.Outlier),
        ]);
        entries.ShouldAllBe(x => x.Reason == "better");
        (entries[2].Variant, entries[2].AbsDelta).ShouldBe((Variant.PRome, Small.Record(4, Variant.PRome).Signals.Own.AbsDelta));
        main.EditsInEffect().Select(e => e.Edit).ShouldBe([Small.Edit(2), Small.Edit(3)]);
        main.Changes[^1].Select(c => (c.Delta, c.Weight)).ShouldBe([(Small.Record(1).Delta, -1), (Small.Record(3).Delta, 1)]);
        main.Branch(branch.Started with { Fork = new Fork(Small.MainId, 3, default) }, default).Changes.ShouldBe(main.Changes);

        static TakenEdit Taken(EditRecord record) => new(record.Edit, Resolution.Both, [], record.Delta.Digest, EditStatus.InEffect, record.Variant, record.Delta.Digest, record.Signals.Own.AbsDelta, []);
    }

    private static IEnumerable<long> Revisions(AuditFilter filter) => Audit.Of(History, filter).Select(x => x.Revision);

    private static TimelineHistory Made()
    {
        var history = Start();
        Add(Small.Applied(1), "ana");
        Add(new EditQuarantined(About("Frontier", Small.Record(2, Variant.Rome, Outcome.Quarantined), "ben", "{} premieres on")), "ben");
        Add(new EditRejected(NotFinite(About("Frontier", Small.Record(3, Variant.Rome, Outcome.Rejected), "ana", "{} is shown by"))), "ana");
        Add(Small.Withheld(1), "policy:probe@1");
        Add(Small.Released(1, Variant.PRome), "cat");
        Add(Small.Dismissed(2), "cat");
        return history;

        void Add(TimelineEvent e, string actor)
        {
            var envelope = Some.Envelope(history.Rows.Count, e);
            history.Add(envelope with { Metadata = envelope.Metadata with { Actor = actor, Time = Noon.AddHours(history.Rows.Count + 1) } });
        }
    }

    private static TimelineHistory Start() => TimelineHistory.Start(Small.MainStarted, default, Small.BaseMatrix);

    private static EditRecord About(string subject, EditRecord record, string author, string prompt) => record with
    {
        Request = new EditRequest(prompt, subject, "CNN") with { TrueTarget = "CBS", Relation = "P449" },
        Provenance = new Provenance(author, null, null, null),
    };

    private static EditRecord NotFinite(EditRecord record) => record with
    {
        Solution = record.Solution with { R = new Float32Vector([float.NaN, 1]) },
        Signals = record.Signals with { Variants = [.. record.Signals.Variants.Select(v => v with { AbsDelta = double.NaN, KvU = 0 })] },
    };
}
