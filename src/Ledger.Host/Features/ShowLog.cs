using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>The history of a timeline, one revision a line.</summary>
public static class ShowLog
{
    public sealed record Request(LedgerPaths Ledger, string Timeline) : IRequest<Result>;

    public sealed record Result(string Ledger, string Timeline, IReadOnlyList<Line> Lines);

    /// <summary>The stable fields of <c>log --json</c>.</summary>
    /// <param name="Edit">The edit it is about; null where a merge or cherry-pick took several.</param>
    /// <param name="Edits">All it is about.</param>
    /// <param name="Source">For a merge or cherry-pick: up to where it took from another timeline.</param>
    /// <param name="What">applied, quarantined, rejected, released, dismissed, withheld, reverted, reinstated, merged, cherry-picked.</param>
    /// <param name="Status">Where the edit stands now.</param>
    /// <param name="AbsDelta">|Δ| of the factors the event carries; null for events without factors.</param>
    /// <param name="Distance">‖W_n − W₀‖_F / numel(W) at this revision, from factors.</param>
    /// <param name="Caught">The rule that stopped the edit or, under an observing policy, would have.</param>
    public sealed record Line(
        long Revision, EditId? Edit, IReadOnlyList<EditId> Edits, ShowGraph.Point? Source, string What, EditStatus? Status, Variant? Variant, string? Prompt, string? Subject, string? Target,
        double? AbsDelta, double? KuU, double? KvU, double Distance, TargetScore? TargetScore, TargetScore? TrueTargetScore, string? Caught,
        string Actor, DateTimeOffset Time, StateId? State, Digest? Fingerprint, Digest Hash);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var history = await session.HistoryAsync(request.Timeline, token);
            return new Result(session.Setup.Base.Name, history.Name, [.. Lines(history, session.Setup, token)]);
        }

        private static IEnumerable<Line> Lines(TimelineHistory history, LedgerSetup setup, CancellationToken token)
        {
            var now = history.Timeline;
            var distances = StabilitySeries.FromBase(history.Changes, token);
            foreach (var row in history.Rows)
            {
                var record = row.Edits is [var edit] ? history.Record(edit) : null;
                var entry = record is null ? null : now.Known(record.Edit);
                var (signals, verdict) = RevisionFacts.Judgement(row.Event);
                var distance = distances[row.Revision - 1] / setup.Base.Matrix.Elements;
                var after = RevisionFacts.After(row.Event);
                yield return new Line(
                    row.Revision, record?.Edit, row.Edits, row.Event is EditsTaken x ? new ShowGraph.Point(setup.Timelines[x.Source].Started.Name, x.SourceRevision) : null, RevisionFacts.What(row.Event), entry?.Status, signals?.Chosen ?? entry?.Variant,
                    record?.Request.Prompt, record?.Request.Subject, record?.Request.Target,
                    signals?.Own.AbsDelta, signals?.Own.KuU, signals?.Own.KvU, distance, signals?.Target, signals?.TrueTarget, verdict?.Caught.FirstOrDefault()?.Rule,
                    row.Envelope.Metadata.Actor, row.Envelope.Metadata.Time, after.State, after.Fingerprint, row.Envelope.Hash);
            }
        }
    }
}
