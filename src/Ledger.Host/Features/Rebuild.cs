using Ledger.Domain;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>The edited matrix at a revision, from the base and the events alone.</summary>
public static class Rebuild
{
    /// <param name="At">In the order asked for.</param>
    /// <param name="Out">A safetensors file for the matrix, for one revision; or null.</param>
    public sealed record Request(LedgerPaths Ledger, string? Model, IReadOnlyList<RevisionName> At, string? Out) : IRequest<Result>;

    public sealed record Result(IReadOnlyList<Rebuilt> Revisions, string? Out);

    /// <param name="Recorded">The fingerprint recorded when this state stood in memory; null when it never did.</param>
    public sealed record Rebuilt(string Revision, int Edits, StateId State, Digest Fingerprint, Digest? Recorded, double Milliseconds)
    {
        public bool? Agrees => Recorded is null ? null : Recorded == Fingerprint;
    }

    public sealed class Handler(LedgerSessions sessions, BaseGuard guard, TimeProvider time) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            if (request.Out is not null && request.At.Count != 1) throw new SetupException("--out takes the matrix of one revision.", "name one revision");
            if (request.Out is { } wanted) OutputFile.RequireNew(wanted);
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var past = new List<TimelineHistory>();
            foreach (var name in request.At) past.Add(await session.AtAsync(name, token));
            var path = BaseGuard.Locate(session, request.Model);
            guard.Check(session, path, token);
            var w0 = guard.ReadMatrix(session, path);
            var matrix = session.Setup.Base.Matrix;

            var rebuilt = new List<Rebuilt>();
            foreach (var history in past)
            {
                var started = time.GetTimestamp();
                var w = (float[])w0.Clone();
                Fold.Apply(w, matrix.Dv, matrix.Dk, history.DeltasInEffect(), token);
                var took = time.GetElapsedTime(started);
                var fingerprint = WeightFingerprint.Of(w);
                rebuilt.Add(new Rebuilt(
                    $"{history.Name}@{history.Timeline.Revision}", history.Timeline.InEffect.Count, history.Timeline.State, fingerprint, await session.RecordedFingerprintAsync(history, token), took.TotalMilliseconds));
                if (request.Out is { } file) MatrixFile.Write(file, w, session, history, fingerprint);
            }
            return new Result(rebuilt, request.Out);
        }
    }
}
