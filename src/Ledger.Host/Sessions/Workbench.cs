using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Projections.Replay;

namespace Ledger.Host.Sessions;

/// <summary>The base checkpoint is not the one the ledger was opened over.</summary>
public sealed class BaseChangedException(string path, string what, string expected, string actual)
    : LedgerException(
        $"The checkpoint at {path} is not the one this ledger was opened over: its {what} is {actual}, the ledger's {expected}.",
        "restore the published files, or name the folder that holds them with --model")
{
    public override FailureKind Kind => FailureKind.VerificationFailed;
}

/// <summary>Finds a ledger's base checkpoint and makes sure it is still the one.</summary>
public sealed class BaseGuard(IModelLibrary library)
{
    /// <summary>The folder to use: the one named, else LEDGER_MODEL, else where the ledger found it.</summary>
    /// <exception cref="SetupException">None is named, and the one the ledger found is gone.</exception>
    public static string Locate(LedgerSession session, string? named)
    {
        if ((named ?? Environment.GetEnvironmentVariable("LEDGER_MODEL")) is { Length: > 0 } told) return told;
        var found = session.Setup.Base.FoundAt;
        return Path.Exists(found) ? found : throw new SetupException($"The model of this ledger, {session.Setup.Base.Base.Name}, is no longer at {found}.", "say where it lies now with --model or LEDGER_MODEL");
    }

    /// <summary>
    /// Full digest when the files look other than last time (names, sizes, times, headers), or were never seen; else that look is enough,
    /// and the edited matrix is checked when it is read.
    /// </summary>
    /// <exception cref="BaseChangedException">It is another checkpoint.</exception>
    public void Check(LedgerSession session, string path, CancellationToken token)
    {
        var stamp = $"{session.Setup.Base.Base.Digest} {library.Stamp(path)}";
        var seen = Path.Combine(session.Paths.Cache, "base-stamp");
        if (File.Exists(seen) && File.ReadAllText(seen) == stamp) return;
        CheckInFull(session, path, token);
        try
        {
            Directory.CreateDirectory(session.Paths.Cache);
            File.WriteAllText(seen, stamp);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be written costs time, not results.
        }
    }

    /// <exception cref="BaseChangedException">It is another checkpoint.</exception>
    public void CheckInFull(LedgerSession session, string path, CancellationToken token)
    {
        var (expected, actual) = (session.Setup.Base.Base.Digest, library.Describe(path, token).Digest);
        if (actual != expected) throw new BaseChangedException(path, "digest", expected.Short(), actual.Short());
    }

    /// <summary>W₀, checked against the ledger's fingerprint.</summary>
    /// <exception cref="BaseChangedException">The matrix is another one.</exception>
    public float[] ReadMatrix(LedgerSession session, string path)
    {
        var w = library.ReadMatrix(path, session.Setup.Base.Matrix);
        CheckMatrix(session, path, w);
        return w;
    }

    public static void CheckMatrix(LedgerSession session, string path, ReadOnlySpan<float> w)
    {
        var (expected, actual) = (session.Setup.Base.BaseMatrix, WeightFingerprint.Of(w));
        if (actual != expected) throw new BaseChangedException(path, "edited matrix", expected.Short(), actual.Short());
    }
}

/// <summary>
/// A ledger with its model loaded and running at some revision. The matrix it runs with is always a fold from the base, or that fold
/// with one more edit folded in, which is the same.
/// </summary>
public sealed class Workbench : IDisposable
{
    private readonly LedgerSession session;
    private ReadOnlyMemory<float> present;

    private Workbench(LedgerSession session, IModelEditor editor)
    {
        this.session = session;
        Editor = editor;
        present = editor.BaseMatrix;
    }

    public IModelEditor Editor { get; }

    public MatrixAddress Matrix => Editor.Matrix;

    /// <summary>Weight fingerprint of the matrix the model runs with.</summary>
    public Digest Fingerprint { get; private set; }

    public static Workbench Load(LedgerSession session, IModelLibrary library, BaseGuard guard, string? modelPath, CancellationToken token)
    {
        var path = BaseGuard.Locate(session, modelPath);
        guard.Check(session, path, token);
        var editor = library.Load(path, session.Setup.Base.Matrix, token);
        try
        {
            BaseGuard.CheckMatrix(session, path, editor.BaseMatrix.Span);
            var bench = new Workbench(session, editor);
            bench.Fingerprint = session.Setup.Base.BaseMatrix;
            return bench;
        }
        catch
        {
            editor.Dispose();
            throw;
        }
    }

    /// <summary>Rebuilds the state with these edits from the base, and runs with it.</summary>
    public void Install(IReadOnlyList<RankOneDelta> inEffect, CancellationToken token)
    {
        var w = Editor.BaseMatrix.ToArray();
        Fold.Apply(w, Matrix.Dv, Matrix.Dk, inEffect, token);
        Run(w);
    }

    /// <summary>Runs with one more edit; it stays only if it is kept before it is disposed.</summary>
    public Candidate Try(RankOneDelta delta, CancellationToken token)
    {
        var before = (present, Fingerprint);
        var w = present.ToArray();
        Fold.Apply(w, Matrix.Dv, Matrix.Dk, [delta], token);
        Run(w);
        return new Candidate(this, before.present, before.Fingerprint);
    }

    public void Dispose() => Editor.Dispose();

    private void Run(ReadOnlyMemory<float> w)
    {
        Editor.Install(w.Span);
        present = w;
        Fingerprint = WeightFingerprint.Of(w.Span);
    }

    /// <summary>An edit the model runs with but which is not decided yet.</summary>
    public sealed class Candidate : IDisposable
    {
        private readonly Workbench bench;
        private readonly ReadOnlyMemory<float> before;
        private bool kept;

        internal Candidate(Workbench bench, ReadOnlyMemory<float> before, Digest fingerprintBefore)
        {
            this.bench = bench;
            this.before = before;
            Before = fingerprintBefore;
            With = bench.Fingerprint;
        }

        /// <summary>Weight fingerprint without the edit.</summary>
        public Digest Before { get; }

        /// <summary>Weight fingerprint with it.</summary>
        public Digest With { get; }

        public void Keep() => kept = true;

        /// <summary>Puts the matrix back unless the edit was kept.</summary>
        public void Dispose()
        {
            if (!kept) bench.Run(before);
        }
    }
}
