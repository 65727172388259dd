using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Merging;

/// <summary>An event that decided about an edit: the same wherever it is read, inherited or merged.</summary>
public readonly record struct Decision(StreamName Stream, long Number);

/// <summary>What a timeline knows of the decisions about one edit.</summary>
/// <param name="Last">The one by which the edit stands as it does; null where the timeline has no such edit.</param>
/// <param name="Heard">Every one it made, inherited, or heard of in a merge, whatever it then did with it.</param>
public sealed record Known(Decision? Last, ImmutableHashSet<Decision> Heard)
{
    public static Known Nothing { get; } = new(null, []);
}

/// <summary>
/// Which decisions about an edit a timeline knows of at a revision, through all merges on the way. With it a merge can tell a decision that is news from
/// one that was superseded in full knowledge, however often timelines were merged to and fro.
/// </summary>
/// <remarks>A merge makes all decisions of its source known but those about edits that were skipped; a cherry-pick only those about the edits it names.</remarks>
/// <param name="timelines">A timeline's history, at least up to what a merge took from it.</param>
public sealed class KnownDecisions(Func<TimelineId, TimelineHistory> timelines)
{
    private readonly Dictionary<(TimelineHistory History, long Revision, EditId Edit), Known> found = [];
    private readonly Dictionary<TimelineHistory, Index> indices = [];

    /// <param name="history">The timeline; it may go on beyond the revision.</param>
    /// <param name="revision">0 for the base, up to its head.</param>
    public Known Of(TimelineHistory history, long revision, EditId edit)
    {
        if (found.TryGetValue((history, revision, edit), out var before)) return before;
        if (!indices.TryGetValue(history, out var index)) indices.Add(history, index = new Index(history));
        // In order: what an early merge took is found before a later one asks for it again, so that this does not go deep.
        var known = index.About(edit).TakeWhile(r => r.Revision <= revision).Aggregate(Known.Nothing, (k, row) => row.Event is EditsTaken x ? Taken(k, row, x, edit) : Decided(k, row));
        return found[(history, revision, edit)] = known;
    }

    private Known Taken(Known known, RevisionRow row, EditsTaken x, EditId edit)
    {
        var taken = x.Edits.FirstOrDefault(t => t.Edit == edit);
        if (taken is null ? x is TimelineMerged : taken.Resolution != Resolution.Skip)
        {
            var source = Of(timelines(x.Source), x.SourceRevision, edit);
            known = new Known(taken is { IsTaken: true } ? source.Last : known.Last, known.Heard.Union(source.Heard));
        }
        return x.Edits.Any(t => t.GivingWay.Contains(edit)) ? Decided(known, row) : known;
    }

    private static Known Decided(Known known, RevisionRow row)
    {
        var decision = new Decision(row.Envelope.Stream, row.Envelope.Number);
        return new Known(decision, known.Heard.Add(decision));
    }

    /// <summary>The rows that can say something of an edit: those about it, and every merge.</summary>
    private sealed class Index
    {
        private readonly ILookup<EditId, RevisionRow> own;
        private readonly RevisionRow[] merges;

        public Index(TimelineHistory history)
        {
            own = history.Rows.Where(r => r.Event is not EditsTaken).SelectMany(r => r.Edits, (r, e) => (Row: r, Edit: e)).ToLookup(x => x.Edit, x => x.Row);
            merges = [.. history.Rows.Where(r => r.Event is EditsTaken)];
        }

        public IEnumerable<RevisionRow> About(EditId edit) => own[edit].Concat(merges).OrderBy(r => r.Revision);
    }
}
