using System.Text.Json.Serialization;
using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Past;

/// <summary>The first revision from which on something is otherwise, of a good and a bad one: at most ⌈log₂ n⌉ states are rebuilt between them.</summary>
public static class BisectHistory
{
    /// <param name="Timeline">Whose head is the bad end where none is named.</param>
    /// <param name="Good">Null for where the timeline left its parent, or the base.</param>
    /// <param name="Output">Gets what a command prints, line by line.</param>
    public sealed record Request(LedgerPaths Ledger, string? Model, string Timeline, RevisionName? Good, RevisionName? Bad, Trial Trial, IProgress<Step>? Progress, Action<string> Output) : IRequest<Result>;

    /// <summary>The stable fields of <c>bisect --json</c>.</summary>
    /// <param name="Good">The revision of the good end; of the revisions between, those are looked at that change the weights.</param>
    /// <param name="Trial">What is looked at, in words.</param>
    /// <param name="Changes">n: revisions after the good end, up to the bad one, that change the weights.</param>
    /// <param name="Rebuilds">States rebuilt besides the ends.</param>
    /// <param name="Most">⌈log₂ n⌉.</param>
    /// <param name="First">The first bad revision; null where those before it cannot be told.</param>
    /// <param name="LastGood">The nearest revision before that is known to be good.</param>
    /// <param name="Untested">Revisions one of which is the first bad one, the last known to be bad: all but that could not be tested. Empty where it was found.</param>
    public sealed record Result(
        string Timeline, long Good, long Bad, string Trial, int Changes, int Rebuilds, int Most, IReadOnlyList<Step> Steps, FirstBad? First, long LastGood, IReadOnlyList<long> Untested);

    /// <param name="Saw">What was seen, in words.</param>
    /// <param name="Rebuilt">Whether edits were folded for it: the base and a state seen before need no fold.</param>
    public sealed record Step(string Timeline, long Revision, Side Side, string Saw, StateId State, Digest Fingerprint, bool Rebuilt, double Seconds);

    public sealed record FirstBad(long Revision, string What, string Actor, DateTimeOffset Time, string? Reason, IReadOnlyList<Culprit> Edits);

    /// <param name="Status">Where it stands at the bad end.</param>
    public sealed record Culprit(NamedEdit Edit, EditStatus Status);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard, TimeProvider time) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var (good, bad) = await EndsAsync(session, request, token);
            var history = (await session.HistoryAsync(bad.Timeline, bad.Revision, token)).At(bad.Revision);
            // What leaves the weights as they are can flip nothing.
            long[] places = [good.Revision, .. history.Rows.Where(r => r.Revision > good.Revision && !history.Changes[(int)r.Revision - 1].IsEmpty).Select(r => r.Revision)];
            if (places.Length == 1) throw new SetupException($"Nothing after {good}, up to {bad}, changes the weights.", "name ends between which something was edited");

            using var trial = StateTrial.Of(request, session, library, guard, time, token);
            var look = new Looking(history, trial, request.Progress, time);
            var ends = (Good: await look.AtAsync(places[0], token), Bad: await look.AtAsync(places[^1], token));
            look.Orient(good, bad, ends.Good, ends.Bad);
            var search = new Bisection(places.Length - 1);
            while (search.Next is { } place)
            {
                if ((await look.AtAsync(places[place], token)).Holds is { } holds) search.Answer(holds == ends.Good.Holds);
                else search.Skip();
            }
            var untested = search.Last == search.First + 1 ? [] : places[(search.First + 1)..(search.Last + 1)];
            return new Result(
                history.Name, good.Revision, bad.Revision, trial.Says, places.Length - 1, look.Steps.Skip(2).Count(s => s.Rebuilt), Bisection.Most(places.Length - 1), look.Steps,
                untested.Length > 0 ? null : Told(history, places[search.Last]), places[search.First], untested);
        }

        private static async Task<(RevisionPoint Good, RevisionPoint Bad)> EndsAsync(LedgerSession session, Request request, CancellationToken token)
        {
            var bad = await session.PointAsync(request.Bad ?? RevisionName.Head(request.Timeline), token);
            var good = request.Good is { } named ? await session.PointAsync(named, token) : new RevisionPoint(bad.Timeline, session.Setup.Owner(bad.Timeline, bad.Revision).FirstRevision - 1);
            if (!session.Setup.Share(bad.Timeline, good.Timeline, good.Revision)) throw new SetupException($"{good} is not a revision of {bad.Name}.", $"name one that {bad.Name} has, inherited or its own");
            if (good.Revision == bad.Revision) throw new SetupException($"Both ends are {bad}: there is nothing between.", "name an earlier one with --good, or a later one with --bad");
            if (good.Revision > bad.Revision) throw new SetupException($"{good} comes after {bad}.", "name the earlier with --good and the later with --bad: which way it flips is found from the two");
            return (good, bad);
        }

        private static FirstBad Told(TimelineHistory history, long revision)
        {
            var row = history.Rows[(int)revision - 1];
            return new FirstBad(
                revision, RevisionFacts.What(row.Event), row.Envelope.Metadata.Actor, row.Envelope.Metadata.Time, RevisionFacts.Reason(row.Event),
                [.. row.Edits.Select(e => new Culprit(NamedEdit.Of(history, e), history.Timeline.Known(e).Status))]);
        }
    }

    /// <summary>Looks at revisions, each state once.</summary>
    private sealed class Looking(TimelineHistory history, StateTrial trial, IProgress<Step>? progress, TimeProvider time)
    {
        private readonly Dictionary<StateId, Sight> seen = [];
        private readonly List<Step> steps = [];
        private bool? good;

        /// <summary>The ends first.</summary>
        public IReadOnlyList<Step> Steps => steps;

        public async Task<Sight> AtAsync(long revision, CancellationToken token)
        {
            token.ThrowIfCancellationRequested();
            var (started, past) = (time.GetTimestamp(), history.At(revision));
            var state = past.Timeline.State;
            var known = seen.TryGetValue(state, out var sight);
            if (!known) seen.Add(state, sight = await trial.LookAsync(past, token));
            steps.Add(new Step(history.Name, revision, SideOf(sight), sight.Saw, state, sight.Fingerprint, !known && !past.Timeline.InEffect.IsEmpty, time.GetElapsedTime(started).TotalSeconds));
            if (good is not null) progress?.Report(steps[^1]);
            return sight;
        }

        /// <summary>Which way it flips, now that both ends are known.</summary>
        /// <exception cref="SetupException">It does not flip, or an end cannot tell.</exception>
        public void Orient(RevisionPoint first, RevisionPoint last, Sight atFirst, Sight atLast)
        {
            foreach (var (end, sight) in new[] { (first, atFirst), (last, atLast) })
                if (sight.Holds is null) throw new SetupException($"{end} cannot be tested: {sight.Saw}.", "name another end with --good or --bad");
            if (atFirst.Holds == atLast.Holds)
                throw new SetupException(
                    $"{first} and {last} are alike, so there is no flip to look for: {trial.Says}: {atFirst.Saw}; {atLast.Saw}.",
                    "name ends that differ with --good and --bad, or look for something else");
            good = atFirst.Holds;
            for (var i = 0; i < steps.Count; i++)
            {
                steps[i] = steps[i] with { Side = SideOf(i == 0 ? atFirst : atLast) };
                progress?.Report(steps[i]);
            }
        }

        private Side SideOf(Sight sight) => sight.Holds is null ? Side.Untested : sight.Holds == good ? Side.Good : Side.Bad;
    }

    /// <summary>Of a revision: as at the good end, as at the bad one, or it cannot be told.</summary>
    public enum Side
    {
        [JsonStringEnumMemberName("good")] Good,
        [JsonStringEnumMemberName("bad")] Bad,
        [JsonStringEnumMemberName("untested")] Untested,
    }
}
