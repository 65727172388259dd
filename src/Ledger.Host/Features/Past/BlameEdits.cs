using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Past;

/// <summary>Which edits make the model answer a prompt as it does: those that move most there, the first of them confirmed by leaving each out.</summary>
public static class BlameEdits
{
    /// <param name="Prompt">Text, with <c>{}</c> for the subject or not; null where an edit is named.</param>
    /// <param name="Subject">Where to look: at its last token; null for every token.</param>
    /// <param name="Edit">Whose fact is asked about: its prompt and its recorded key; it need not be in effect.</param>
    /// <param name="Top">How many suspects are listed.</param>
    /// <param name="Confirm">How many of them are left out one by one.</param>
    public sealed record Request(
        LedgerPaths Ledger, string? Model, RevisionName At, string? Prompt, string? Subject, string? Edit, int Top, int Confirm, IProgress<Step>? Progress) : IRequest<Result>;

    /// <summary>The model answered at a state.</summary>
    public readonly record struct Step(int Done, int Total);

    /// <summary>The stable fields of <c>blame --json</c>.</summary>
    /// <param name="Base">What the base says; null where no model was run.</param>
    /// <param name="Now">What is said at the revision.</param>
    /// <param name="Suspects">Those that were left out first, by how much less likely the present answer is without them; then the others, by how far they move.</param>
    public sealed record Result(string Timeline, long Revision, int InEffect, string Prompt, string? Subject, Reply? Base, Reply? Now, IReadOnlyList<Suspect> Suspects);

    /// <param name="Moves">‖r‖|u·k|: the length of what the edit adds to what the edited layer gives; the largest over the tokens.</param>
    /// <param name="Position">At which token of the prompt, from 0; null where only the subject's was looked at.</param>
    /// <param name="Token">That token.</param>
    /// <param name="Without">What is said without the edit; null where it was not left out.</param>
    /// <param name="Fall">By how many nats a token the present answer is less likely without it.</param>
    /// <param name="Changes">Whether the answer is another one without it.</param>
    public sealed record Suspect(NamedEdit Edit, double Moves, int? Position, string? Token, Reply? Without, double? Fall, bool? Changes);

    /// <param name="Text">Greedy continuation.</param>
    /// <param name="N">Mean −ln p of the first tokens of the answer of now.</param>
    public sealed record Reply(string Text, double N);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var history = await session.AtAsync(request.At, token);
            var edits = history.RequireEdits();
            var known = request.Edit is { } named ? await RecordAsync(session, history, named, token) : null;
            var asked = known?.Request ?? Asked(request.Prompt!, request.Subject);

            using var bench = known is null || request.Confirm > 0 ? Workbench.Load(session, library, guard, request.Model, token) : null;
            IReadOnlyList<TokenKey>? everywhere = known is null && request.Subject is null ? bench!.Editor.Keys(asked.Text) : null;
            var ranked = Blame.Rank(edits, everywhere?.Select(k => k.Key).ToList() ?? [known?.Keys.KO ?? bench!.Editor.Key(asked.Prompt, asked.Subject).Key], token);
            var suspects = ranked.Take(Math.Max(request.Top, request.Confirm))
                .Select(b => new Suspect(NamedEdit.Of(history, b.Edit), b.Moves, everywhere is null ? null : b.Position, everywhere?[b.Position].Text, null, null, null)).ToList();
            var result = new Result(history.Name, history.Timeline.Revision, edits.Count, asked.Text, request.Subject ?? known?.Request.Subject, null, null, suspects);
            return request.Confirm > 0 ? new LeavingOut(bench!, edits, asked.Text, request.Progress).Confirm(result, request.Confirm, token) : result;
        }

        private static async Task<EditRecord> RecordAsync(LedgerSession session, TimelineHistory history, string named, CancellationToken token)
        {
            var whole = await session.HistoryAsync(history.Name, token);
            return whole.Record(await session.FindEditAsync(whole, named, token));
        }

        /// <summary>The prompt as a template; a subject that stands in it in words is found.</summary>
        private static EditRequest Asked(string prompt, string? subject)
        {
            var holes = prompt.Split(EditRequest.Placeholder).Length - 1;
            if (prompt.Trim().Length == 0) throw new SetupException("The prompt is empty.", "ask something:  ledger blame \"The mother tongue of Danielle Darrieux is\"");
            if (subject is null) return holes == 0 ? new EditRequest(prompt, "", "") : throw new SetupException("The prompt has a {} and no subject is named.", "name it with --subject, or write it into the prompt");
            if (holes > 0) return new EditRequest(prompt, subject, "");
            var parts = subject.Trim().Length == 0 ? [] : prompt.Split(subject.Trim());
            return parts.Length == 2 ? new EditRequest(string.Join(EditRequest.Placeholder, parts), subject, "")
                : throw new SetupException($"The prompt has the subject \"{subject}\" {parts.Length - 1} times.", "write {} where it belongs:  ledger blame \"The mother tongue of {} is\" --subject \"Danielle Darrieux\"");
        }
    }
}
