using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Merging;

/// <summary>An edit that stands at a source otherwise than on a target, by a decision the target does not know of.</summary>
/// <param name="Record">The edit as it was computed.</param>
/// <param name="Revision">The source's revision by which it stands as it does there.</param>
/// <param name="There">How it stands at the source.</param>
/// <param name="Here">How it stands on the target; null where the target has no such edit.</param>
/// <param name="DecidedHere">The target's revision that decided about it without knowing of the source's decision, as the source did not know of this one; else null.</param>
public sealed record MergeItem(EditRecord Record, long Revision, EditEntry There, EditEntry? Here, long? DecidedHere)
{
    public EditId Edit => Record.Edit;

    /// <summary>Whether it is in effect at the source, and so would take effect here.</summary>
    public bool Enters => There.Status == EditStatus.InEffect;

    /// <summary>Everything a source has and a target lacks, in the order in which it came or took effect at the source.</summary>
    /// <remarks>
    /// Of edits that the target never had, those in effect and those in quarantine: what was rejected, dismissed or reverted before anybody here saw it is not
    /// worth a line. Of edits that it has, those that stand otherwise at the source, the status or the factors, if the decision there is news here; not those
    /// that were dismissed or rejected here, which is final.
    /// </remarks>
    public static ImmutableArray<MergeItem> Lacking(TimelineHistory target, TimelineHistory source, KnownDecisions decisions)
    {
        var there = LastPlaces(source);
        var here = LastPlaces(target);
        var found = new List<(MergeItem Item, int Place)>();
        foreach (var entry in source.Timeline.Edits.Values)
        {
            var ours = target.Timeline.Edits.GetValueOrDefault(entry.Edit);
            if (ours is null ? !IsLive(entry.Status) : IsFinal(ours.Status) || Same(ours, entry)) continue;
            var (theirs, mine) = (decisions.Of(source, source.Timeline.Revision, entry.Edit), decisions.Of(target, target.Timeline.Revision, entry.Edit));
            if (mine.Heard.Contains(theirs.Last!.Value)) continue;
            var apart = mine.Last is { } last && !theirs.Heard.Contains(last);
            found.Add((new MergeItem(source.Record(entry.Edit), there[entry.Edit].Revision, entry, ours, apart ? here[entry.Edit].Revision : null), there[entry.Edit].Place));
        }
        return [.. found.OrderBy(f => f.Place).Select(f => f.Item)];
    }

    /// <summary>The edits that somebody names, in that order: naming one is the decision to have it stand here as it does there.</summary>
    /// <exception cref="EditStatusException">It is neither in effect nor in quarantine at the source, or stands here as it does there, or was dismissed or rejected here.</exception>
    public static ImmutableArray<MergeItem> Picked(TimelineHistory target, TimelineHistory source, IEnumerable<EditId> edits)
    {
        var there = LastPlaces(source);
        return [.. edits.Distinct().Select(edit =>
        {
            var entry = source.Timeline.Known(edit);
            if (!IsLive(entry.Status)) throw new EditStatusException(edit, entry.Status, "cherry-picked", EditStatus.InEffect);
            var ours = target.Timeline.Edits.GetValueOrDefault(edit);
            if (ours is not null && IsFinal(ours.Status)) throw new EditStatusException(edit, ours.Status, "cherry-picked");
            if (ours is not null && Same(ours, entry)) throw new EditStatusException(edit, ours.Status, "cherry-picked again");
            return new MergeItem(source.Record(edit), there[edit].Revision, entry, ours, DecidedHere: null);
        })];
    }

    private static bool IsLive(EditStatus status) => status is EditStatus.InEffect or EditStatus.Quarantined;

    private static bool IsFinal(EditStatus status) => status is EditStatus.Dismissed or EditStatus.Rejected;

    private static bool Same(EditEntry a, EditEntry b) => a.Status == b.Status && a.Delta == b.Delta;

    /// <summary>Where each edit was last decided about: the revision, and its place among all decisions, within one merge too.</summary>
    private static Dictionary<EditId, (long Revision, int Place)> LastPlaces(TimelineHistory history)
    {
        var (places, place) = (new Dictionary<EditId, (long, int)>(), 0);
        foreach (var row in history.Rows)
            foreach (var edit in row.Edits)
                places[edit] = (row.Revision, place++);
        return places;
    }
}
