using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;

namespace Ledger.Host.Features.Watching;

/// <summary>What the stream rules of a policy recorded about a timeline so far; of what it inherited, what they recorded about its ancestors.</summary>
internal sealed class WatchLog
{
    private readonly List<StabilityObserved> looks = [];
    private readonly List<CollapseDetected> collapses = [];
    private long read;

    private WatchLog()
    {
    }

    public static async Task<WatchLog> ReadAsync(LedgerSession session, TimelineEntry timeline, CancellationToken token)
    {
        var log = new WatchLog();
        foreach (var line in session.Setup.Ancestry(timeline))
        {
            var id = line.Started.Timeline;
            if (id == timeline.Started.Timeline) break;
            var last = session.Setup.LastOf(line, timeline);
            await foreach (var e in session.ObservationsAsync(id, token)) log.Add(e.Event, last);
        }
        await log.CatchUpAsync(session, timeline.Started.Timeline, token);
        return log;
    }

    /// <summary>Reads what was observed since.</summary>
    public async Task CatchUpAsync(LedgerSession session, TimelineId timeline, CancellationToken token)
    {
        await foreach (var recorded in session.Store.ReadStreamAsync(StreamName.ObservationsOf(timeline), read, token))
        {
            Add(EventJson.Current.Read(recorded).Event, long.MaxValue);
            read = recorded.Number + 1;
        }
    }

    /// <summary>The last look at a rule; null where there was none.</summary>
    public StabilityObserved? LastLook(GatePolicy policy, string rule) => looks.LastOrDefault(l => l.Policy == policy.ToString() && l.Findings.Any(f => f.Rule == rule));

    /// <summary>The last revision at which the rule was not exceeded; 0 where none was looked at.</summary>
    public long LastContent(GatePolicy policy, string rule) =>
        looks.LastOrDefault(l => l.Policy == policy.ToString() && l.Findings.Any(f => f.Rule == rule && f.Result is FindingResult.Passed))?.Revision ?? 0;

    /// <summary>What a look at that rule led to; null where it led to nothing, or the program was killed before it was recorded.</summary>
    public CollapseDetected? Collapse(StabilityObserved look, string rule) =>
        collapses.LastOrDefault(c => c.Timeline == look.Timeline && c.Policy == look.Policy && c.Revision == look.Revision && c.Rule == rule);

    private void Add(LedgerEvent e, long last)
    {
        if (e is StabilityObserved look && look.Revision <= last) looks.Add(look);
        if (e is CollapseDetected collapse && collapse.Revision <= last) collapses.Add(collapse);
    }
}
