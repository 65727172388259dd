using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Sessions;

/// <summary>
/// Every 1,000th revision records the fingerprint of its weights (docs/event-format.md). An edit that the model ran with has it anyway; for what is decided, merged or replayed from events
/// alone it is folded from the base here, where that is at hand.
/// </summary>
/// <param name="model">The model's folder as somebody named it, or null.</param>
internal sealed class Milestones(LedgerSession session, BaseGuard guard, string? model)
{
    public const int Every = 1000;

    private RunningWeights? weights;
    private bool absent;

    /// <summary>The event as it is to be appended.</summary>
    /// <param name="history">Of which it will be the next revision.</param>
    /// <param name="source">For a merge or cherry-pick: the history it takes from.</param>
    public TimelineEvent Marked(TimelineHistory history, TimelineEvent e, TimelineHistory? source, CancellationToken token)
    {
        if ((history.Timeline.Revision + 1) % Every != 0 || RevisionFacts.After(e) is not { State: not null, Fingerprint: null }) return e;
        return Weights() is { } w ? RevisionFacts.WithFingerprint(e, w.Fingerprint(history.DeltasAfter(e, source), token)) : e;
    }

    /// <summary>Null where the base is not at hand: nothing that needs events alone fails for want of it.</summary>
    private RunningWeights? Weights()
    {
        if (weights is not null || absent) return weights;
        try
        {
            return weights = new RunningWeights(guard.ReadMatrix(session, BaseGuard.Locate(session, model)), session.Setup.Base.Matrix);
        }
        catch (LedgerException)
        {
            absent = true;
            return null;
        }
    }
}
