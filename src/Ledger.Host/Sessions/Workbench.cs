using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Host.Features;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Sessions;

/// <summary>The base checkpoint is not the one the ledger was opened over.</summary>
public sealed class BaseChangedException(string path, string what, string expected, string actual)
    : LedgerException(
        $"The checkpoint at {path} is not the one this ledger was opened over: its {what} is {actual}, the ledger's {expected}.",
        "restore the published files, or name the folder that holds them with --model; LEDGER_MODEL, if it is set, names one for every ledger")
{
    public override FailureKind Kind => FailureKind.VerificationFailed;
}

/// <summary>Finds a ledger's base checkpoint and makes sure it is still the one.</summary>
public sealed class BaseGuard(IModelLibrary library)
{
    /// <summary>The folder to use: the one named, else LEDGER_MODEL, else where the ledger found it. A ledger over the built-in model has no use for the variable.</summary>
    /// <exception cref="SetupException">None is named, and the one the ledger found is gone.</exception>
    public static string Locate(LedgerSession session, string? named)
    {
        var found = session.Setup.Base.FoundAt;
        if (named is null && found == BuiltIn.Model) return found;
        if ((named ?? Environment.GetEnvironmentVariable("LEDGER_MODEL")) is { Length: > 0 } told) return told;
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
        try
        {
            if (File.Exists(seen) && File.ReadAllText(seen) == stamp) return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As if it had never been seen.
        }
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
    private const int EditsAtOnce = 64;

    private readonly LedgerSession session;
    private readonly StateCache states;
    private float[]? own;           // null while it runs with the base's
    private float[]? spare;

    private Workbench(LedgerSession session, StateCache states, IModelEditor editor)
    {
        this.session = session;
        this.states = states;
        Editor = editor;
    }

    public IModelEditor Editor { get; }

    /// <summary>What the gate's probe reads on this model.</summary>
    public Probes Probes => field ??= new Probes(this);

    public MatrixAddress Matrix => Editor.Matrix;

    /// <summary>The matrix the model runs with, row-major [d_v, d_k]; until it runs with another.</summary>
    public ReadOnlyMemory<float> Present => own ?? Editor.BaseMatrix;

    /// <summary>Weight fingerprint of the matrix the model runs with.</summary>
    public Digest Fingerprint { get; private set; }

    public static Workbench Load(LedgerSession session, IModelLibrary library, BaseGuard guard, string? modelPath, CancellationToken token)
    {
        var path = BaseGuard.Locate(session, modelPath);
        var states = StateCache.Of(session.Paths, session.Time);
        guard.Check(session, path, token);
        var editor = library.Load(path, session.Setup.Base.Matrix, token);
        try
        {
            BaseGuard.CheckMatrix(session, path, editor.BaseMatrix.Span);
            var bench = new Workbench(session, states, editor);
            bench.Fingerprint = session.Setup.Base.BaseMatrix;
            return bench;
        }
        catch
        {
            editor.Dispose();
            throw;
        }
    }

    /// <summary>Runs with the state a history ends in: rebuilt from the base, or from a beginning that the cache has, which gives the same bits.</summary>
    public void Install(TimelineHistory history, CancellationToken token)
    {
        var made = history.Timeline.InEffect.Select(history.Present).ToList();
        Install([.. made.Select(m => m.Delta)], made.Select(m => m.Digest), history.Fingerprint, token);
    }

    /// <summary>The same with any edits, in this order.</summary>
    public void Install(IReadOnlyList<RankOneDelta> inEffect, CancellationToken token) => Install(inEffect, inEffect.Select(d => d.Digest), _ => null, token);

    /// <summary>The same, always from the base, from factors that come one after the other: a few of them in memory at a time.</summary>
    public async Task InstallAsync(IAsyncEnumerable<RankOneDelta> inEffect, CancellationToken token)
    {
        var w = Editor.BaseMatrix.ToArray();
        await foreach (var some in inEffect.Chunk(EditsAtOnce).WithCancellation(token)) Fold.Apply(w, Matrix.Dv, Matrix.Dk, some, token);
        Run(w);
    }

    /// <summary>Runs with these edits folded in behind the ones it runs with.</summary>
    public void Extend(IReadOnlyList<RankOneDelta> deltas, CancellationToken token)
    {
        if (deltas.Count == 0) return;
        var w = Present.ToArray();
        Fold.Apply(w, Matrix.Dv, Matrix.Dk, deltas, token);
        Run(w);
    }

    /// <summary>Runs with one more edit; it stays only if it is kept before it is disposed.</summary>
    public Candidate Try(RankOneDelta delta, CancellationToken token)
    {
        // Two matrices take turns: a third for every edit of a long run would be garbage of the largest kind.
        var before = (own, Fingerprint);
        var w = spare ?? new float[Present.Length];
        spare = null;
        Present.CopyTo(w);
        Fold.Apply(w, Matrix.Dv, Matrix.Dk, [delta], token);
        Run(w);
        return new Candidate(this, before.own, before.Fingerprint);
    }

    /// <summary>Asks the base something; then the model runs with what it ran with before.</summary>
    public T OnBase<T>(Func<T> ask)
    {
        Editor.Install(Editor.BaseMatrix.Span);
        try
        {
            return ask();
        }
        finally
        {
            Editor.Install(Present.Span);
        }
    }

    public void Dispose() => Editor.Dispose();

    private void Install(IReadOnlyList<RankOneDelta> inEffect, IEnumerable<Digest> digests, Func<StateId, Digest?> recorded, CancellationToken token)
    {
        var (w, fingerprint) = CachedFold.Apply(states, Editor.BaseMatrix.Span, session.Setup.Base.BaseMatrix, Matrix, inEffect, digests, recorded, token);
        Run(w, fingerprint);
    }

    /// <param name="w">Null for the base's.</param>
    /// <param name="fingerprint">Of <paramref name="w"/>, where it was computed already.</param>
    private void Run(float[]? w, Digest? fingerprint = null)
    {
        own = w;
        Editor.Install(Present.Span);
        Fingerprint = fingerprint ?? WeightFingerprint.Of(Present.Span);
    }

    /// <summary>An edit the model runs with but which is not decided yet.</summary>
    public sealed class Candidate : IDisposable
    {
        private readonly Workbench bench;
        private readonly float[]? before;
        private bool kept;

        internal Candidate(Workbench bench, float[]? before, Digest fingerprintBefore)
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
            bench.spare = kept ? before : bench.own;
            if (!kept) bench.Run(before);
        }
    }
}
