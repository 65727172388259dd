using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Everything the ledger knows of one edit.</summary>
public static class ShowEdit
{
    /// <param name="Edit">An id, an unambiguous beginning of one, or a revision.</param>
    public sealed record Request(LedgerPaths Ledger, string Timeline, string Edit) : IRequest<Result>;

    /// <param name="Variant">Of the factors that count now: a release may have changed it.</param>
    /// <param name="AbsDelta">|Δ| of the factors that count now.</param>
    /// <param name="Median">Median |Δ| of the timeline's other accepted edits of the variant.</param>
    /// <param name="Events">What happened to it, in order.</param>
    public sealed record Result(string Timeline, EditRecord Record, EditStatus Status, Variant Variant, double AbsDelta, double? Median, IReadOnlyList<Happening> Events);

    public sealed record Happening(long Revision, string What, string Actor, DateTimeOffset Time, string Program, string? Reason, Digest Hash, Digest Previous);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var main = await session.HistoryAsync(request.Timeline, token);
            var edit = EditNames.Find(main, request.Edit);
            var (record, now) = (main.Record(edit), main.Timeline.Known(edit));
            return new Result(
                main.Name, record, now.Status, now.Variant, now.AbsDelta, Medians.Of(main.Timeline, now.Variant, edit),
                [.. main.Rows.Where(r => r.Edits.Contains(edit)).Select(Happened)]);
        }

        private static Happening Happened(RevisionRow row)
        {
            var by = row.Envelope.Metadata;
            return new Happening(row.Revision, What(row.Event), by.Actor, by.Time, by.Program, RevisionFacts.Reason(row.Event), row.Envelope.Hash, row.Envelope.Previous);
        }

        private static string What(TimelineEvent e) =>
            e is EditReleased x ? $"released as {x.Variant.Name()} ({x.Mode.ToString().ToLowerInvariant()}, |Δ| {x.Signals.Own.AbsDelta:0.0e-0})" : RevisionFacts.What(e);
    }
}

/// <summary>How a person names an edit.</summary>
internal static class EditNames
{
    /// <param name="text">An id, an unambiguous beginning of one, or <c>main@17</c>: the edit that revision is about.</param>
    /// <exception cref="EditUnknownException"/> <exception cref="RevisionUnknownException"/>
    public static EditId Find(TimelineHistory main, string text)
    {
        if (!text.Contains('@', StringComparison.Ordinal)) return main.Find(text);
        var name = RevisionName.Parse(text, main.Name);
        var revision = name.Revision ?? main.Timeline.Revision;
        if (name.Timeline != main.Name || name.Time is not null || revision < 1 || revision > main.Rows.Count)
            throw new RevisionUnknownException($"{text} is about no edit.", $"{main.Name} has revisions 1 to {main.Rows.Count}");
        return main.Rows[(int)revision - 1].Edits is [var only] ? only
            : throw new RevisionUnknownException($"{text} is about {main.Rows[(int)revision - 1].Edits.Length} edits.", $"name one of them: {string.Join(", ", main.Rows[(int)revision - 1].Edits.Take(8).Select(e => e.Short()))}");
    }
}
