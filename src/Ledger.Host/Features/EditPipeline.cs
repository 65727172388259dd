using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features;

/// <summary>One edit, from request to recorded revision: compute, try, judge, append; what the gate stops never stays in the weights.</summary>
public sealed class EditPipeline(LedgerSession session, TimelineTip tip, Workbench bench, IKeyMoment c)
{
    /// <summary>How often one edit follows others before it gives up.</summary>
    public const int MostRebases = 5;

    /// <summary>The gate's verdict is written down and decides nothing.</summary>
    public bool GateOff { get; init; }

    /// <param name="Event">Null when the timeline has this very command already: somebody else gave it meanwhile.</param>
    /// <param name="Rebases">How often it was recomputed onto what others had appended.</param>
    public readonly record struct Recorded(EditJudged? Event, int Rebases);

    /// <summary>Computes and judges without recording anything; the model runs with what it ran with before.</summary>
    public EditRecord DryRun(EditRequest request, Variant variant, Provenance by, IProgress<LossPoint>? progress, CancellationToken token)
    {
        var (record, candidate) = Judge(request, variant, by, Compute(request, progress, token), token);
        candidate?.Dispose();
        return record;
    }

    /// <summary>Computes, judges and records.</summary>
    /// <exception cref="TimelineConflictException">Somebody else appended meanwhile, or five times in a row; nothing was recorded.</exception>
    public async Task<Recorded> RecordAsync(
        EditRequest request, Variant variant, Provenance by, CommandContext context, OnConflict onConflict, IProgress<LossPoint>? progress, CancellationToken token)
    {
        var x = Compute(request, progress, token);
        for (var rebases = 0; ; rebases++)
        {
            try
            {
                return new Recorded(await AppendAsync(request, variant, by, x, context, token), rebases);
            }
            catch (TimelineConflictException) when (onConflict == OnConflict.Rebase && rebases < MostRebases)
            {
            }
            await CatchUpAsync(token);
            if (tip.Has(context.EventId)) return new Recorded(null, rebases);
            x = OnPresentWeights(x);
        }
    }

    private EditComputation Compute(EditRequest request, IProgress<LossPoint>? progress, CancellationToken token) =>
        bench.Editor.Compute(request, session.Setup.RequireTemplates(), session.Setup.Base.Hyperparameters, c, progress, token);

    private async Task<EditJudged> AppendAsync(EditRequest request, Variant variant, Provenance by, EditComputation x, CommandContext context, CancellationToken token)
    {
        var (record, candidate) = Judge(request, variant, by, x, token);
        using (candidate)
        {
            var e = tip.Timeline.Record(record, candidate?.With, candidate?.Before ?? bench.Fingerprint);
            await session.AppendAsync(tip, e, context, token);
            if (e is EditApplied) candidate!.Keep();
            return e;
        }
    }

    /// <summary>Reads what was appended beside this pipeline, by a stream rule or by others, and runs with it.</summary>
    /// <remarks>Whatever the bench runs with: a stream rule may have left another state there.</remarks>
    public async Task FollowAsync(CancellationToken token)
    {
        if ((await session.CatchUpAsync(tip, token)).Count > 0) await bench.InstallAsync(session.DeltasInEffectAsync(tip, token), token);
    }

    /// <summary>Reads what others appended and runs with it; the bench runs with what the timeline had before.</summary>
    public async Task CatchUpAsync(CancellationToken token)
    {
        var seen = await session.CatchUpAsync(tip, token);
        // Edits that were only added are folded in behind; anything else changes what comes before.
        if (seen.All(e => e is EditJudged or EditDismissed)) bench.Extend([.. seen.OfType<EditApplied>().Select(e => e.Record.Delta)], token);
        else await bench.InstallAsync(session.DeltasInEffectAsync(tip, token), token);
    }

    /// <summary>The same k̄, k_o and v_e on the weights as they are now: only what W gives at the keys is another (docs/editing.md §3).</summary>
    private EditComputation OnPresentWeights(EditComputation x) => x with
    {
        M0 = Rederive.Output(x.BaseOutKO, x.KO, bench.Present, bench.Editor.BaseMatrix),
        OutKBar = Rederive.Output(x.BaseOutKBar, x.KBar, bench.Present, bench.Editor.BaseMatrix),
    };

    private (EditRecord Record, Workbench.Candidate? Candidate) Judge(EditRequest request, Variant variant, Provenance by, EditComputation x, CancellationToken token)
    {
        var setup = session.Setup;
        var factors = Factors.Of(variant, x);
        var (signals, candidate) = Measure(request, x, variant, factors, token);
        var verdict = EditGate.Judge(GateOff ? setup.Policy.Observed() : setup.Policy, signals, factors.Delta, tip.Timeline.AcceptedAbsDeltas(variant));
        return (new EditRecord
        {
            Edit = NewIds.Edit(),
            Request = request,
            Variant = variant,
            Matrix = setup.Base.Matrix,
            Base = setup.Base.Base.Digest,
            Hyperparameters = setup.Base.Hyperparameters,
            Templates = setup.Templates!.Digest,
            TemplateSeed = setup.RequireTemplates().Seed,
            KeyStatistics = setup.RequireStatistics().Digest,
            Engine = bench.Editor.Engine,
            Provenance = by,
            Keys = EditKeys.Of(x),
            Solution = EditSolution.Of(x, factors),
            Signals = signals,
            Verdict = verdict,
            After = tip.Timeline.State,
            Fingerprint = null,
        }, candidate);
    }

    /// <summary>Scores the plain prompt before and with the edit, and runs the policy's probe; an edit that is not finite has no weights to run with.</summary>
    internal (Signals Signals, Workbench.Candidate? Candidate) Measure(EditRequest request, EditComputation x, Variant variant, Factors factors, CancellationToken token)
    {
        var before = Scores(request, token);
        if (!factors.Delta.IsFinite()) return (Signals.Of(variant, x, new TargetScore(before.Target, null), before.True is { } t ? new TargetScore(t, null) : null), null);
        var candidate = bench.Try(factors.Delta, token);
        try
        {
            var after = Scores(request, token);
            var signals = Signals.Of(variant, x, new TargetScore(before.Target, after.Target), before.True is { } b ? new TargetScore(b, after.True) : null);
            return (signals with { Probes = bench.Probes.Of(session.Setup.Policy, request, token) }, candidate);
        }
        catch
        {
            candidate.Dispose();
            throw;
        }
    }

    private (double Target, double? True) Scores(EditRequest request, CancellationToken token)
    {
        (string, string)[] items = request.TrueTarget is { } t ? [(request.Text, request.Target), (request.Text, t)] : [(request.Text, request.Target)];
        var n = bench.Editor.Score(items, token);
        return (n[0], n.Length > 1 ? n[1] : null);
    }
}
