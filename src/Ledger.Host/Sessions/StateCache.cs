using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Ledger.Domain;
using Ledger.Projections.Replay;

namespace Ledger.Host.Sessions;

/// <summary>
/// Edited matrices by state id, a file each. Nothing in it is trusted: what is read must have the SHA-256 that stands beside it, and the one the ledger recorded where it recorded one; an entry
/// that has not is removed, which costs the time to fold it again. Whatever fails here costs time, never a result. For several processes at once; may be deleted while they run.
/// </summary>
/// <param name="folder">Made when something is kept.</param>
/// <param name="bound">Bytes of all files together, never exceeded: what was used longest ago goes first. 0 switches the cache off.</param>
/// <param name="time">Stamps each use.</param>
public sealed class StateCache(string folder, long bound, TimeProvider time)
{
    public const string BoundVariable = "LEDGER_CACHE_BYTES";

    private const long DefaultBound = 1L << 30;
    private const string Entry = ".state", Temporary = ".tmp";

    /// <summary>Before the float32 bytes, little-endian: magic, d_v, d_k, the state id, the weight fingerprint.</summary>
    private const int HeaderBytes = 8 + 4 + 4 + Digest.Size + Digest.Size;

    private static ReadOnlySpan<byte> Magic => "ledgerW1"u8;

    public bool IsOff => bound == 0;

    /// <summary>A ledger's, as large as LEDGER_CACHE_BYTES says, else 1 GiB.</summary>
    /// <exception cref="SetupException">The variable is no number of bytes.</exception>
    public static StateCache Of(LedgerPaths paths, TimeProvider time)
    {
        var told = Environment.GetEnvironmentVariable(BoundVariable);
        if (string.IsNullOrEmpty(told)) return new StateCache(paths.States, DefaultBound, time);
        return long.TryParse(told, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? new StateCache(paths.States, bytes, time)
            : throw new SetupException($"{BoundVariable} is \"{told}\", not a number of bytes.", "set it to a whole number, 0 for no cache, or not at all for 1 GiB");
    }

    /// <summary>The states there are files for.</summary>
    public IReadOnlySet<StateId> Kept()
    {
        var kept = new HashSet<StateId>();
        if (!IsOff)
            Tolerate(() =>
            {
                foreach (var path in Directory.EnumerateFiles(folder, "*" + Entry))
                    if (StateId.TryParse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture, out var state)) kept.Add(state);
            });
        return kept;
    }

    /// <summary>W of a state, row-major [d_v, d_k], with its weight fingerprint; null when it is not here, or was not what it should be.</summary>
    /// <param name="recorded">The weight fingerprint that the ledger has of this state, if it has one.</param>
    public (float[] W, Digest Fingerprint)? Read(StateId state, int dv, int dk, Digest? recorded)
    {
        (float[], Digest)? found = null;
        if (!IsOff)
            Tolerate(() =>
            {
                found = Trusted(state, dv, dk, recorded);
                if (found is null) File.Delete(PathOf(state));
                // The write time, not that of access, which the system sets as well, or never (noatime).
                else File.SetLastWriteTimeUtc(PathOf(state), time.GetUtcNow().UtcDateTime);
            });
        return found;
    }

    /// <param name="w">Row-major [d_v, d_k].</param>
    /// <param name="fingerprint">Of <paramref name="w"/>.</param>
    public void Keep(StateId state, ReadOnlyMemory<float> w, int dv, int dk, Digest fingerprint)
    {
        var size = HeaderBytes + (long)w.Length * sizeof(float);
        if (size > bound) return;
        Tolerate(() =>
        {
            Directory.CreateDirectory(folder);
            // One writer at a time, whatever the process: two would each see room for one. Whoever finds it taken keeps nothing.
            using var turn = new FileStream(Path.Combine(folder, "writing"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (File.Exists(PathOf(state))) return;
            MakeRoom(bound - size);
            var temporary = Path.Combine(folder, Guid.NewGuid().ToString("N") + Temporary);
            try
            {
                Write(temporary, state, w.Span, dv, dk, fingerprint);
                File.SetLastWriteTimeUtc(temporary, time.GetUtcNow().UtcDateTime);
                File.Move(temporary, PathOf(state));
            }
            finally
            {
                File.Delete(temporary);
            }
        });
    }

    private (float[], Digest)? Trusted(StateId state, int dv, int dk, Digest? recorded)
    {
        using var file = new FileStream(PathOf(state), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (file.Length != HeaderBytes + (long)dv * dk * sizeof(float)) return null;
        Span<byte> header = stackalloc byte[HeaderBytes];
        file.ReadExactly(header);
        var fingerprint = new Digest(header[^Digest.Size..]);
        if (!header.SequenceEqual(Header(state, dv, dk, recorded ?? fingerprint))) return null;

        var w = new float[dv * dk];
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var at = 0; at < w.Length; at += WeightFingerprint.Chunk)
        {
            var part = MemoryMarshal.AsBytes(w.AsSpan(at, Math.Min(WeightFingerprint.Chunk, w.Length - at)));
            file.ReadExactly(part);
            sha256.AppendData(part);
        }
        return Digest.Of(sha256) == fingerprint ? (w, fingerprint) : null;
    }

    /// <summary>Not flushed to disk: half an entry has another digest.</summary>
    private static void Write(string path, StateId state, ReadOnlySpan<float> w, int dv, int dk, Digest fingerprint)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        file.Write(Header(state, dv, dk, fingerprint));
        for (; !w.IsEmpty; w = w[Math.Min(WeightFingerprint.Chunk, w.Length)..]) file.Write(MemoryMarshal.AsBytes(w[..Math.Min(WeightFingerprint.Chunk, w.Length)]));
    }

    private static byte[] Header(StateId state, int dv, int dk, Digest fingerprint)
    {
        var header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), dv);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), dk);
        state.Value.WriteTo(header.AsSpan(16));
        fingerprint.WriteTo(header.AsSpan(16 + Digest.Size));
        return header;
    }

    /// <summary>Removes what killed writers left, then entries until the rest has at most so many bytes.</summary>
    private void MakeRoom(long left)
    {
        var files = new DirectoryInfo(folder);
        foreach (var torn in files.EnumerateFiles("*" + Temporary)) torn.Delete();
        var entries = files.EnumerateFiles("*" + Entry).Select(e => (File: e, Bytes: e.Length, Used: e.LastWriteTimeUtc)).OrderBy(e => e.Used).ToArray();
        var bytes = entries.Sum(e => e.Bytes);
        for (var i = 0; bytes > left; bytes -= entries[i++].Bytes) entries[i].File.Delete();
    }

    private string PathOf(StateId state) => Path.Combine(folder, state + Entry);

    private static void Tolerate(Action use)
    {
        try
        {
            use();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be used costs time, not results.
        }
    }
}
