using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.Projections.Rows;

/// <summary>A timeline.</summary>
/// <param name="Parent">The one it left; null for <c>main</c>.</param>
/// <param name="Fork">The parent's last revision that is shared; 0 for <c>main</c>.</param>
/// <param name="Head">Its last revision, inherited ones counted.</param>
/// <param name="Closed">Why nothing more is added; null while it is open.</param>
public sealed record TimelineRow(TimelineId Id, string Name, TimelineId? Parent, long Fork, long Head, string Purpose, string? Closed);

/// <summary>What of an edit stays the same wherever it goes: what was asked for, by whom and why. Edits are judged once in a ledger, so the id is the row's name.</summary>
/// <param name="Reason">Why, in the author's words.</param>
/// <param name="Source">A URL or ticket.</param>
/// <param name="Origin">The edit of another timeline that it is a replay of.</param>
public sealed record EditRow(
    EditId Id, string Prompt, string Subject, string Target, string? TrueTarget, string? Relation, string Author, string? Reason, string? Source, EditId? Origin)
{
    public static EditRow Of(EditRecord x) => new(
        x.Edit, x.Request.Prompt, x.Request.Subject, x.Request.Target, x.Request.TrueTarget, x.Request.Relation, x.Provenance.Author, x.Provenance.Reason, x.Provenance.Source, x.Provenance.Origin);
}

/// <summary>What one revision did to one edit. A revision that concerns several has a row for each.</summary>
/// <param name="Timeline">The one whose own stream holds the revision.</param>
/// <param name="Ordinal">Place among the edits of the revision, from 0.</param>
/// <param name="Actor">Who made the revision.</param>
/// <param name="Reason">Why.</param>
/// <param name="What">One word: applied, quarantined, rejected, released, dismissed, withheld, reverted, reinstated, merged, cherry-picked. Reverted too where it gave way to an edit that was taken over.</param>
/// <param name="Variant">Of the factors that counted after the revision.</param>
/// <param name="AbsDelta">|Δ| of the factors the event carries, as recorded, finite or not; like all signals null for events without factors.</param>
/// <param name="KuU">k_u·u; null also for what was taken over.</param>
/// <param name="KvU">k_v·u.</param>
/// <param name="CosKeys">cos(k̄, k_o).</param>
/// <param name="DeltaOverM0">‖δ‖ / ‖m₀‖.</param>
/// <param name="TargetBefore">The target's probability on the plain prompt, before the edit.</param>
/// <param name="TargetAfter">With it.</param>
/// <param name="Outcome">What the gate made of the factors.</param>
/// <param name="Caught">The rule that stopped the edit or, under an observing policy, would have.</param>
/// <param name="Status">Where the edit stands on that timeline from then on, until its next change.</param>
/// <param name="State">The state id after the revision.</param>
/// <param name="Fingerprint">Its weight fingerprint, where one was recorded.</param>
/// <param name="Hash">The event's.</param>
/// <param name="Position">The event's, in the store that was read.</param>
public sealed record ChangeRow(
    TimelineId Timeline, long Revision, int Ordinal, DateTimeOffset Time, string Actor, string? Reason, string What, EditId Edit,
    Variant Variant, double? AbsDelta, double? KuU, double? KvU, double? CosKeys, double? DeltaOverM0, double? TargetBefore, double? TargetAfter,
    Outcome? Outcome, string? Caught, EditStatus Status, StateId State, Digest? Fingerprint, Digest Hash, StorePosition Position);

/// <summary>The rows that are there: all that the rows of the next event depend on, so that going on needs no event read again.</summary>
public interface IRowLookup
{
    TimelineRow? Timeline(TimelineId id);

    EditRow? Edit(EditId id);

    /// <summary>The last change of a timeline's own stream, not behind a revision.</summary>
    ChangeRow? LastChange(TimelineId timeline, long upTo);

    /// <summary>The same, of one edit.</summary>
    ChangeRow? LastChange(TimelineId timeline, EditId edit, long upTo);
}

/// <summary>What one event makes.</summary>
/// <param name="Timeline">In place of the row of this id, if there is one; null where no timeline changes.</param>
/// <param name="Edit">A new one.</param>
/// <param name="Changes">New ones.</param>
public sealed record MadeRows(TimelineRow? Timeline, EditRow? Edit, ImmutableArray<ChangeRow> Changes)
{
    public static MadeRows None { get; } = new(null, null, []);
}
