using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Lets a quarantined edit in, with factors for the state as it is now.</summary>
public static class ReleaseEditFeature
{
    /// <param name="Variant">Null for the one it has.</param>
    /// <param name="DryRun">Compute everything, append nothing.</param>
    public sealed record Request(DecideOnEdit Command, LedgerPaths Ledger, string Timeline, string? Model, Variant? Variant, ReleaseMode Mode, bool DryRun) : IRequest<DecisionResult>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard, Func<LedgerPaths, IKeyStatisticsStore> stores)
        : IRequestHandler<Request, DecisionResult>
    {
        public async Task<DecisionResult> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var main = await session.HistoryAsync(request.Timeline, token);
            var record = main.Record(await session.FindEditAsync(main, request.Command.Edit, token));
            var status = main.Timeline.Known(record.Edit).Status;
            if (status != EditStatus.Quarantined) throw new EditStatusException(record.Edit, status, "released", EditStatus.Quarantined);
            // An earlier release or a merge may have given it another variant, v_e and factors than it was computed with.
            var present = main.Present(record.Edit);
            var variant = request.Variant ?? present.Variant;

            EditReleased e;
            switch (request.Mode)
            {
                case ReleaseMode.Optimise:
                    e = Optimise(session, main, request, record, variant, token);
                    break;
                case ReleaseMode.Verbatim:
                    if (variant != present.Variant) throw new SetupException($"Verbatim keeps the recorded factors, which are {present.Variant.Name()}'s.", "release with --mode values to change the variant");
                    e = Released(session, main, record, variant, request, present.Solution, present.Delta, present.Digest == record.Delta.Digest ? record.Signals : record.Signals.Sized(present.Variant, present.Delta), null);
                    break;
                default:
                    var (factors, m0, outKBar) = Rederive.Values(record.Keys, present.Solution.VE, variant, main.DeltasInEffect());
                    e = Released(session, main, record, variant, request, EditSolution.Of(m0, present.Solution.VE, factors), factors.Delta, record.Signals.OnState(variant, record.Keys, present.Solution.VE, m0, outKBar), null);
                    break;
            }
            return await DecisionResult.RecordAsync(session, main, e, new Milestones(session, guard, request.Model), request.Command.Author, request.DryRun, token);
        }

        private EditReleased Optimise(LedgerSession session, TimelineHistory main, Request request, EditRecord record, Variant variant, CancellationToken token)
        {
            using var bench = ReplayBench.Load(session, library, guard, stores, request.Model, token);
            var (made, candidate, _) = bench.Optimise(main, record, variant, token);
            using (candidate) return Released(session, main, record, variant, request, made.Solution, made.Delta, made.Signals, candidate?.With);
        }

        /// <summary>The gate is asked and its verdict recorded; here it does not decide.</summary>
        private static EditReleased Released(
            LedgerSession session, TimelineHistory main, EditRecord record, Variant variant, Request request, EditSolution solution, RankOneDelta delta, Signals signals, Digest? fingerprint)
        {
            var verdict = EditGate.Judge(session.Setup.Policy, signals, delta, main.Timeline.AcceptedAbsDeltas(variant));
            return main.Timeline.Release(record.Edit, variant, request.Mode, solution, delta, signals, verdict, request.Command.Reason, fingerprint);
        }
    }
}
