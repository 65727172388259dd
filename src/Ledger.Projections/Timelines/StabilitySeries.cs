using Ledger.Domain;
using Ledger.Domain.Editing;

namespace Ledger.Projections.Timelines;

/// <summary>The cumulative distance after each revision of a timeline, in one pass over its rows.</summary>
/// <param name="history">Whose rows they are.</param>
/// <param name="elements">numel(W).</param>
public sealed class StabilitySeries(TimelineHistory history, long elements)
{
    private readonly CumulativeDistance distance = new(elements);
    private readonly Dictionary<EditId, RankOneDelta> inEffect = [];
    private Timeline timeline = Timeline.Start(history.Timeline.Id, history.Name, history.Timeline.BaseMatrix);

    /// <param name="row">The next revision.</param>
    /// <returns>‖W_n − W₀‖_F / numel(W) after it.</returns>
    public double Add(RevisionRow row)
    {
        timeline = timeline.Evolve(row.Event);
        foreach (var edit in row.Edits)
        {
            if (inEffect.Remove(edit, out var before)) distance.Remove(before);
            if (timeline.Known(edit) is not { Status: EditStatus.InEffect } now) continue;
            inEffect[edit] = history.Made(edit, now.Delta)!.Delta;
            distance.Add(inEffect[edit]);
        }
        return distance.PerElement;
    }
}
