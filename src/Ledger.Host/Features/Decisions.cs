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
    public static DecisionResult Of(RevisionRow row, TimelineHistory main)
    {
        var request = main.Record(row.Edit).Request;
        IReadOnlyList<string> caught = row.Event is EditReleased x ? [.. x.Verdict.Caught.Select(f => $"{f.Because} (rule {f.Rule})")] : [];
        return new DecisionResult(
            row.Revision, main.Name, row.Edit, RevisionFacts.What(row.Event), request.Prompt, request.Subject, request.Target,
            main.Timeline.State, main.Timeline.InEffect.Count, caught);
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

    public sealed record Request(Kind Kind, string Edit, LedgerPaths Ledger, string Author, string Reason) : IRequest<DecisionResult>;

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, DecisionResult>
    {
        public async Task<DecisionResult> Handle(Request request, CancellationToken token)
        {
            Reasons.Require(request.Reason);
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var edit = EditNames.Find(session.Main, request.Edit);
            var timeline = session.Main.Timeline;
            TimelineEvent e = request.Kind switch
            {
                Kind.Dismiss => timeline.Dismiss(edit, request.Reason),
                Kind.Revert => timeline.Revert(edit, request.Reason, null),
                _ => timeline.Reinstate(edit, request.Reason, null),
            };
            var row = await session.AppendAsync(e, CommandContext.For(request.Author), token);
            return DecisionResult.Of(row, session.Main);
        }
    }
}

internal static class Reasons
{
    /// <exception cref="SetupException">A decision without a reason cannot be answered for.</exception>
    public static void Require(string reason)
    {
        if (string.IsNullOrWhiteSpace(reason)) throw new SetupException("A decision needs a reason.", "say why with --reason \"…\"");
    }
}
