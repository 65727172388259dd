using System.Text;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features;

/// <summary>How a person names an edit: its id, an unambiguous beginning of one, or <c>main@17</c>, the edit that revision is about.</summary>
internal static class EditNames
{
    /// <param name="history">The timeline a command is about.</param>
    /// <exception cref="EditUnknownException"/> <exception cref="EditAmbiguousException"/> <exception cref="RevisionUnknownException"/>
    public static async Task<EditId> FindHereAsync(this LedgerSession session, TimelineHistory history, string text, CancellationToken token) =>
        text.Contains('@', StringComparison.Ordinal) ? await OfRevisionAsync(session, history, text, token) : history.Find(text);

    /// <summary>The same; where the timeline has no such edit, it says which has.</summary>
    /// <exception cref="EditElsewhereException">Another timeline has it.</exception>
    public static async Task<EditId> FindEditAsync(this LedgerSession session, TimelineHistory history, string text, CancellationToken token)
    {
        try
        {
            return await session.FindHereAsync(history, text, token);
        }
        catch (EditUnknownException unknown)
        {
            List<(string, string)> where = [];
            try
            {
                where = await ElsewhereAsync(session, history, EditId.Normal(text), token);
            }
            catch (ServerAccessException)
            {
                // Who may not read all of a server may still be told that this timeline has no such edit.
            }
            if (where.Count > 0) throw new EditElsewhereException(unknown.Edit, history.Name, where);
            throw;
        }
    }

    /// <summary>What a timeline inherited goes by its own name and by that of the ancestor.</summary>
    private static async Task<EditId> OfRevisionAsync(LedgerSession session, TimelineHistory history, string text, CancellationToken token)
    {
        var (setup, name) = (session.Setup, RevisionName.Parse(text, history.Name));
        var (own, named) = (setup.Timelines[history.Timeline.Id], setup.Timeline(name.Timeline!));
        var revision = named == own && name.Time is null ? name.Revision ?? history.Timeline.Revision : (await session.PointAsync(name, token)).Revision;
        if (!setup.Share(named, own, revision))
            throw new RevisionUnknownException(
                setup.Ancestry(own).Contains(named) ? $"{text} is not a revision of {history.Name}, which left {named.Started.Name} at {named.Started.Name}@{setup.LastOf(named, own)}."
                : $"{text} is a revision of {named.Started.Name}, and this is about {history.Name}.",
                $"add -T {named.Started.Name}, or name a revision of {history.Name}");
        if (revision < 1 || revision > history.Rows.Count) throw new RevisionUnknownException($"{text} is about no edit.", $"{history.Name} has revisions 1 to {history.Rows.Count}");
        return history.Rows[(int)revision - 1].Edits switch
        {
            [var only] => only,
            [] => throw new RevisionUnknownException($"{text} took nothing over: it settled what is not to be taken.", "`ledger log` lists the edits"),
            var several => throw new RevisionUnknownException($"{text} is about {several.Length} edits.", $"name one of them: {string.Join(", ", several.Take(8).Select(e => e.Short()))}"),
        };
    }

    /// <summary>The first few edits of other timelines whose ids begin so, each where it was computed. Of all events only those are understood that hold the letters.</summary>
    private static async Task<List<(string Edit, string Timeline)>> ElsewhereAsync(LedgerSession session, TimelineHistory history, string prefix, CancellationToken token)
    {
        var found = new List<(string, string)>();
        if (prefix.Length == 0) return found;
        var names = session.Setup.Timelines.Values.Where(t => t.Started.Timeline != history.Timeline.Id).ToDictionary(t => StreamName.Of(t.Started.Timeline), t => t.Started.Name);
        var letters = Encoding.UTF8.GetBytes($"\"{prefix}");
        await foreach (var recorded in session.Store.ReadAllAsync(StorePosition.Start, token))
        {
            if (!names.TryGetValue(recorded.Stream, out var name) || recorded.Data.Span.IndexOf(letters) < 0) continue;
            if (EventJson.Current.Read(recorded).Event is not EditJudged { Record.Edit: var edit } || !edit.ToString().StartsWith(prefix, StringComparison.Ordinal)) continue;
            found.Add((edit.Short(), name));
            if (found.Count == 8) break;
        }
        return found;
    }
}
