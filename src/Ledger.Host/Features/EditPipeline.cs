using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;

namespace Ledger.Host.Features;

/// <summary>One edit, from request to recorded revision: compute, try, judge, append; what the gate stops never stays in the weights.</summary>
public sealed class EditPipeline(LedgerSession session, Workbench bench, IKeyMoment c)
{
    /// <summary>Computes and judges without recording anything; the model runs with what it ran with before.</summary>
    public EditRecord DryRun(EditRequest request, Variant variant, Provenance by, IProgress<LossPoint>? progress, CancellationToken token)
    {
        var (record, candidate) = Judge(request, variant, by, progress, token);
        candidate?.Dispose();
        return record;
    }

    /// <summary>Computes, judges and records.</summary>
    /// <exception cref="StreamConflictException">Somebody else appended meanwhile; nothing was recorded.</exception>
    public async Task<EditJudged> RecordAsync(
        EditRequest request, Variant variant, Provenance by, CommandContext context, IProgress<LossPoint>? progress, CancellationToken token)
    {
        var (record, candidate) = Judge(request, variant, by, progress, token);
        using (candidate)
        {
            var e = session.Main.Timeline.Record(record, candidate?.With, candidate?.Before ?? bench.Fingerprint);
            await session.AppendAsync(e, context, token);
            if (e is EditApplied) candidate!.Keep();
            return e;
        }
    }

    private (EditRecord Record, Workbench.Candidate? Candidate) Judge(
        EditRequest request, Variant variant, Provenance by, IProgress<LossPoint>? progress, CancellationToken token)
    {
        var setup = session.Setup;
        var templates = setup.RequireTemplates();
        var x = bench.Editor.Compute(request, templates, setup.Base.Hyperparameters, c, progress, token);
        var factors = Factors.Of(variant, x);
        var (signals, candidate) = Measure(request, x, variant, factors, token);
        var verdict = EditGate.Judge(setup.Policy, signals, factors.Delta, session.Main.Timeline.AcceptedAbsDeltas(variant));
        return (new EditRecord
        {
            Edit = NewIds.Edit(),
            Request = request,
            Variant = variant,
            Matrix = setup.Base.Matrix,
            Base = setup.Base.Base.Digest,
            Hyperparameters = setup.Base.Hyperparameters,
            Templates = setup.Templates!.Digest,
            TemplateSeed = templates.Seed,
            KeyStatistics = setup.RequireStatistics().Digest,
            Engine = bench.Editor.Engine,
            Provenance = by,
            Keys = EditKeys.Of(x),
            Solution = EditSolution.Of(x, factors),
            Signals = signals,
            Verdict = verdict,
            After = session.Main.Timeline.State,
            Fingerprint = null,
        }, candidate);
    }

    /// <summary>Scores the plain prompt before and with the edit; an edit that is not finite has no weights to run with.</summary>
    internal (Signals Signals, Workbench.Candidate? Candidate) Measure(EditRequest request, EditComputation x, Variant variant, Factors factors, CancellationToken token)
    {
        var before = Scores(request, token);
        if (!factors.Delta.IsFinite()) return (Signals.Of(variant, x, new TargetScore(before.Target, null), before.True is { } t ? new TargetScore(t, null) : null), null);
        var candidate = bench.Try(factors.Delta, token);
        try
        {
            var after = Scores(request, token);
            return (Signals.Of(variant, x, new TargetScore(before.Target, after.Target), before.True is { } b ? new TargetScore(b, after.True) : null), candidate);
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
