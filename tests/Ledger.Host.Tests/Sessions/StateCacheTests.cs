using System.Runtime.InteropServices;
using Ledger.Domain;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;

namespace Ledger.Host.Tests.Sessions;

/// <summary>The files of the cache: what is read is what was kept or nothing, and together they stay under their bound.</summary>
public sealed class StateCacheTests : IDisposable
{
    private const int Dv = 6, Dk = 7, Header = 80, EntryBytes = Header + 4 * Dv * Dk;

    private readonly string folder = Directory.CreateTempSubdirectory("ledger-states-").FullName;
    private readonly Clock time = new();

    private string States => Path.Combine(folder, "states");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void What_was_kept_is_read_bit_for_bit_with_its_fingerprint()
    {
        var (cache, w) = (Cache(), Matrix(1));
        w[3] = float.NaN;
        w[4] = -0f;
        cache.Keep(State(1), w, Dv, Dk, WeightFingerprint.Of(w));
        var (read, fingerprint) = Cache().Read(State(1), Dv, Dk, null)!.Value;
        Bytes(read).ShouldBe(Bytes(w));
        fingerprint.ShouldBe(WeightFingerprint.Of(w));
        Cache().Read(State(1), Dv, Dk, WeightFingerprint.Of(w)).ShouldNotBeNull();
        Cache().Kept().ShouldBe([State(1)]);
        Cache().Read(State(2), Dv, Dk, null).ShouldBeNull();
    }

    public static TheoryData<string, Action<string>> Damages => new()
    {
        { "nothing in it", path => File.WriteAllBytes(path, []) },
        { "half a header", path => Cut(path, 11) },
        { "the header alone", path => Cut(path, Header) },
        { "a byte short", path => Cut(path, EntryBytes - 1) },
        { "a byte more", path => File.AppendAllText(path, "x") },
        { "a folder", path => { File.Delete(path); Directory.CreateDirectory(path); } },
    };

    [Theory, MemberData(nameof(Damages))]
    public void A_damaged_entry_is_not_read_and_makes_room_for_a_sound_one(string what, Action<string> damage)
    {
        Keep(1);
        damage(PathOf(1));
        Cache().Read(State(1), Dv, Dk, null).ShouldBeNull(what);
        if (what == "a folder") return;         // nobody's entry: it is left alone, and costs the time
        File.Exists(PathOf(1)).ShouldBeFalse(what);
        Keep(1);
        Cache().Read(State(1), Dv, Dk, null).ShouldNotBeNull(what);
    }

    [Fact]
    public void No_byte_of_an_entry_can_be_another_one()
    {
        Keep(1);
        var sound = File.ReadAllBytes(PathOf(1));
        for (var i = 0; i < sound.Length; i++)
        {
            File.WriteAllBytes(PathOf(1), [.. sound[..i], (byte)(sound[i] ^ (1 << (i % 8))), .. sound[(i + 1)..]]);
            Cache().Read(State(1), Dv, Dk, null).ShouldBeNull($"byte {i}");
            File.Exists(PathOf(1)).ShouldBeFalse($"byte {i}");
        }
    }

    [Fact]
    public void Another_states_entry_under_this_name_is_not_read()
    {
        Keep(1);
        Keep(2);
        File.Copy(PathOf(2), PathOf(1), overwrite: true);
        Cache().Read(State(1), Dv, Dk, null).ShouldBeNull();
        Cache().Read(State(2), Dv, Dk, null).ShouldNotBeNull();
    }

    [Fact]
    public void An_entry_that_is_sound_in_itself_but_not_what_the_ledger_recorded_is_not_read()
    {
        Cache().Keep(State(1), Matrix(2), Dv, Dk, WeightFingerprint.Of(Matrix(2)));
        Cache().Read(State(1), Dv, Dk, recorded: WeightFingerprint.Of(Matrix(1))).ShouldBeNull();
        File.Exists(PathOf(1)).ShouldBeFalse();
    }

    [Fact]
    public void An_entry_of_another_shape_with_as_many_numbers_is_not_read()
    {
        Keep(1);
        Cache().Read(State(1), Dk, Dv, null).ShouldBeNull();
    }

    [Fact]
    public void What_was_used_longest_ago_goes_first_and_the_bound_holds_to_the_byte()
    {
        var bound = 3 * EntryBytes;
        foreach (var n in new[] { 1, 2, 3 }) Keep(n, bound);
        Cache(bound).Read(State(1), Dv, Dk, null).ShouldNotBeNull();        // 2 is now the one not used for longest
        time.Now += TimeSpan.FromSeconds(1);
        Keep(4, bound);
        Cache(bound).Kept().ShouldBe([State(1), State(3), State(4)], ignoreOrder: true);
        Held().ShouldBe(bound);

        Keep(5, bound - 1);                                                 // a smaller bound than before
        Cache().Kept().ShouldBe([State(4), State(5)], ignoreOrder: true);
        Keep(6, EntryBytes - 1);
        Cache().Kept().ShouldBe([State(4), State(5)], ignoreOrder: true);
    }

    [Fact]
    public void Of_bound_0_there_is_no_cache()
    {
        Keep(1, bound: 0);
        Directory.Exists(States).ShouldBeFalse();
        Keep(1);
        Cache(bound: 0).Read(State(1), Dv, Dk, null).ShouldBeNull();
        Cache(bound: 0).Kept().ShouldBeEmpty();
    }

    [Fact]
    public void What_a_killed_writer_left_is_removed()
    {
        Keep(1);
        File.WriteAllBytes(Path.Combine(States, "0.tmp"), new byte[1000]);
        Keep(2);
        Held().ShouldBe(2 * EntryBytes);
    }

    [Fact]
    public void A_cache_that_cannot_be_written_or_read_costs_nothing_but_time()
    {
        File.WriteAllText(States, "a file where the folder should be");
        Keep(1);
        Cache().Read(State(1), Dv, Dk, null).ShouldBeNull();
        Cache().Kept().ShouldBeEmpty();

        File.Delete(States);
        Keep(1);
        // Somebody else is writing: this one keeps nothing, and reads all the same.
        using (new FileStream(Path.Combine(States, "writing"), FileMode.Open, FileAccess.ReadWrite, FileShare.None)) Keep(2);
        Cache().Kept().ShouldBe([State(1)]);
        Keep(2);
        Cache().Kept().Count.ShouldBe(2);
    }

    [Fact]
    public async Task Many_at_once_read_what_is_right_and_never_hold_more_than_the_bound()
    {
        const int bound = 4 * EntryBytes + 50, enough = 100;
        var (reads, looks, most) = (0, 0, 0L);
        Keep(0, bound);
        var token = TestContext.Current.CancellationToken;
        var watching = Task.Run(() =>
        {
            while (looks < enough)
                if (HeldBetweenWriters() is { } bytes) (most, looks) = (Math.Max(most, bytes), looks + 1);
                else Thread.Yield();
        }, token);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(() =>
        {
            for (var random = new Random(seed); Volatile.Read(ref looks) < enough || Volatile.Read(ref reads) < enough;)
                if (ReadOrKeep(random.Next(9), bound)) Interlocked.Increment(ref reads);
        }, token)).Append(watching));
        most.ShouldBeInRange(EntryBytes, bound);
        Held().ShouldBeLessThanOrEqualTo(bound);
    }

    [Fact]
    public async Task The_folder_may_be_deleted_while_others_read_and_write()
    {
        var token = TestContext.Current.CancellationToken;
        var work = Task.WhenAll(Enumerable.Range(0, 3).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 300; i++) ReadOrKeep(random.Next(9), 1 << 20);
        }, token)));
        while (!work.IsCompleted)
        {
            TryDeleteAll();
            await Task.Delay(1, token);
        }
        await work;
        TryDeleteAll();
        Keep(1);
        Cache().Read(State(1), Dv, Dk, null).ShouldNotBeNull();
    }

    /// <returns>Whether it was there; then it is the right one.</returns>
    private bool ReadOrKeep(int n, long bound)
    {
        var cache = new StateCache(States, bound, TimeProvider.System);
        if (cache.Read(State(n), Dv, Dk, null) is not { } found)
        {
            cache.Keep(State(n), Matrix(n), Dv, Dk, WeightFingerprint.Of(Matrix(n)));
            return false;
        }
        return Bytes(found.W).SequenceEqual(Bytes(Matrix(n))) ? true : throw new InvalidOperationException($"state {n} is another one");
    }

    private StateCache Cache(long bound = 1 << 20) => new(States, bound, time);

    private void Keep(int n, long bound = 1 << 20)
    {
        Cache(bound).Keep(State(n), Matrix(n), Dv, Dk, WeightFingerprint.Of(Matrix(n)));
        time.Now += TimeSpan.FromSeconds(1);
    }

    private string PathOf(int n) => Path.Combine(States, $"{State(n)}.state");

    private long Held() => new DirectoryInfo(States).EnumerateFiles().Sum(f => f.Length);

    /// <summary>While nobody writes; null where somebody does.</summary>
    private long? HeldBetweenWriters()
    {
        try
        {
            using var turn = new FileStream(Path.Combine(States, "writing"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return Held();
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void TryDeleteAll()
    {
        try
        {
            Directory.Delete(States, recursive: true);
        }
        catch (IOException)
        {
            // Somebody wrote meanwhile.
        }
    }

    private static StateId State(int n) => new(Digest.Of([(byte)n]));

    private static float[] Matrix(int n)
    {
        var random = new Random(n);
        return [.. Enumerable.Range(0, Dv * Dk).Select(_ => random.NextSingle())];
    }

    private static byte[] Bytes(float[] w) => MemoryMarshal.AsBytes(w.AsSpan()).ToArray();

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private static void Cut(string path, int length)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(length);
    }
}
