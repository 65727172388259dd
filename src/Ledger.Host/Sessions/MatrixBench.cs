using System.Globalization;
using Ledger.Domain;
using Ledger.Engine.Checkpoints;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Sessions;

/// <summary>The edited matrix at revisions, without the model around it.</summary>
public sealed class MatrixBench
{
    private readonly LedgerSession session;
    private readonly StateCache states;
    private readonly float[] w0;

    /// <exception cref="LedgerException">The base is not at hand, or another one.</exception>
    public MatrixBench(LedgerSession session, BaseGuard guard, string? model, TimeProvider time, CancellationToken token)
    {
        this.session = session;
        states = StateCache.Of(session.Paths, time);
        var path = BaseGuard.Locate(session, model);
        guard.Check(session, path, token);
        w0 = guard.ReadMatrix(session, path);
    }

    /// <summary>From the base, or from a beginning of the history that the cache has.</summary>
    public (float[] W, Digest Fingerprint) Rebuild(TimelineHistory history, CancellationToken token)
    {
        var made = history.Timeline.InEffect.Select(history.Present).ToList();
        var (w, fingerprint) = CachedFold.Apply(
            states, w0, session.Setup.Base.BaseMatrix, session.Setup.Base.Matrix, [.. made.Select(m => m.Delta)], made.Select(m => m.Digest), history.Fingerprint, token);
        return (w, fingerprint ?? WeightFingerprint.Of(w));
    }

    /// <inheritdoc cref="MatrixFile.Write"/>
    public void Write(string file, float[] w, TimelineHistory history, Digest fingerprint) => MatrixFile.Write(file, w, session, history, fingerprint);
}

/// <summary>An edited matrix as a safetensors file that says where it came from.</summary>
internal static class MatrixFile
{
    /// <exception cref="SetupException">The file cannot be written.</exception>
    public static void Write(string file, float[] w, LedgerSession session, TimelineHistory history, Digest fingerprint)
    {
        var matrix = session.Setup.Base.Matrix;
        var writer = new SafetensorsWriter()
            .Add(matrix.Parameter, w, matrix.Dv, matrix.Dk)
            .Note("ledger", session.Setup.Base.Ledger.ToString())
            .Note("timeline", history.Name)
            .Note("revision", history.Timeline.Revision.ToString(CultureInfo.InvariantCulture))
            .Note("state", history.Timeline.State.ToString())
            .Note("fingerprint", fingerprint.ToString())
            .Note("head", history.Head.ToString())
            .Note("layout", "row-major d_v x d_k, acting as out = W k + b");
        try
        {
            writer.Write(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{file} cannot be written: {e.Message}", "name a file in a folder that exists and can be written to");
        }
    }
}
