using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;
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
            if (request.Timeline is { } named) return [.. Lines(session.Setup, await session.HistoryAsync(named, token), filter, 1).Select(l => l.Line)];

            var all = new List<(long Position, Line Line)>();
            foreach (var timeline in session.Setup.Timelines.Values) all.AddRange(Lines(session.Setup, await session.HistoryAsync(timeline, long.MaxValue, token), filter, timeline.FirstRevision));
            return [.. all.OrderBy(l => l.Position).Select(l => l.Line)];       // keeps the order of the edits of one revision
        }

        private static IEnumerable<(long Position, Line Line)> Lines(LedgerSetup setup, TimelineHistory history, AuditFilter filter, long first)
        {
            var states = States(history);
            foreach (var x in Audit.Of(history, filter))
            {
                if (x.Revision < first) continue;
                var row = history.Rows[(int)x.Revision - 1];
                var signals = RevisionFacts.Judgement(row.Event).Signals;
                yield return (row.Envelope.Position.Value, new Line(
                    setup.Base.Ledger, x.Timeline, x.Revision, x.Time, x.Actor, x.Reason, x.What, x.Edit, x.Author, x.Source, x.Prompt, x.Subject, x.Target, x.TrueTarget, x.Relation,
                    x.Variant, x.AbsDelta, x.KuU, x.KvU, signals?.CosKeys, signals?.DeltaOverM0,
                    signals?.Target is { } t ? TargetScore.Probability(t.Before) : null, signals?.Target?.After is { } after ? TargetScore.Probability(after) : null,
                    x.Outcome, x.Caught, x.Status, states[x.Revision - 1], RevisionFacts.After(row.Event).Fingerprint, row.Envelope.Hash));
            }
        }

        /// <summary>The state after each revision, as recorded; a dismissal changes none and records none.</summary>
        private static StateId[] States(TimelineHistory history)
        {
            var state = StateId.Of(history.Timeline.BaseMatrix, []);
            return [.. history.Rows.Select(row => state = RevisionFacts.After(row.Event).State ?? state)];
        }
    }
}

/// <summary>A range that ends before it begins.</summary>
public sealed class AuditRangeException(DateTimeOffset from, DateTimeOffset until)
    : LedgerException($"Nothing lies from {from.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z until {until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z.", "give --since the earlier time and --until the later one")
{
    public override FailureKind Kind => FailureKind.BadInput;
}
