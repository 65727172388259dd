using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Replaying;

/// <summary>
/// A history again, as a timeline of its own: without an edit, in another order, under another variant. Given again after it was stopped or killed, it
/// goes on where it was: each step's event id derives from the timeline and the step.
/// </summary>
public static class ReplayTimeline
{
    /// <param name="Source">What is replayed, up to this revision.</param>
    /// <param name="From">Revisions of the source up to this one stay as they are; null for the base alone.</param>
    /// <param name="As">The new timeline's name.</param>
    /// <param name="Mode">Null for <c>factors</c>, or <c>values</c> where a variant is named.</param>
    /// <param name="Without">Edits left out, as people name them.</param>
    /// <param name="Only">The only ones replayed; empty for all.</param>
    /// <param name="Order">Every edit that is replayed, in a new order; empty for the recorded one.</param>
    /// <param name="Gate"><c>off</c>, a policy this ledger has had, or null for the present one.</param>
    public sealed record Request(
        LedgerPaths Ledger, RevisionName Source, RevisionName? From, string As, ReplayMode? Mode, Variant? Variant, IReadOnlyList<string> Without, IReadOnlyList<string> Only,
        IReadOnlyList<string> Order, string? Gate, bool OutcomesAsRecorded, string? Purpose, string? Model, string Author, IProgress<Step>? Progress) : IRequest<Result>, ICarriesCommand
    {
        object ICarriesCommand.Command => new StartBranch(As, Source, Purpose, Author);
    }

    /// <param name="Edit">Null for a decision that was replayed.</param>
    public readonly record struct Step(int Done, int Total, Line? Edit);

    /// <summary>One edit that was made again, or let in after it was stopped; the stable fields of <c>replay --json</c>.</summary>
    /// <param name="Source">The edit it came from.</param>
    /// <param name="How">What was computed: <c>factors</c>, <c>values</c> or <c>optimise</c>.</param>
    /// <param name="SourceAbsDelta">|Δ| that the source has.</param>
    /// <param name="Shift">‖m₀ recorded − m₀ replayed‖ / ‖m₀ replayed‖; null where v_e was found anew or nothing was computed.</param>
    /// <param name="DifferentModel">v_e was found on a different model: the shift is over 0.5.</param>
    /// <param name="Recorded">What became of it at the source.</param>
    /// <param name="Released">It was let in by a release; <paramref name="Caught"/> did not decide.</param>
    /// <param name="Caught">What the gate stopped it for or, where it only observes, would have.</param>
    public sealed record Line(
        long Revision, EditId Edit, EditId Source, string Prompt, string Subject, string Target, ReplayMode How, Variant SourceVariant, Variant Variant, double SourceAbsDelta, double AbsDelta,
        double KuU, double KvU, double? Shift, bool DifferentModel, Outcome Recorded, Outcome Outcome, bool Released, string? Caught);

    /// <param name="Steps">Edits and decisions in all.</param>
    /// <param name="Before">Steps that an earlier run had done.</param>
    /// <param name="Applied">Edits that were let in, by the gate or by a release; like all that follows, of all runs.</param>
    /// <param name="Released">Those of them that only a release let in.</param>
    /// <param name="Quarantined">Edits that were quarantined and that no release let in.</param>
    /// <param name="Flagged">Edits whose v_e was found on a different model.</param>
    /// <param name="WouldStop">Edits that were let in though a rule caught them: it only observes, or what was recorded is kept.</param>
    /// <param name="Unasked">Edits of which the rule <c>unreached</c> was not evaluated, for want of a pass through the model with them.</param>
    /// <param name="Fingerprint">Null where the base was not at hand; <paramref name="WithoutFingerprint"/> says why.</param>
    /// <param name="Stopped">True when the run was cancelled between two steps; everything before is recorded.</param>
    public sealed record Result(
        string Timeline, string Source, long From, long To, ReplayMode Mode, int Steps, int Before, int Applied, int Released, int Quarantined, int Rejected, int Flagged, int WouldStop, int Unasked,
        long Head, StateId State, Digest? Fingerprint, string? WithoutFingerprint, bool Stopped);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard, Func<LedgerPaths, IKeyStatisticsStore> stores) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var order = await ReplayOrder.OfAsync(session, request, token);
            using var bench = order.NeedsModel ? ReplayBench.Load(session, library, guard, stores, request.Model, token) : null;
            var replay = order.Resumes ? order.Started : await StartAsync(session, order, request, token);

            var target = await session.HistoryAsync(request.As, token);
            var runner = new ReplayRun(session, target, order, await EditLineage.OfAsync(session, order.Source, token), bench, new Milestones(session, guard, request.Model), replay.Timeline, request.Author);
            var (result, stopped) = (await runner.RunAsync(request.Progress, token), token.IsCancellationRequested);
            if (stopped) return result with { Stopped = true };

            var (fingerprint, why) = bench is not null ? (bench.FingerprintOf(target, token), null) : Fingerprint(session, target, request.Model, token);
            await session.DecideAsync(
                s => s.Complete(new ReplayCompleted(replay.Timeline, target.Timeline.Revision, target.Timeline.State, fingerprint, result.Applied, result.Quarantined + result.Rejected)), CommandContext.For(request.Author), token);
            return result with { Fingerprint = fingerprint, WithoutFingerprint = why };
        }

        private static async Task<ReplayStarted> StartAsync(LedgerSession session, ReplayOrder order, Request request, CancellationToken token)
        {
            var by = CommandContext.For(request.Author);
            var fork = await session.ForkAsync(new RevisionPoint(session.Setup.Timelines[order.Started.Source], order.From), token);
            // A run that was killed between the two events left the first one behind.
            var known = session.Setup.Timelines.GetValueOrDefault(order.Started.Timeline);
            if (known is not null && known.Started.Fork != fork) throw LedgerSetup.OtherOptions(request.As);
            if (known is null)
                await session.DecideAsync(s => s.Start(order.Started.Timeline, request.As, fork, request.Purpose ?? order.Purpose, TimelineOrigin.Replayed), by, token);
            await session.DecideAsync(s => s.Begin(order.Started), CommandContext.For(request.Author), token);
            return order.Started;
        }

        /// <summary>The weights at the end, where the base is at hand: a replay from events alone does without.</summary>
        private (Digest? Fingerprint, string? Why) Fingerprint(LedgerSession session, TimelineHistory target, string? model, CancellationToken token)
        {
            try
            {
                var w = guard.ReadMatrix(session, BaseGuard.Locate(session, model));
                Fold.Apply(w, session.Setup.Base.Matrix.Dv, session.Setup.Base.Matrix.Dk, target.DeltasInEffect(), token);
                return (WeightFingerprint.Of(w), null);
            }
            catch (LedgerException absent)
            {
                return (null, absent.Message);
            }
        }
    }
}
