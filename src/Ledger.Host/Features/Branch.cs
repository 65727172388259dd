using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>A timeline that leaves another one at a revision: one event, nothing is copied.</summary>
public static class Branch
{
    public sealed record Request(StartBranch Command, LedgerPaths Ledger) : IRequest<Result>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    /// <summary>The stable fields of <c>branch --json</c>.</summary>
    /// <param name="Parent">The timeline in whose stream the fork lies.</param>
    public sealed record Result(string Timeline, TimelineId Id, string Parent, long Revision, Digest EventHash);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            return await StartAsync(session, request.Command, token);
        }
    }

    /// <summary>In a ledger that is open.</summary>
    public static async Task<Result> StartAsync(LedgerSession session, StartBranch command, CancellationToken token)
    {
        var fork = await session.ForkAsync(await session.PointAsync(command.From, token), token);
        var id = NewIds.Timeline();
        await session.DecideAsync(s => s.Start(id, command.Name, fork, command.Purpose ?? "", TimelineOrigin.Branched), CommandContext.For(command.Author), token);
        return new Result(command.Name, id, session.Setup.Timelines[fork.Parent].Started.Name, fork.Revision, fork.EventHash);
    }
}

/// <summary>A name for a revision.</summary>
public static class Tag
{
    /// <param name="Move">Whether a tag of that name may move.</param>
    public sealed record Request(LedgerPaths Ledger, string Name, RevisionName At, bool Move, string Author) : IRequest<Result>;

    public sealed record Result(string Tag, string Timeline, long Revision);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var point = await session.PointAsync(request.At, token);
            await session.DecideAsync(s => s.Tag(request.Name, point.Timeline.Started.Timeline, point.Revision, request.Move), CommandContext.For(request.Author), token);
            return new Result(request.Name, point.Name, point.Revision);
        }
    }
}

/// <summary>Ends a timeline: what it holds stays, nothing more is added.</summary>
public static class CloseTimeline
{
    public sealed record Request(EndTimeline Command, LedgerPaths Ledger) : IRequest<Result>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    public sealed record Result(string Timeline, string Reason);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var (named, reason, author) = request.Command;
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var started = session.Setup.Timeline(named).Started;
            await session.DecideAsync(s => s.Close(started.Timeline, reason), CommandContext.For(author), token);
            return new Result(started.Name, reason);
        }
    }
}

/// <summary>The timelines of a ledger and its tags.</summary>
public static class ListTimelines
{
    public sealed record Request(LedgerPaths Ledger) : IRequest<Result>;

    public sealed record Result(string Ledger, IReadOnlyList<Line> Timelines);

    /// <summary>The stable fields of <c>timelines --json</c>.</summary>
    /// <param name="Parent">Null for <c>main</c>.</param>
    /// <param name="Fork">The parent's last revision that it has.</param>
    /// <param name="Tags">Each as <c>name@revision</c>.</param>
    /// <param name="Closed">Why nothing more is added; null while it is open.</param>
    public sealed record Line(string Timeline, TimelineId Id, string? Parent, long? Fork, long Head, TimelineOrigin Origin, string Purpose, IReadOnlyList<string> Tags, string? Closed);

    public sealed class Handler(LedgerSessions sessions) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var setup = session.Setup;
            var lines = new List<Line>();
            foreach (var timeline in setup.Timelines.Values.OrderByDescending(t => t.Started.Fork is null).ThenBy(t => t.Started.Name, StringComparer.Ordinal))
            {
                var (started, fork) = (timeline.Started, timeline.Started.Fork);
                lines.Add(new Line(
                    started.Name, started.Timeline, fork is null ? null : setup.Timelines[fork.Parent].Started.Name, fork?.Revision, await session.HeadAsync(timeline, token), started.Origin, started.Purpose,
                    [.. setup.Tags.Values.Where(t => t.Timeline == started.Timeline).OrderBy(t => t.Revision).ThenBy(t => t.Tag, StringComparer.Ordinal).Select(t => $"{t.Tag}@{t.Revision}")],
                    setup.Closed.GetValueOrDefault(started.Timeline)?.Reason));
            }
            return new Result(setup.Base.Name, lines);
        }
    }
}
