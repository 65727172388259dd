using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
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
            var walk = await WalkAsync(store, signed, token);
            var compared = signed?.Compare(walk) is { } since ? new Compared(signed.Key, signed.Time, signed.Events, since) : null;

            await using var session = await sessions.OpenAsync(request.Ledger, token);
            // What others do meanwhile is verified the next time: the ends of replays and the timelines as they are now. Events read later may rest on what is set up later.
            var setup = session.Setup;
            var names = setup.Timelines.Values.Select(t => t.Started.Name).Order(StringComparer.Ordinal).OrderByDescending(n => n == LedgerSetup.Main).ToList();
            var histories = new List<TimelineHistory>();
            foreach (var name in names.DefaultIfEmpty(LedgerSetup.Main)) histories.Add(await session.HistoryAsync(name, token));
            await session.CatchUpSetupAsync(token);
            var ends = histories.ConvertAll(h => CheckStates(session, setup, h));
            foreach (var (history, atEnd) in histories.Zip(ends)) CheckReplayed(session, setup, history, atEnd);

            var path = BaseGuard.Locate(session, request.Model);
            guard.CheckInFull(session, path, token);
            var w0 = guard.ReadMatrix(session, path);
            var fingerprints = histories.Sum(h => CheckFingerprints(session, setup, h, w0, request.Deep, token));
            return new Result(
                walk.Events, histories.Sum(h => Own(setup, h).Count()), fingerprints,
                [.. histories.Select(h => new Line(h.Name, h.Timeline.Revision, h.Timeline.State, h.Head))], session.Setup.Base.Base.Name, compared);
        }

        private static Attestation ReadSigned(Signed against)
        {
            using var key = SigningKey.ReadPublic(against.Key);
            return Attestation.Read(against.Attestation, key);
        }

        /// <exception cref="SignedHeadException">The chains are broken, and the file is not the one that was signed: both are said.</exception>
        private static async Task<ChainWalk> WalkAsync(IEventStore store, Attestation? signed, CancellationToken token)
        {
            try
            {
                return await ChainWalk.CheckAsync(store, token);
            }
            catch (LedgerException fault) when (signed is not null && fault.Kind == FailureKind.VerificationFailed)
            {
                if (await signed.CompareStoredAsync(store, token) is { } other) throw new SignedHeadException(other.Stream, other.Number, $"{other.Message} Besides: {fault.Message}");
                throw;
            }
        }

        /// <summary>The rows of a timeline's own stream: what it inherited is checked where it lies.</summary>
        private static IEnumerable<RevisionRow> Own(LedgerSetup setup, TimelineHistory history) =>
            history.Rows.Skip((int)setup.Timelines[history.Timeline.Id].FirstRevision - 1);

        /// <returns>The state at the end of a replay; null where the timeline is no replay that ended at a revision it has.</returns>
        private static StateId? CheckStates(LedgerSession session, LedgerSetup setup, TimelineHistory history)
        {
            var past = history.At(setup.Timelines[history.Timeline.Id].FirstRevision - 1);
            var end = setup.Replayed.GetValueOrDefault(history.Timeline.Id)?.Revision;
            StateId? atEnd = past.Timeline.Revision == end ? past.Timeline.State : null;
            foreach (var row in Own(setup, history))
            {
                past.Add(row.Envelope, history);
                if (row.Revision == end) atEnd = past.Timeline.State;
                if (row.Event is EditJudged { Record: var record }) CheckSetup(session.Setup, row.Envelope, record);
                if (RevisionFacts.After(row.Event).State is { } recorded && recorded != past.Timeline.State)
                    throw new VerificationException(row.Envelope, $"records the state {recorded.Value.Short()}, its edits give {past.Timeline.State.Value.Short()}");
                if (row.Event is EditReleased x && x.Delta != x.Solution.Delta(past.Record(x.Edit).Keys).Digest)
                    throw new VerificationException(row.Envelope, "records another digest than its factors have");
            }
            return atEnd;
        }

        /// <summary>What the end of a replay says of it.</summary>
        /// <param name="atEnd">The state where it says that it ended.</param>
        private static void CheckReplayed(LedgerSession session, LedgerSetup setup, TimelineHistory history, StateId? atEnd)
        {
            if (!setup.Replayed.TryGetValue(history.Timeline.Id, out var claimed)) return;
            if (atEnd is not { } state) throw WrongEnd(session, history, $"says that it ended at revision {claimed.Revision}, the timeline has {history.Timeline.Revision}");
            if (state != claimed.State) throw WrongEnd(session, history, $"says that it ended in the state {claimed.State.Value.Short()}, its edits give {state.Value.Short()}");
            var counts = ReplayCounts.Of(history.Rows.Take((int)claimed.Revision).Skip((int)(history.Started.Fork?.Revision ?? 0)).Select(r => r.Event));
            if (claimed.Applied != counts.LetIn || claimed.Stopped != counts.Stopped)
                throw WrongEnd(session, history, $"says that {claimed.Applied} edits were let in and {claimed.Stopped} stopped; there are {counts.LetIn} and {counts.Stopped}");
        }

        /// <summary>An edit names what it was computed with; the ledger's own stream must have it, whole to its end.</summary>
        private static void CheckSetup(LedgerSetup setup, EventEnvelope e, EditRecord record)
        {
            if (record.Base != setup.Base.Base.Digest || record.Matrix != setup.Base.Matrix) throw new VerificationException(e, "was computed on another base or matrix than the ledger was opened over");
            if (record.Templates != setup.Templates?.Digest) throw new VerificationException(e, "was computed with context templates that the ledger does not record");
            if (record.KeyStatistics != setup.Statistics?.Digest) throw new VerificationException(e, "was computed with key statistics that the ledger does not record: an event of its own stream is missing");
        }

        /// <summary>The newest recorded weight fingerprint of a timeline's own, or with <paramref name="deep"/> all of them, and the one at the end of a replay, which may stand in no event of its timeline.</summary>
        private static int CheckFingerprints(LedgerSession session, LedgerSetup setup, TimelineHistory history, float[] w0, bool deep, CancellationToken token)
        {
            var recorded = Own(setup, history).Where(r => RevisionFacts.After(r.Event).Fingerprint is not null).ToList();
            var due = (deep ? recorded : recorded.TakeLast(1)).Select(r => new Due(r.Revision, RevisionFacts.After(r.Event).Fingerprint!.Value, what => new VerificationException(r.Envelope, what))).ToList();
            if (setup.Replayed.GetValueOrDefault(history.Timeline.Id) is { Fingerprint: { } atEnd } claimed) due.Add(new Due(claimed.Revision, atEnd, what => WrongEnd(session, history, what)));
            if (due.Count == 0) return 0;
            var (weights, past) = (new RunningWeights(w0, setup.Base.Matrix), history.At(due.Min(d => d.Revision)));
            foreach (var revision in due.ToLookup(d => d.Revision).OrderBy(d => d.Key))
            {
                foreach (var row in history.Rows.Take((int)revision.Key).Skip((int)past.Timeline.Revision)) past.Add(row.Envelope, history);
                var actual = weights.Fingerprint(past.DeltasInEffect(), token);
                if (revision.FirstOrDefault(d => d.Recorded != actual) is { } other) throw other.Wrong($"records the weight fingerprint {other.Recorded.Short()}, the fold gives {actual.Short()}");
            }
            return due.Count;
        }

        private static VerificationException WrongEnd(LedgerSession session, TimelineHistory history, string what) =>
            new(session.SetupStream, session.Setup.Events - 1, $"or an earlier event: the end of the replay {history.Name} {what}");

        /// <summary>A weight fingerprint to be recomputed.</summary>
        /// <param name="Wrong">What to throw where it does not come out.</param>
        private sealed record Due(long Revision, Digest Recorded, Func<string, VerificationException> Wrong);
    }
}
