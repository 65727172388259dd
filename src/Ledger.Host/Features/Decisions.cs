using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>What a decision did; the stable fields of <c>review release</c>, <c>dismiss</c>, <c>revert</c> and <c>reinstate</c> with <c>--json</c>.</summary>
/// <param name="State">The state id after.</param>
/// <param name="Caught">What the gate said of released factors; empty for the others.</param>
public sealed record DecisionResult(
    long Revision, string Timeline, EditId Edit, string What, string Prompt, string Subject, string Target, StateId State, int InEffect, IReadOnlyList<string> Caught)
{
    public static DecisionResult Of(RevisionRow row, TimelineHistory history)
    {
        var request = history.Record(row.Edits.Single()).Request;
        IReadOnlyList<string> caught = row.Event is EditReleased x ? [.. x.Verdict.Caught.Select(f => $"{f.Because} (rule {f.Rule})")] : [];
        return new DecisionResult(
            row.Revision, history.Name, row.Edits.Single(), RevisionFacts.What(row.Event), request.Prompt, request.Subject, request.Target,
            history.Timeline.State, history.Timeline.InEffect.Count, caught);
    }
}

/// <summary>Decisions that need neither model nor factors: dismiss, revert, reinstate.</summary>
public static class Decide
{
    public enum Kind
    {
        Dismiss,
        Revert,
        Reinstate,
    }

    public sealed record Request(Kind Kind, DecideOnEdit Command, LedgerPaths Ledger, string Timeline) : IRequest<DecisionResult>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, DecisionResult>
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
                Kind.Revert => timeline.Revert(edit, reason, null),
                _ => timeline.Reinstate(edit, reason, null),
            };
            var row = await session.AppendAsync(history.Tip, e, CommandContext.For(author), token);
            return DecisionResult.Of(row, history);
        }
    }
}
