using Ledger.Domain;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
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

/// <summary>Sets another policy: what was judged before keeps its verdict, what comes is judged by this one. A probe is run through the base first, to see that it can be.</summary>
public static class SetGate
{
    /// <param name="DryRun">Check it, record nothing.</param>
    public sealed record Request(SetGatePolicy Command, LedgerPaths Ledger, string? Model, bool DryRun) : IRequest<Result>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    /// <param name="Perplexity">The base's, on the probe's texts; null where there are none.</param>
    public sealed record Result(GatePolicy Policy, string Before, bool Recorded, double? Perplexity);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var (before, policy) = (session.Setup.Policy.ToString(), request.Command.Policy);
            session.Setup.Set(policy);          // refused before a model is loaded for it
            double? perplexity = null;
            if (policy.Probe is not null)
            {
                using var bench = Workbench.Load(session, library, guard, request.Model, token);
                perplexity = Probes.Check(bench.Editor, policy, token);
            }
            if (!request.DryRun) await session.DecideAsync(s => s.Set(policy), CommandContext.For(request.Command.Author), token);
            return new Result(policy, before, !request.DryRun, perplexity);
        }
    }
}
