using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Replaying;

/// <summary>The model on which an edit's v_e is found anew, for a replay or a release: it runs with the timeline's state.</summary>
internal sealed class ReplayBench : IDisposable
{
    private readonly LedgerSession session;
    private readonly Workbench bench;
    private readonly IKeyMoment c;
    private StateId state;

    private ReplayBench(LedgerSession session, Workbench bench, IKeyMoment c)
    {
        this.session = session;
        this.bench = bench;
        this.c = c;
        state = StateId.Of(session.Setup.Base.BaseMatrix, []);
    }

    public string Engine => bench.Editor.Engine;

    public static ReplayBench Load(LedgerSession session, IModelLibrary library, BaseGuard guard, Func<LedgerPaths, IKeyStatisticsStore> stores, string? model, CancellationToken token)
    {
        // Before the model: factoring C takes several times its size for a moment.
        var c = stores(session.Paths).Load(session.Setup.RequireStatistics());
        return new ReplayBench(session, Workbench.Load(session, library, guard, model, token), c);
    }

    /// <summary>Finds v_e anew on the target's state and tries the factors; they stay in the weights only if they are kept.</summary>
    public (Remade Made, Workbench.Candidate? Candidate, Digest Now) Optimise(TimelineHistory target, EditRecord record, Variant variant, CancellationToken token)
    {
        Follow(target, token);
        var keys = record.Keys;
        // Keys do not depend on the history; the recorded ones are the edit's, and what another machine finds may differ in the last bits.
        var x = bench.Editor.Compute(record.Request, session.Setup.RequireTemplates(), session.Setup.Base.Hyperparameters, c, null, token) with
        {
            KBar = keys.KBar,
            KO = keys.KO,
            UBar = keys.UBar,
            UO = keys.UO,
            BaseOutKBar = keys.BaseOutKBar,
            BaseOutKO = keys.BaseOutKO,
        };
        var factors = Factors.Of(variant, x);
        var (signals, candidate) = new EditPipeline(session, target.Tip, bench, c).Measure(record.Request, x, variant, factors, token);
        return (new Remade(variant, EditSolution.Of(x, factors), factors.Delta, signals), candidate, candidate?.Before ?? bench.Fingerprint);
    }

    /// <summary>The candidate was recorded as in effect.</summary>
    public void Keep(Workbench.Candidate candidate, StateId after)
    {
        candidate.Keep();
        state = after;
    }

    /// <summary>Weight fingerprint of the target's state.</summary>
    public Digest FingerprintOf(TimelineHistory target, CancellationToken token)
    {
        Follow(target, token);
        return bench.Fingerprint;
    }

    public void Dispose() => bench.Dispose();

    private void Follow(TimelineHistory target, CancellationToken token)
    {
        if (state == target.Timeline.State) return;
        bench.Install(target, token);
        state = target.Timeline.State;
    }
}
