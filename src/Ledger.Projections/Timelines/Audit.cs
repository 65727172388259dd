using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Projections.Analysis;
using Ledger.Projections.Rows;

namespace Ledger.Projections.Timelines;

/// <summary>Which entries of a timeline are asked for: those that fit everything that is given. Texts are compared trimmed, letter for letter.</summary>
public sealed record AuditFilter
{
    /// <summary>The request's prompt template.</summary>
    public string? Prompt { get; init; }

    public string? Subject { get; init; }

    public string? Relation { get; init; }

    /// <summary>Who made the revision, or whose decision the edit is.</summary>
    public string? Author { get; init; }

    /// <summary>The variant of the factors that counted after the revision.</summary>
    public Variant? Variant { get; init; }

    /// <summary>What the gate made of the factors; decisions without factors have none.</summary>
    public Outcome? Outcome { get; init; }

    /// <summary>Not before.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Not after.</summary>
    public DateTimeOffset? Until { get; init; }

    public bool Fits(AuditEntry x) =>
        Fits(Prompt, x.Prompt) && Fits(Subject, x.Subject) && Fits(Relation, x.Relation) && (Fits(Author, x.Actor) || Fits(Author, x.Author))
        && (Variant ?? x.Variant) == x.Variant && (Outcome is null || Outcome == x.Outcome) && !(x.Time < From) && !(x.Time > Until);

    private static bool Fits(string? wanted, string? text) => wanted is null || Facts.Equal(wanted, text);
}

/// <summary>What one revision did to one edit; a revision that concerns several edits has an entry for each.</summary>
/// <param name="Timeline">Its name.</param>
/// <param name="Actor">Who made the revision.</param>
/// <param name="What">One word: applied, quarantined, rejected, released, dismissed, withheld, reverted, reinstated, merged, cherry-picked. Reverted too where it gave way to an edit that was taken over.</param>
/// <param name="Author">Whose decision the edit is.</param>
/// <param name="Variant">Of the factors that counted after the revision.</param>
/// <param name="AbsDelta">|Δ| of the factors the event carries, as recorded, finite or not; null for events without factors.</param>
/// <param name="KuU">k_u·u of the same; null also for what was taken over.</param>
/// <param name="KvU">k_v·u of the same.</param>
/// <param name="Outcome">What the gate made of them; of a release it is recorded and did not decide.</param>
/// <param name="Caught">The rule that stopped the edit or, under an observing policy, would have.</param>
/// <param name="Reason">Why this revision was made.</param>
/// <param name="Source">The edit's URL or ticket.</param>
/// <param name="Status">Where the edit stands now.</param>
public sealed record AuditEntry(
    string Timeline, long Revision, DateTimeOffset Time, string Actor, string What, EditId Edit, string Author,
    string Prompt, string Subject, string Target, string? TrueTarget, string? Relation,
    Variant Variant, double? AbsDelta, double? KuU, double? KvU, Outcome? Outcome, string? Caught, string? Reason, string? Source, EditStatus Status)
{
    /// <param name="timeline">The name of the one that is looked at: the revision may be inherited.</param>
    /// <param name="now">Where the edit stands on it now.</param>
    public static AuditEntry Of(string timeline, ChangeRow x, EditRow edit, EditStatus now) => new(
        timeline, x.Revision, x.Time, x.Actor, x.What, x.Edit, edit.Author, edit.Prompt, edit.Subject, edit.Target, edit.TrueTarget, edit.Relation,
        x.Variant, x.AbsDelta, x.KuU, x.KvU, x.Outcome, x.Caught, x.Reason, edit.Source, now);
}
