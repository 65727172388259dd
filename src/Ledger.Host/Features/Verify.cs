using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Recomputes what the ledger claims: chains, folds, states, fingerprints, the base. Names the first event that is wrong.</summary>
public static class Verify
{
    /// <param name="Deep">Recompute the fingerprint at every revision that recorded one, not only the newest.</param>
    public sealed record Request(LedgerPaths Ledger, string? Model, bool Deep) : IRequest<Result>;

    public sealed record Result(long Events, long Revisions, int Fingerprints, StateId State, Digest Head, string Base);

    public sealed class Handler(LedgerSessions sessions, BaseGuard guard) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            // The chain is walked before anything is understood: a changed event is named as such, not as whatever it broke.
            await using var store = await sessions.StoreAsync(request.Ledger, token);
            var events = await ChainWalk.CheckAsync(store, token);

            await using var session = await sessions.OpenAsync(request.Ledger, token);
            CheckStates(session);
            var path = BaseGuard.Locate(session, request.Model);
            guard.CheckInFull(session, path, token);
            var fingerprints = CheckFingerprints(session, guard.ReadMatrix(session, path), request.Deep, token);
            return new Result(events, session.Main.Timeline.Revision, fingerprints, session.Main.Timeline.State, session.Main.Head, session.Setup.Base.Base.Name);
        }

        private static void CheckStates(LedgerSession session)
        {
            var history = TimelineHistory.Start(session.Main.Started, default, session.Setup.Base.BaseMatrix);
            foreach (var row in session.Main.Rows)
            {
                history.Add(row.Envelope);
                if (row.Event is EditJudged { Record: var record }) CheckSetup(session.Setup, row.Envelope, record);
                if (RevisionFacts.After(row.Event).State is { } recorded && recorded != history.Timeline.State)
                    throw new VerificationException(row.Envelope, $"records the state {recorded.Value.Short()}, its edits give {history.Timeline.State.Value.Short()}");
                if (row.Event is EditReleased x && x.Delta != x.Solution.Delta(history.Record(x.Edit).Keys).Digest)
                    throw new VerificationException(row.Envelope, "records another digest than its factors have");
            }
        }

        /// <summary>An edit names what it was computed with; the ledger's own stream must have it, whole to its end.</summary>
        private static void CheckSetup(LedgerSetup setup, EventEnvelope e, EditRecord record)
        {
            if (record.Base != setup.Base.Base.Digest || record.Matrix != setup.Base.Matrix) throw new VerificationException(e, "was computed on another base or matrix than the ledger was opened over");
            if (record.Templates != setup.Templates?.Digest) throw new VerificationException(e, "was computed with context templates that the ledger does not record");
            if (record.KeyStatistics != setup.Statistics?.Digest) throw new VerificationException(e, "was computed with key statistics that the ledger does not record: an event of its own stream is missing");
        }

        private static int CheckFingerprints(LedgerSession session, float[] w0, bool deep, CancellationToken token)
        {
            var recorded = session.Main.Rows.Where(r => RevisionFacts.After(r.Event).Fingerprint is not null).ToList();
            if (!deep) recorded = [.. recorded.TakeLast(1)];
            var matrix = session.Setup.Base.Matrix;
            var running = new RunningState(w0, matrix);
            var next = recorded.Select(r => r.Revision).ToHashSet();
            var history = TimelineHistory.Start(session.Main.Started, default, session.Setup.Base.BaseMatrix);
            foreach (var row in session.Main.Rows)
            {
                history.Add(row.Envelope);
                if (!next.Contains(row.Revision)) continue;
                var actual = WeightFingerprint.Of(running.At(history.DeltasInEffect(), token));
                if (RevisionFacts.After(row.Event).Fingerprint is { } expected && expected != actual)
                    throw new VerificationException(row.Envelope, $"records the weight fingerprint {expected.Short()}, the fold gives {actual.Short()}");
            }
            return recorded.Count;
        }
    }

    /// <summary>A matrix that follows a history: goes on from where it stands when edits were only added, else starts from the base again.</summary>
    private sealed class RunningState(float[] w0, MatrixAddress matrix)
    {
        private readonly float[] w = (float[])w0.Clone();
        private IReadOnlyList<Domain.Editing.RankOneDelta> folded = [];

        public ReadOnlySpan<float> At(IReadOnlyList<Domain.Editing.RankOneDelta> inEffect, CancellationToken token)
        {
            if (!inEffect.Take(folded.Count).SequenceEqual(folded))
            {
                w0.CopyTo(w, 0);
                folded = [];
            }
            Fold.Apply(w, matrix.Dv, matrix.Dk, [.. inEffect.Skip(folded.Count)], token);
            folded = inEffect;
            return w;
        }
    }
}

/// <summary>What is stored is not what was written.</summary>
public sealed class VerificationException : LedgerException
{
    public VerificationException(EventEnvelope e, string problem)
        : this(e.Stream, e.Number, problem)
    {
    }

    public VerificationException(StreamName stream, long number, string problem)
        : base($"Event {number} of {stream} {problem}.", "restore the file from a backup; every event before this one is sound")
    {
        Stream = stream;
        Number = number;
    }

    public StreamName Stream { get; }

    /// <summary>The first wrong event's number.</summary>
    public long Number { get; }

    public override FailureKind Kind => FailureKind.VerificationFailed;
}

/// <summary>Walks every stream's hash chain as stored.</summary>
public static class ChainWalk
{
    /// <returns>How many events there are.</returns>
    /// <exception cref="VerificationException">The first event whose hash, link or number is wrong.</exception>
    public static async Task<long> CheckAsync(IEventStore store, CancellationToken token)
    {
        var heads = new Dictionary<StreamName, (long Number, Digest Hash)>();
        var starts = new Dictionary<StreamName, Digest>();
        var events = 0L;
        await foreach (var e in store.ReadAllAsync(StorePosition.Start, token))
        {
            events++;
            var (number, hash) = heads.TryGetValue(e.Stream, out var head) ? head : (-1, starts.GetValueOrDefault(e.Stream));
            if (e.Number != number + 1) throw new VerificationException(e.Stream, e.Number, $"follows event {number}: an event is missing or out of place");
            if (e.Hash != EventHash.Of(e)) throw new VerificationException(e.Stream, e.Number, "does not have the hash of its own content: it was changed");
            if (e.Previous != hash) throw new VerificationException(e.Stream, e.Number, "does not continue the chain: an event before it was changed or removed");
            heads[e.Stream] = (e.Number, e.Hash);
            if (EventJson.Names.GetValueOrDefault(e.Type) == typeof(TimelineStarted) && EventJson.Current.Read(e).Event is TimelineStarted started) starts[StreamName.Of(started.Timeline)] = started.Fork?.EventHash ?? e.Hash;
        }
        return events;
    }
}
