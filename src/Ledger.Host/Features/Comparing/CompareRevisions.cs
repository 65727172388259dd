using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Comparing;

/// <summary>Two timelines or revisions side by side: from events alone what the edits are, and from the model what they make it say.</summary>
public static class CompareRevisions
{
    /// <param name="Answers">Whether the model is run.</param>
    /// <param name="Prompts">Asked besides the edits' own.</param>
    /// <param name="Text">Documents for perplexity; empty for none.</param>
    public sealed record Request(
        LedgerPaths Ledger, RevisionName A, RevisionName B, string? Model, bool Answers, IReadOnlyList<string> Prompts, IReadOnlyList<string> Text, IProgress<Step>? Progress) : IRequest<Comparison>;

    /// <summary>A prompt was answered by one of the states.</summary>
    public readonly record struct Step(int Done, int Total);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard) : IRequestHandler<Request, Comparison>
    {
        public async Task<Comparison> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var (a, b) = (await session.AtAsync(request.A, token), await session.AtAsync(request.B, token));
            var (left, right) = (await EditLineage.OfAsync(session, a, token), await EditLineage.OfAsync(session, b, token));
            var elements = session.Setup.Base.Matrix.Elements;
            var edits = Pairs(Edits(a, token), left, Edits(b, token), right, a, b);
            var (fromBaseA, fromBaseB) = (StabilitySeries.FromBase(a.Changes, token), StabilitySeries.FromBase(b.Changes, token));
            var between = StabilitySeries.Between(a.Changes, b.Changes, token);
            var difference = StateDifference.Of(a.EditsInEffect(), b.EditsInEffect(), token);
            var comparison = new Comparison(
                session.Setup.Base.Name, await SideAsync(session, a, edits, e => e.A, difference.FromBaseA / elements, token), await SideAsync(session, b, edits, e => e.B, difference.FromBaseB / elements, token), edits,
                [.. between.Select((x, i) => new RevisionDistances(i + 1, At(fromBaseA, i, elements), At(fromBaseB, i, elements), x / elements))],
                difference.Distance / elements, null, [], null, null);
            return request.Answers ? WithAnswers(session, request, comparison, a, b, token) : comparison;
        }

        private Comparison WithAnswers(LedgerSession session, Request request, Comparison comparison, TimelineHistory a, TimelineHistory b, CancellationToken token)
        {
            Workbench bench;
            try
            {
                bench = Workbench.Load(session, library, guard, request.Model, token);
            }
            catch (SetupException absent)
            {
                return comparison with { WithoutModel = absent.Message };
            }
            using (bench)
                return new AnswerComparison(bench, request).Run(comparison, a, b, token);
        }

        private static double? At(double[] distances, int revision, long elements) => revision < distances.Length ? distances[revision] / elements : null;

        private static async Task<Side> SideAsync(LedgerSession session, TimelineHistory history, IReadOnlyList<EditPair> edits, Func<EditPair, EditSide?> side, double distance, CancellationToken token)
        {
            var own = edits.Select(side).OfType<EditSide>().ToList();
            var inEffect = own.Where(e => e.Status == EditStatus.InEffect).ToList();
            var drifts = inEffect.Select(e => e.Drift!.Value).Where(d => !double.IsNaN(d)).Order().ToArray();
            return new Side(
                $"{history.Name}@{history.Timeline.Revision}", inEffect.Count, own.Count(e => e.Status is EditStatus.Quarantined or EditStatus.Rejected or EditStatus.Dismissed),
                inEffect.Count(e => e.Caught is not null), inEffect.Count(e => WithoutPass(history.Record(e.Edit).Verdict)), distance, Median([.. inEffect.Select(e => e.AbsDelta).Order()]), Median(drifts), drifts.Length > 0 ? drifts[^1] : null,
                history.Timeline.State, await session.RecordedFingerprintAsync(history, token), history.Head, null, null, null);
        }

        private static bool WithoutPass(Verdict verdict) => verdict.Findings.Any(f => f is { Rule: Rules.Unreached, Result: FindingResult.NotEvaluated });

        private static double? Median(double[] sorted) => sorted.Length == 0 ? null : EditGate.Median(sorted);

        /// <summary>Each edit of a history as it stands at its end.</summary>
        private static List<EditSide> Edits(TimelineHistory history, CancellationToken token)
        {
            var inEffect = history.EditsInEffect();
            var drifts = Drift.Of(inEffect, history.DeltasInEffect(), token).ToDictionary(d => d.Edit);
            return [.. history.Timeline.Edits.Values.OrderBy(e => e.Revision).ThenBy(e => e.Edit.Value).Select(entry =>
            {
                var (record, making) = (history.Record(entry.Edit), history.Present(entry.Edit));
                var (keys, drift) = (record.Keys, drifts.GetValueOrDefault(entry.Edit));
                var u = making.Delta.U;
                return new EditSide(
                    entry.Edit, entry.Revision, making.Variant, entry.Status, record.Verdict.Outcome, making.Delta.AbsDelta,
                    (Factors.UsesUBar(making.Variant) ? keys.KBar : keys.KO).Dot(u), (Factors.SolvesAtKBar(making.Variant) ? keys.KBar : keys.KO).Dot(u),
                    drift?.Residual, drift?.AtKV, drift?.AtKBar, record.Verdict.Caught.FirstOrDefault()?.InWords());
            })];
        }

        /// <summary>Matched by the edit that somebody asked for. Where a timeline has two of one, they are matched in order.</summary>
        private static List<EditPair> Pairs(List<EditSide> a, EditLineage left, List<EditSide> b, EditLineage right, TimelineHistory historyA, TimelineHistory historyB)
        {
            var waiting = b.GroupBy(e => right.Root(e.Edit)).ToDictionary(g => g.Key, g => new Queue<EditSide>(g));
            var pairs = new List<EditPair>();
            foreach (var edit in a)
            {
                var root = left.Root(edit.Edit);
                pairs.Add(Pair(root, historyA.Record(edit.Edit).Request, edit, waiting.GetValueOrDefault(root) is { Count: > 0 } same ? same.Dequeue() : null));
            }
            var unmatched = waiting.Values.SelectMany(q => q).ToHashSet();
            pairs.AddRange(b.Where(unmatched.Contains).Select(edit => Pair(right.Root(edit.Edit), historyB.Record(edit.Edit).Request, null, edit)));
            return pairs;
        }

        private static EditPair Pair(EditId root, EditRequest request, EditSide? a, EditSide? b) => new(root, request.Prompt, request.Subject, request.Target, a, b);
    }
}
