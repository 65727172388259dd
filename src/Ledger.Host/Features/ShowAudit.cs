using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Projecting;
using Ledger.Host.Sessions;
using Ledger.Projections.Rows;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Who changed what, when and why, over every timeline of the ledger or one.</summary>
public static class ShowAudit
{
    /// <param name="Timeline">One timeline, with what it inherited; null for all of them, each revision once, where it lies.</param>
    public sealed record Request(LedgerPaths Ledger, string? Timeline, AuditFilter Filter) : IRequest<IReadOnlyList<Line>>;

    /// <summary>What one revision did to one edit; the stable fields of <c>audit --format jsonl</c> and the columns of <c>csv</c>.</summary>
    /// <param name="Ledger">The ledger's id: an export says what it is of.</param>
    /// <param name="Actor">Who made the revision.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="What">applied, quarantined, rejected, released, dismissed, withheld, reverted, reinstated, merged, cherry-picked.</param>
    /// <param name="Author">Whose decision the edit is.</param>
    /// <param name="Source">The edit's URL or ticket.</param>
    /// <param name="Variant">Of the factors that counted after the revision.</param>
    /// <param name="AbsDelta">|Δ| of the factors the event carries; like all signals null for events without factors.</param>
    /// <param name="KuU">k_u·u.</param>
    /// <param name="KvU">k_v·u.</param>
    /// <param name="CosKeys">cos(k̄, k_o).</param>
    /// <param name="DeltaOverM0">‖δ‖ / ‖m₀‖.</param>
    /// <param name="TargetBefore">The target's probability on the plain prompt, before the edit.</param>
    /// <param name="TargetAfter">With it.</param>
    /// <param name="Outcome">What the gate made of the factors; of a release it is recorded and did not decide.</param>
    /// <param name="Caught">The rule that stopped the edit or, under an observing policy, would have.</param>
    /// <param name="Status">Where the edit stands now, on that timeline.</param>
    /// <param name="State">The state id after the revision.</param>
    /// <param name="Fingerprint">Its weight fingerprint, where one was recorded.</param>
    /// <param name="Hash">The event's: the timeline's head at that revision.</param>
    public sealed record Line(
        LedgerId Ledger, string Timeline, long Revision, DateTimeOffset Time, string Actor, string? Reason, string What, EditId Edit, string Author, string? Source,
        string Prompt, string Subject, string Target, string? TrueTarget, string? Relation,
        Variant Variant, double? AbsDelta, double? KuU, double? KvU, double? CosKeys, double? DeltaOverM0, double? TargetBefore, double? TargetAfter,
        Outcome? Outcome, string? Caught, EditStatus Status, StateId State, Digest? Fingerprint, Digest Hash);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, IReadOnlyList<Line>>
    {
        public async Task<IReadOnlyList<Line>> Handle(Request request, CancellationToken token)
        {
            var filter = request.Filter;
            if (filter.From > filter.Until) throw new AuditRangeException(filter.From.Value, filter.Until.Value);
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            if (request.Timeline is not { } named) return await session.RowsAsync(rows => Lines(session.Setup, null, rows.Changes(filter.Subject), filter), token);

            var timeline = session.Setup.Timeline(named);
            return await session.RowsAsync(rows => Lines(
                session.Setup, timeline.Started.Name, session.Setup.Ancestry(timeline).SelectMany(a => rows.Changes(a.Started.Timeline, session.Setup.LastOf(a, timeline), filter.Subject)), filter), token);
        }

        /// <param name="named">The timeline that is looked at, its ancestors' revisions as its own; null for each revision where it lies.</param>
        internal static IReadOnlyList<Line> Lines(LedgerSetup setup, string? named, IEnumerable<(ChangeRow Change, EditRow Edit, string Timeline)> changes, AuditFilter filter)
        {
            // Where an edit stands now is known at the end.
            var standing = new Dictionary<(string Timeline, EditId Edit), EditStatus>();
            var found = new List<(AuditEntry Entry, ChangeRow Change)>();
            foreach (var (change, edit, own) in changes)
            {
                var entry = AuditEntry.Of(named ?? own, change, edit, change.Status);
                standing[(entry.Timeline, entry.Edit)] = change.Status;
                if (filter.Fits(entry)) found.Add((entry, change));
            }
            return [.. found.Select(f => Of(f.Entry, f.Change, standing[(f.Entry.Timeline, f.Entry.Edit)]))];

            Line Of(AuditEntry x, ChangeRow c, EditStatus now) => new(
                setup.Base.Ledger, x.Timeline, x.Revision, x.Time, x.Actor, x.Reason, x.What, x.Edit, x.Author, x.Source, x.Prompt, x.Subject, x.Target, x.TrueTarget, x.Relation,
                x.Variant, x.AbsDelta, x.KuU, x.KvU, c.CosKeys, c.DeltaOverM0, c.TargetBefore, c.TargetAfter, x.Outcome, x.Caught, now, c.State, c.Fingerprint, c.Hash);
        }
    }
}

/// <summary>A range that ends before it begins.</summary>
public sealed class AuditRangeException(DateTimeOffset from, DateTimeOffset until)
    : LedgerException($"Nothing lies from {from.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z until {until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z.", "give --since the earlier time and --until the later one")
{
    public override FailureKind Kind => FailureKind.BadInput;
}
