using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;

namespace Ledger.Projections.Timelines;

/// <summary>The cumulative distance after each revision of a timeline, in one pass over its rows.</summary>
public sealed class StabilitySeries(long elements)
{
    private readonly CumulativeDistance distance = new(elements);
    private readonly Dictionary<EditId, RankOneDelta> deltas = [];

    /// <param name="row">The next revision.</param>
    /// <param name="record">The edit it is about.</param>
    /// <returns>‖W_n − W₀‖_F / numel(W) after it.</returns>
    public double Add(RevisionRow row, EditRecord record)
    {
        switch (row.Event)
        {
            case EditJudged x:
                deltas[row.Edit] = x.Record.Delta;
                if (x is EditApplied) distance.Add(deltas[row.Edit]);
                break;
            case EditReleased x:
                deltas[row.Edit] = x.Solution.Delta(record.Keys);
                distance.Add(deltas[row.Edit]);
                break;
            case EditReinstated:
                distance.Add(deltas[row.Edit]);
                break;
            case EditWithheld or EditReverted:
                distance.Remove(deltas[row.Edit]);
                break;
        }
        return distance.PerElement;
    }
}
