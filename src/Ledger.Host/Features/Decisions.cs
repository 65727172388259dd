using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>What a decision did; the stable fields of <c>review release</c>, <c>dismiss</c>, <c>withhold</c>, <c>revert</c> and <c>reinstate</c> with <c>--json</c>.</summary>
/// <param name="Recorded">False for a dry run.</param>
/// <param name="Revision">The revision it made or, with a dry run, would make.</param>
/// <param name="State">The state id after.</param>
/// <param name="Caught">What the gate said of released factors; empty for the others.</param>
public sealed record DecisionResult(
    bool Recorded, long Revision, string Timeline, EditId Edit, string What, string Prompt, string Subject, string Target, StateId State, int InEffect, IReadOnlyList<string> Caught)
{
    /// <summary>Records a decision about one edit, unless it is a dry run, and says what it does.</summary>
    internal static async Task<DecisionResult> RecordAsync(LedgerSession session, TimelineHistory history, TimelineEvent e, Milestones milestones, string author, bool dryRun, CancellationToken token)
    {
        session.Setup.RequireOpen(history.Timeline.Id);
        e = milestones.Marked(history, e, null, token);
        var (after, edit) = (history.Timeline.Evolve(e), RevisionFacts.Edits(e).Single());
        if (!dryRun) await session.AppendAsync(history.Tip, e, CommandContext.For(author), token);
        var request = history.Record(edit).Request;
        IReadOnlyList<string> caught = e is EditReleased x ? [.. x.Verdict.Caught.Select(f => f.InWords())] : [];
        return new DecisionResult(!dryRun, after.Revision, history.Name, edit, RevisionFacts.What(e), request.Prompt, request.Subject, request.Target, after.State, after.InEffect.Count, caught);
    }
}

/// <summary>Decisions that need neither model nor factors: dismiss, withhold, revert, reinstate.</summary>
public static class Decide
{
    public enum Kind
    {
        Dismiss,
        Withhold,
        Revert,
        Reinstate,
    }

    /// <param name="DryRun">Compute everything, append nothing.</param>
    public sealed record Request(Kind Kind, DecideOnEdit Command, LedgerPaths Ledger, string Timeline, string? Model, bool DryRun) : IRequest<DecisionResult>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    public sealed class Handler(LedgerSessions sessions, BaseGuard guard) : IRequestHandler<Request, DecisionResult>
    {
        public async Task<DecisionResult> Handle(Request request, CancellationToken token)
        {
            var (named, author, reason) = request.Command;
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var history = await session.HistoryAsync(request.Timeline, token);
            var edit = await session.FindEditAsync(history, named, token);
            var timeline = history.Timeline;
            TimelineEvent e = request.Kind switch
            {
                Kind.Dismiss => timeline.Dismiss(edit, reason),
                Kind.Withhold => timeline.Withhold(edit, reason, [], null),
                Kind.Revert => timeline.Revert(edit, reason, null),
                _ => timeline.Reinstate(edit, reason, null),
            };
            return await DecisionResult.RecordAsync(session, history, e, new Milestones(session, guard, request.Model), author, request.DryRun, token);
        }
    }
}
