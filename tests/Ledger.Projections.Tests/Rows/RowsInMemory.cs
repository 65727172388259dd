using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Projections.Rows;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Rows;

/// <summary>The rows of events in lists, and what an audit reads out of them.</summary>
internal sealed class RowsInMemory : IRowLookup
{
    private readonly Dictionary<TimelineId, TimelineRow> timelines = [];
    private readonly Dictionary<EditId, EditRow> edits = [];
    private readonly List<ChangeRow> changes = [];

    public IReadOnlyList<ChangeRow> Changes => changes;

    public void Add(EventEnvelope e)
    {
        var made = EventRows.Of(e, this);
        if (made.Timeline is { } timeline) timelines[timeline.Id] = timeline;
        if (made.Edit is { } edit) edits.Add(edit.Id, edit);
        changes.AddRange(made.Changes);
    }

    public TimelineRow? Timeline(TimelineId id) => timelines.GetValueOrDefault(id);

    public EditRow? Edit(EditId id) => edits.GetValueOrDefault(id);

    public ChangeRow? LastChange(TimelineId timeline, long upTo) => changes.FindLast(c => c.Timeline == timeline && c.Revision <= upTo);

    public ChangeRow? LastChange(TimelineId timeline, EditId edit, long upTo) => changes.FindLast(c => c.Timeline == timeline && c.Edit == edit && c.Revision <= upTo);

    /// <summary>A timeline's changes with what it inherited, and where each edit stands on it now.</summary>
    public IReadOnlyList<AuditEntry> Audit(TimelineId timeline, Func<EditId, EditRow> edit)
    {
        var (name, found, upTo) = (timelines[timeline].Name, new List<ChangeRow>(), long.MaxValue);
        for (var line = timelines[timeline]; ; line = timelines[line.Parent.Value])
        {
            found.InsertRange(0, changes.Where(c => c.Timeline == line.Id && c.Revision <= upTo));
            upTo = Math.Min(upTo, line.Fork);
            if (line.Parent is null) break;
        }
        return [.. found.Select(c => AuditEntry.Of(name, c, edit(c.Edit), found.FindLast(l => l.Edit == c.Edit)!.Status))];
    }
}
