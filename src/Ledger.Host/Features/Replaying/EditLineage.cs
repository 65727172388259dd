using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Replaying;

/// <summary>Where replayed edits came from: through the timelines that a timeline was replayed or merged from.</summary>
public sealed class EditLineage
{
    private readonly Dictionary<EditId, EditRecord> records = [];
    private readonly Dictionary<(EditId Edit, Float32Vector VE), Float32Vector> foundAnew = [];          // m₀, where a release searched for v_e

    private EditLineage()
    {
    }

    public static async Task<EditLineage> OfAsync(LedgerSession session, TimelineHistory history, CancellationToken token)
    {
        var lineage = new EditLineage();
        var waiting = new Queue<TimelineHistory>([history]);
        var seen = new HashSet<TimelineId> { history.Timeline.Id };
        while (waiting.TryDequeue(out var next))
        {
            foreach (var record in next.Records) lineage.records.TryAdd(record.Edit, record);
            foreach (var released in next.Rows.Select(r => r.Event).OfType<EditReleased>().Where(r => r.Mode == ReleaseMode.Optimise))
                lineage.foundAnew.TryAdd((released.Edit, released.Solution.VE), released.Solution.M0);
            var from = next.Rows.Select(r => r.Event).OfType<EditsTaken>().Select(t => t.Source)
                .Concat(session.Setup.Ancestry(session.Setup.Timelines[next.Timeline.Id]).Select(t => session.Setup.Replays.GetValueOrDefault(t.Started.Timeline)).OfType<ReplayStarted>().Select(r => r.Source));
            foreach (var id in from.Where(seen.Add)) waiting.Enqueue(await session.HistoryAsync(session.Setup.Timelines[id], long.MaxValue, token));
        }
        return lineage;
    }

    /// <summary>The edit that somebody asked for: the first of those that replays made one from the other.</summary>
    public EditId Root(EditId edit)
    {
        while (records.GetValueOrDefault(edit)?.Provenance.Origin is { } origin) edit = origin;
        return edit;
    }

    /// <summary>m₀ of the weights on which a v_e was found: mode <c>values</c> takes it over, from the edit it came from or from an earlier making of the same edit.</summary>
    public Float32Vector FoundOn(EditId edit, Making making)
    {
        var (vE, m0) = (making.Solution.VE, making.Solution.M0);
        for (EditId? at = edit; at is { } id; at = records.GetValueOrDefault(id)?.Provenance.Origin)
        {
            if (records.GetValueOrDefault(id) is { } record && record.Solution.VE.Equals(vE)) m0 = record.Solution.M0;
            else if (foundAnew.TryGetValue((id, vE), out var released)) m0 = released;
        }
        return m0;
    }
}
