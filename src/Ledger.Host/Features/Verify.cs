using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Sessions;
using Ledger.Host.Trust;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Recomputes what the ledger claims: chains, folds, states, fingerprints, the base. Names the first event that is wrong.</summary>
public static class Verify
{
    /// <param name="Deep">Recompute the fingerprint at every revision that recorded one, not only the newest.</param>
    /// <param name="Against">A signed head to hold the ledger against, or null.</param>
    public sealed record Request(LedgerPaths Ledger, string? Model, bool Deep, Signed? Against = null) : IRequest<Result>;

    /// <param name="Attestation">Its file.</param>
    /// <param name="Key">The file of the public key that must have signed it.</param>
    public sealed record Signed(string Attestation, string Key);

    /// <param name="Timelines">Each with its head, <c>main</c> first.</param>
    /// <param name="Against">What the ledger was held against; null when it was not.</param>
    public sealed record Result(long Events, long Revisions, int Fingerprints, IReadOnlyList<Line> Timelines, string Base, Compared? Against);

    public sealed record Line(string Name, long Revision, StateId State, Digest Head);

    /// <param name="Key">Who signed: the key's id.</param>
    /// <param name="Time">When, as the signer's clock had it.</param>
    /// <param name="Events">How many events were signed.</param>
    /// <param name="Since">How many there are since.</param>
    public sealed record Compared(Digest Key, DateTimeOffset Time, long Events, long Since);

    public sealed class Handler(LedgerSessions sessions, BaseGuard guard) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var signed = request.Against is { } against ? ReadSigned(against) : null;

            // The chain is walked before anything is understood: a changed event is named as such, not as whatever it broke.
            await using var store = await sessions.StoreAsync(request.Ledger, token);
            var walk = await ChainWalk.CheckAsync(store, token);
            var compared = signed?.Compare(walk) is { } since ? new Compared(signed.Key, signed.Time, signed.Events, since) : null;

            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var names = session.Setup.Timelines.Values.Select(t => t.Started.Name).Order(StringComparer.Ordinal).OrderByDescending(n => n == LedgerSetup.Main).ToList();
            var histories = new List<TimelineHistory>();
            foreach (var name in names.DefaultIfEmpty(LedgerSetup.Main)) histories.Add(await session.HistoryAsync(name, token));
            foreach (var history in histories) CheckStates(session.Setup, history);
            foreach (var history in histories) CheckReplayed(session, history);

            var path = BaseGuard.Locate(session, request.Model);
            guard.CheckInFull(session, path, token);
            var w0 = guard.ReadMatrix(session, path);
            var fingerprints = histories.Sum(h => CheckFingerprints(session.Setup, h, w0, request.Deep, token) + CheckReplayedFingerprint(session, h, w0, token));
            return new Result(
                walk.Events, histories.Sum(h => Own(session.Setup, h).Count()), fingerprints,
                [.. histories.Select(h => new Line(h.Name, h.Timeline.Revision, h.Timeline.State, h.Head))], session.Setup.Base.Base.Name, compared);
        }

        private static Attestation ReadSigned(Signed against)
        {
            using var key = SigningKey.ReadPublic(against.Key);
            return Attestation.Read(against.Attestation, key);
        }

        /// <summary>The rows of a timeline's own stream: what it inherited is checked where it lies.</summary>
        private static IEnumerable<RevisionRow> Own(LedgerSetup setup, TimelineHistory history) =>
            history.Rows.Skip((int)setup.Timelines[history.Timeline.Id].FirstRevision - 1);

        private static void CheckStates(LedgerSetup setup, TimelineHistory history)
        {
            var first = setup.Timelines[history.Timeline.Id].FirstRevision;
            var past = history.At(first - 1);
            foreach (var row in Own(setup, history))
            {
                past.Add(row.Envelope, history);
                if (row.Event is EditJudged { Record: var record }) CheckSetup(setup, row.Envelope, record);
                if (RevisionFacts.After(row.Event).State is { } recorded && recorded != past.Timeline.State)
                    throw new VerificationException(row.Envelope, $"records the state {recorded.Value.Short()}, its edits give {past.Timeline.State.Value.Short()}");
                if (row.Event is EditReleased x && x.Delta != x.Solution.Delta(past.Record(x.Edit).Keys).Digest)
                    throw new VerificationException(row.Envelope, "records another digest than its factors have");
            }
        }

        /// <summary>What the end of a replay says of it.</summary>
        private static void CheckReplayed(LedgerSession session, TimelineHistory history)
        {
            if (!session.Setup.Replayed.TryGetValue(history.Timeline.Id, out var claimed)) return;
            if (claimed.Revision > history.Timeline.Revision) throw Wrong($"says that it ended at revision {claimed.Revision}, the timeline has {history.Timeline.Revision}");
            var end = history.At(claimed.Revision);
            if (end.Timeline.State != claimed.State) throw Wrong($"says that it ended in the state {claimed.State.Value.Short()}, its edits give {end.Timeline.State.Value.Short()}");
            var outcomes = end.Rows.Skip((int)(history.Started.Fork?.Revision ?? 0)).Select(r => r.Event).OfType<EditJudged>().ToLookup(e => e is EditApplied);
            if (claimed.Applied != outcomes[true].Count() || claimed.Stopped != outcomes[false].Count()) throw Wrong($"says that {claimed.Applied} edits were let in and {claimed.Stopped} stopped; there are {outcomes[true].Count()} and {outcomes[false].Count()}");

            VerificationException Wrong(string what) => new(session.SetupStream, session.Setup.Events - 1, $"or an earlier event: the end of the replay {history.Name} {what}");
        }

        /// <summary>An edit names what it was computed with; the ledger's own stream must have it, whole to its end.</summary>
        private static void CheckSetup(LedgerSetup setup, EventEnvelope e, EditRecord record)
        {
            if (record.Base != setup.Base.Base.Digest || record.Matrix != setup.Base.Matrix) throw new VerificationException(e, "was computed on another base or matrix than the ledger was opened over");
            if (record.Templates != setup.Templates?.Digest) throw new VerificationException(e, "was computed with context templates that the ledger does not record");
            if (record.KeyStatistics != setup.Statistics?.Digest) throw new VerificationException(e, "was computed with key statistics that the ledger does not record: an event of its own stream is missing");
        }

        private static int CheckFingerprints(LedgerSetup setup, TimelineHistory history, float[] w0, bool deep, CancellationToken token)
        {
            var recorded = Own(setup, history).Where(r => RevisionFacts.After(r.Event).Fingerprint is not null).ToList();
            if (!deep) recorded = [.. recorded.TakeLast(1)];
            if (recorded.Count == 0) return 0;
            var running = new RunningState(w0, setup.Base.Matrix);
            var next = recorded.Select(r => r.Revision).ToHashSet();
            var past = history.At(recorded[0].Revision - 1);
            foreach (var row in history.Rows.Skip((int)past.Timeline.Revision))
            {
                past.Add(row.Envelope, history);
                if (!next.Contains(row.Revision)) continue;
                var actual = WeightFingerprint.Of(running.At(past.DeltasInEffect(), token));
                if (RevisionFacts.After(row.Event).Fingerprint is { } expected && expected != actual)
                    throw new VerificationException(row.Envelope, $"records the weight fingerprint {expected.Short()}, the fold gives {actual.Short()}");
            }
            return recorded.Count;
        }

        /// <summary>The weights at the end of a replay from events alone stand in no event of its timeline.</summary>
        private static int CheckReplayedFingerprint(LedgerSession session, TimelineHistory history, float[] w0, CancellationToken token)
        {
            if (session.Setup.Replayed.GetValueOrDefault(history.Timeline.Id) is not { Fingerprint: { } expected } claimed) return 0;
            var actual = WeightFingerprint.Of(new RunningState(w0, session.Setup.Base.Matrix).At(history.At(claimed.Revision).DeltasInEffect(), token));
            return expected == actual ? 1
                : throw new VerificationException(session.SetupStream, session.Setup.Events - 1, $"or an earlier event: the end of the replay {history.Name} records the weight fingerprint {expected.Short()}, the fold gives {actual.Short()}");
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
