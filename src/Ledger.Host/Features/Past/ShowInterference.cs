using Ledger.Domain;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Past;

/// <summary>Which edits in effect at a revision move what others wrote; from events alone.</summary>
public static class ShowInterference
{
    /// <param name="Edit">Only pairs of this edit, or null.</param>
    /// <param name="Top">How many pairs are listed, the largest.</param>
    public sealed record Request(LedgerPaths Ledger, RevisionName At, string? Edit, int Top) : IRequest<Result>;

    /// <summary>The stable fields of <c>interference --json</c>.</summary>
    public sealed record Result(string Timeline, long Revision, int InEffect, EditId? Edit, IReadOnlyList<Pair> Pairs);

    /// <param name="Value">‖r_i‖|u_i·k_j| / (‖r_j‖|u_j·k_j|): 1 where <paramref name="By"/> moves what the model gives at the other's key as far as that itself did.</param>
    /// <param name="After">Whether <paramref name="By"/> took effect after <paramref name="On"/>, which then could not make up for it.</param>
    public sealed record Pair(NamedEdit By, NamedEdit On, double Value, bool After);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var history = await session.AtAsync(request.At, token);
            var edits = history.RequireEdits();
            var only = request.Edit is { } named ? await session.FindEditAsync(history, named, token) : (EditId?)null;
            var pairs = only is { } edit ? Of(history, edits, edit, request.Top, token) : Interference.Largest(edits, edits, 0, request.Top, token);
            return new Result(
                history.Name, history.Timeline.Revision, edits.Count, only,
                [.. pairs.Select(p => new Pair(NamedEdit.Of(history, p.By), NamedEdit.Of(history, p.On), p.Value, history.Timeline.InEffect.IndexOf(p.By) > history.Timeline.InEffect.IndexOf(p.On)))]);
        }

        private static IEnumerable<Interference> Of(TimelineHistory history, IReadOnlyList<EffectiveEdit> edits, EditId edit, int top, CancellationToken token)
        {
            EffectiveEdit[] own = [.. edits.Where(e => e.Edit == edit)];
            if (own.Length == 0) throw new SetupException($"Edit {edit.Short()} is not in effect at {history.Name}@{history.Timeline.Revision}: it moves nothing there.", "name one that is: `ledger drift` lists them");
            return Interference.Largest(own, edits, 0, top, token).Concat(Interference.Largest(edits, own, 0, top, token)).OrderByDescending(p => p.Value).Take(top);
        }
    }
}
