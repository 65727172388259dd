using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>All timelines together, each revision once, in the order in which they became durable.</summary>
public static class ShowGraph
{
    public sealed record Request(LedgerPaths Ledger) : IRequest<Result>;

    /// <param name="Lines">The oldest first.</param>
    /// <param name="Names">What is to be found where: heads of timelines, then tags.</param>
    public sealed record Result(string Ledger, IReadOnlyList<Line> Lines, IReadOnlyList<Named> Names);

    /// <summary>A revision, on the timeline in whose own stream it lies; revision 0 of <c>main</c> is the base.</summary>
    public readonly record struct Point(string Timeline, long Revision);

    /// <summary>The stable fields of <c>log --graph --json</c>.</summary>
    /// <param name="Parent">The revision it goes on from; on another timeline where this one begins.</param>
    /// <param name="Source">For a merge or cherry-pick: up to where it took from another timeline.</param>
    /// <param name="Edit">The edit it is about; null where a merge or cherry-pick took several.</param>
    /// <param name="Edits">All it is about.</param>
    /// <param name="What">applied, quarantined, rejected, released, dismissed, withheld, reverted, reinstated, merged, cherry-picked.</param>
    /// <param name="Variant">Of the factors the event carries; for events without factors the one the edit was computed under.</param>
    /// <param name="AbsDelta">|Δ| of the factors the event carries; null for events without factors.</param>
    /// <param name="Caught">The rule that stopped the edit or, under an observing policy, would have.</param>
    public sealed record Line(
        string Timeline, long Revision, Point Parent, Point? Source, EditId? Edit, IReadOnlyList<EditId> Edits, string What, Variant? Variant, string? Prompt, string? Subject, string? Target,
        double? AbsDelta, double? KuU, double? KvU, string? Caught, string Actor, DateTimeOffset Time, Digest Hash)
    {
        public Point At() => new(Timeline, Revision);
    }

    /// <param name="Text">A timeline's name, with how it came to be or ended where that is worth a word; or a tag.</param>
    public sealed record Named(Point At, string Text);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var setup = session.Setup;
            var timelines = setup.Timelines.Values.ToDictionary(t => StreamName.Of(t.Started.Timeline));
            var heads = setup.Timelines.Values.ToDictionary(t => t.Started.Timeline, t => t.FirstRevision - 1);
            var records = new Dictionary<EditId, (Variant Variant, EditRequest Request)>();
            var lines = new List<Line>();
            await foreach (var recorded in session.Store.ReadAllAsync(StorePosition.Start, token))
            {
                if (!timelines.TryGetValue(recorded.Stream, out var timeline)) continue;            // the set-up, an observation, or begun after this was
                var envelope = EventJson.Current.Read(recorded);
                var e = envelope.Event as TimelineEvent ?? throw new NoRuleException(recorded.Type, timeline.FirstRevision + recorded.Number);
                if (e is EditJudged { Record: var record }) records[record.Edit] = (record.Variant, record.Request);
                var revision = heads[timeline.Started.Timeline] = timeline.FirstRevision + recorded.Number;
                lines.Add(Of(setup, timeline, revision, envelope, e, records));
            }
            return new Result(setup.Base.Name, lines, [.. Names(setup, heads)]);
        }

        private static Line Of(LedgerSetup setup, TimelineEntry timeline, long revision, EventEnvelope envelope, TimelineEvent e, Dictionary<EditId, (Variant Variant, EditRequest Request)> records)
        {
            var edits = RevisionFacts.Edits(e);
            (Variant Variant, EditRequest Request)? only = edits is [var edit] && records.TryGetValue(edit, out var known) ? known : null;
            var (signals, verdict) = RevisionFacts.Judgement(e);
            return new Line(
                timeline.Started.Name, revision, PointOf(setup, timeline, revision - 1),
                e is EditsTaken taken && setup.Timelines.GetValueOrDefault(taken.Source) is { } source ? PointOf(setup, source, taken.SourceRevision) : null,
                edits is [var one] ? one : null, edits, RevisionFacts.What(e), signals?.Chosen ?? only?.Variant, only?.Request.Prompt, only?.Request.Subject, only?.Request.Target,
                signals?.Own.AbsDelta, signals?.Own.KuU, signals?.Own.KvU, verdict?.Caught.FirstOrDefault()?.Rule, envelope.Metadata.Actor, envelope.Metadata.Time, envelope.Hash);
        }

        private static IEnumerable<Named> Names(LedgerSetup setup, Dictionary<TimelineId, long> heads)
        {
            foreach (var timeline in setup.Timelines.Values.OrderBy(t => t.Started.Name, StringComparer.Ordinal))
            {
                var id = timeline.Started.Timeline;
                var replay = setup.Replays.GetValueOrDefault(id) is { } r ? $"replay of {setup.Timelines[r.Source].Started.Name}{(r.Variant is { } v ? $" as {v.Name()}" : "")}" : null;
                yield return new Named(PointOf(setup, timeline, heads[id]), timeline.Started.Name + (replay is null ? "" : ", " + replay) + (setup.Closed.ContainsKey(id) ? ", closed" : ""));
            }
            foreach (var tag in setup.Tags.Values.OrderBy(t => t.Tag, StringComparer.Ordinal)) yield return new Named(PointOf(setup, setup.Timelines[tag.Timeline], tag.Revision), $"tag: {tag.Tag}");
        }

        private static Point PointOf(LedgerSetup setup, TimelineEntry timeline, long revision) => new(setup.Owner(timeline, revision).Started.Name, revision);
    }
}
