using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>What the model says to a prompt at a revision, beside what the base says.</summary>
public static class Ask
{
    /// <param name="Tokens">Length of the continuation.</param>
    public sealed record Request(LedgerPaths Ledger, string? Model, string Prompt, IReadOnlyList<RevisionName> At, int Tokens) : IRequest<Result>;

    /// <param name="Answers">The base's first.</param>
    public sealed record Result(string Prompt, IReadOnlyList<Answer> Answers);

    /// <param name="Next">The most likely next tokens.</param>
    /// <param name="Continuation">Greedy.</param>
    public sealed record Answer(string Revision, Digest Fingerprint, ImmutableArray<NextToken> Next, string Continuation);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            if (request.Prompt.Length == 0) throw new SetupException("The prompt is empty.", "ask something:  ledger ask \"The mother tongue of Danielle Darrieux is\"");
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var past = new List<TimelineHistory>();
            foreach (var name in request.At) past.Add(await session.AtAsync(name, token));
            using var bench = Workbench.Load(session, library, guard, request.Model, token);
            var answers = new List<Answer> { Answered(bench, $"{LedgerSetup.Main}@0 (base)", request, token) };
            foreach (var history in past.Where(h => h.Timeline.Revision > 0))
            {
                bench.Install(history, token);
                answers.Add(Answered(bench, $"{history.Name}@{history.Timeline.Revision}", request, token));
            }
            return new Result(request.Prompt, answers);
        }

        private static Answer Answered(Workbench bench, string revision, Request request, CancellationToken token) =>
            new(revision, bench.Fingerprint, bench.Editor.Next(request.Prompt, 5), bench.Editor.Continue(request.Prompt, request.Tokens, token));
    }
}
