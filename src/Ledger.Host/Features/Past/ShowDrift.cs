using Ledger.Domain;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using MediatR;

namespace Ledger.Host.Features.Past;

/// <summary>How far the weights of a revision have left what each edit in effect wrote; from events alone.</summary>
public static class ShowDrift
{
    /// <param name="Top">How many edits are listed, those that drifted most.</param>
    public sealed record Request(LedgerPaths Ledger, RevisionName At, int Top) : IRequest<Result>;

    /// <summary>The stable fields of <c>drift --json</c>.</summary>
    /// <param name="AtKV">Of all edits in effect; null where none has a drift.</param>
    /// <param name="Edits">Largest drift at k_v first.</param>
    public sealed record Result(string Timeline, long Revision, int InEffect, Summary? AtKV, Summary? AtKBar, IReadOnlyList<Line> Edits);

    /// <param name="Worst">The edit that has the maximum.</param>
    public sealed record Summary(double Median, double Max, EditId Worst);

    /// <param name="AtKV">‖W k_v + b − v_e‖ / ‖v_e − (W₀k_v + b)‖: 0 as written, 1 as far off as the base; NaN where the edit wrote what the base says.</param>
    /// <param name="AtKBar">The same at k̄.</param>
    /// <param name="Residual">‖W k_v + b − v_e‖.</param>
    public sealed record Line(NamedEdit Edit, double AtKV, double AtKBar, double Residual);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var history = await session.AtAsync(request.At, token);
            var drifts = Drift.Of(history.RequireEdits(), history.DeltasInEffect(), token);
            var lines = drifts.OrderByDescending(d => d.AtKV).ThenByDescending(d => d.AtKBar).Take(request.Top).Select(d => new Line(NamedEdit.Of(history, d.Edit), d.AtKV, d.AtKBar, d.Residual));
            return new Result(history.Name, history.Timeline.Revision, drifts.Length, Of(drifts, d => d.AtKV), Of(drifts, d => d.AtKBar), [.. lines]);
        }

        private static Summary? Of(IEnumerable<Drift> drifts, Func<Drift, double> at)
        {
            var known = drifts.Where(d => !double.IsNaN(at(d))).OrderBy(at).ToArray();
            return known.Length == 0 ? null : new Summary(EditGate.Median([.. known.Select(at)]), at(known[^1]), known[^1].Edit);
        }
    }
}
