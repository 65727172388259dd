using Ledger.Domain;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>The policy that edits are judged by.</summary>
public static class ShowGate
{
    public sealed record Request(LedgerPaths Ledger) : IRequest<Result>;

    /// <param name="Before">The policies before it, the first one first: <c>default@1</c>.</param>
    public sealed record Result(string Ledger, GatePolicy Policy, IReadOnlyList<string> Before);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            return new Result(session.Setup.Base.Name, session.Setup.Policy, [.. session.Setup.Policies.SkipLast(1).Select(p => p.ToString())]);
        }
    }
}

/// <summary>Sets another policy: what was judged before keeps its verdict, what comes is judged by this one.</summary>
public static class SetGate
{
    /// <param name="DryRun">Check it, record nothing.</param>
    public sealed record Request(SetGatePolicy Command, LedgerPaths Ledger, bool DryRun) : IRequest<Result>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    public sealed record Result(GatePolicy Policy, string Before, bool Recorded);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var before = session.Setup.Policy.ToString();
            if (request.DryRun) session.Setup.Set(request.Command.Policy);
            else await session.DecideAsync(s => s.Set(request.Command.Policy), CommandContext.For(request.Command.Author), token);
            return new Result(request.Command.Policy, before, !request.DryRun);
        }
    }
}
