using System.Runtime.InteropServices;
using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Replay;

namespace Ledger.Host.Tests.Sessions;

/// <summary>With the cache, whatever is done to it, a state has the bits of a fold from the base.</summary>
public sealed class CachedFoldTests(TinyLedger tiny) : IClassFixture<TinyLedger>, IDisposable
{
    private const int Dv = 4, Dk = 5, Histories = 150, Steps = 12;

    private readonly string folder = Directory.CreateTempSubdirectory("ledger-states-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Over_random_histories_and_damage_every_state_has_the_bits_of_a_fold_from_the_base()
    {
        var (opened, damaged) = (0, 0);
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var random = new Random(seed);
            var (w0, states) = (Values(random, Dv * Dk), Path.Combine(folder, $"{seed:x}-{Guid.NewGuid():N}"));
            var (known, inEffect) = (Enumerable.Range(0, 1500).Select(_ => new RankOneDelta(new(Values(random, Dv)), new(Values(random, Dk)))).ToArray(), new List<RankOneDelta>());
            var cache = new StateCache(states, random.Next(2) == 0 ? 1 << 20 : 700, TimeProvider.System);
            for (var step = 0; step < Steps; step++)
            {
                Change(random, known, inEffect);
                var (w, fingerprint) = CachedFold.Apply(cache, w0, WeightFingerprint.Of(w0), Matrix, inEffect, inEffect.Select(d => d.Digest), Opened, CancellationToken.None);
                var expected = w0.ToArray();
                Fold.Apply(expected, Dv, Dk, inEffect, CancellationToken.None);
                if (!Bytes(w).SequenceEqual(Bytes(expected))) throw new InvalidOperationException($"seed {seed}, step {step}, {inEffect.Count} edits");
                if (fingerprint is { } f && f != WeightFingerprint.Of(expected)) throw new InvalidOperationException($"seed {seed}, step {step}: another fingerprint");
                if (random.Next(3) == 0 && Damage(random, states)) Interlocked.Increment(ref damaged);
            }
        }, iter: Histories, threads: 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Histories} histories of {Steps} states: {opened} entries opened, {damaged} damaged; no bit differs");
        opened.ShouldBeGreaterThan(Histories);
        damaged.ShouldBeGreaterThan(Histories);

        Digest? Opened(StateId state)
        {
            Interlocked.Increment(ref opened);
            return null;
        }
    }

    [Fact]
    public void The_longest_beginning_that_is_kept_is_taken_and_a_shorter_one_if_that_is_damaged()
    {
        var random = new Random(3);
        var w0 = Values(random, Dv * Dk);
        var deltas = Enumerable.Range(0, 1000).Select(_ => new RankOneDelta(new(Values(random, Dv)), new(Values(random, Dk)))).ToArray();
        var cache = new StateCache(folder, 1 << 20, TimeProvider.System);
        var asked = new List<StateId>();
        var states = StateId.Along(WeightFingerprint.Of(w0), deltas.Select(d => d.Digest)).ToArray();

        Apply(256).ShouldBe([]);                            // too few to be worth a file
        cache.Kept().ShouldBeEmpty();
        Apply(300).ShouldBe([]);
        Apply(700).ShouldBe([300]);
        Apply(800).ShouldBe([700]);                         // a hundred more: not worth another
        cache.Kept().ShouldBe([states[300], states[700]], ignoreOrder: true);
        Apply(700).ShouldBe([700]);
        Apply(500).ShouldBe([300]);
        Flip(Path.Combine(folder, $"{states[700]}.state"), 100);
        Apply(800).ShouldBe([700, 300]);                    // and folded anew, it is kept again
        cache.Kept().ShouldBe([states[300], states[800]], ignoreOrder: true);

        // Which entries are opened for the state of the first n edits.
        int[] Apply(int n)
        {
            asked.Clear();
            var (w, _) = CachedFold.Apply(cache, w0, WeightFingerprint.Of(w0), Matrix, deltas[..n], deltas[..n].Select(d => d.Digest), Recorded, CancellationToken.None);
            var expected = w0.ToArray();
            Fold.Apply(expected, Dv, Dk, deltas[..n], CancellationToken.None);
            Bytes(w).ShouldBe(Bytes(expected));
            return [.. asked.Select(s => Array.IndexOf(states, s))];
        }

        Digest? Recorded(StateId state)
        {
            asked.Add(state);
            return null;
        }
    }

    [Fact]
    public void An_entry_that_the_ledger_recorded_otherwise_is_folded_anew()
    {
        var random = new Random(5);
        var w0 = Values(random, Dv * Dk);
        var deltas = Enumerable.Range(0, 300).Select(_ => new RankOneDelta(new(Values(random, Dv)), new(Values(random, Dk)))).ToArray();
        var cache = new StateCache(folder, 1 << 20, TimeProvider.System);
        var state = StateId.Of(WeightFingerprint.Of(w0), deltas.Select(d => d.Digest));
        var expected = w0.ToArray();
        Fold.Apply(expected, Dv, Dk, deltas, CancellationToken.None);
        // Sound in itself, and wrong: only the ledger knows.
        cache.Keep(state, w0, Dv, Dk, WeightFingerprint.Of(w0));

        var (w, fingerprint) = CachedFold.Apply(cache, w0, WeightFingerprint.Of(w0), Matrix, deltas, deltas.Select(d => d.Digest), s => s == state ? WeightFingerprint.Of(expected) : null, CancellationToken.None);
        Bytes(w).ShouldBe(Bytes(expected));
        fingerprint.ShouldBe(WeightFingerprint.Of(expected));
        Bytes(cache.Read(state, Dv, Dk, null)!.Value.W).ShouldBe(Bytes(expected));
    }

    [Fact]
    public async Task The_program_answers_the_same_with_the_cache_without_it_and_with_a_damaged_one()
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], Enumerable.Range(0, CachedFold.WorthKeeping + 1).Select(i => Cli.MainJobTests.Fact($"Ada{i}", "Rome")), TestContext.Current.CancellationToken);
        (await ledger.RunAsync("edit", "--from", "facts.jsonl")).ShouldEndWith(0);
        var states = ledger["tiny.ledger.d/cache/states"];
        string[] ask = ["ask", "Ada3 is", "--at", "main@head", "--at", "main@3", "--json"];
        Directory.Exists(states).ShouldBeFalse();

        var without = (await new LedgerProcess(ledger.Folder, Environment(("LEDGER_CACHE_BYTES", "0"))).RunAsync(ask)).ShouldEndWith(0).Out;
        Directory.Exists(states).ShouldBeFalse();
        (await ledger.RunAsync(ask)).ShouldEndWith(0).Out.ShouldBe(without);
        var entry = Directory.GetFiles(states, "*.state").ShouldHaveSingleItem();
        (await ledger.RunAsync(ask)).ShouldEndWith(0).Out.ShouldBe(without);
        var sound = await File.ReadAllBytesAsync(entry, TestContext.Current.CancellationToken);
        Flip(entry, sound.Length - 1);
        (await ledger.RunAsync(ask)).ShouldEndWith(0).Out.ShouldBe(without);
        (await File.ReadAllBytesAsync(entry, TestContext.Current.CancellationToken)).ShouldBe(sound);
        Directory.Delete(states, recursive: true);
        (await ledger.RunAsync(ask)).ShouldEndWith(0).Out.ShouldBe(without);

        // Sound in itself, and the base's numbers: the ledger recorded others at main@head.
        await using (var session = await new LedgerSessions(TimeProvider.System).OpenAsync(new LedgerPaths(ledger["tiny.ledger"]), TestContext.Current.CancellationToken))
        {
            var matrix = session.Setup.Base.Matrix;
            var w0 = new Ledger.Engine.ModelLibrary("cpu").ReadMatrix(ledger["model"], matrix);
            File.Delete(entry);
            new StateCache(states, 1 << 20, TimeProvider.System).Keep(StateId.Parse(Path.GetFileNameWithoutExtension(entry)), w0, matrix.Dv, matrix.Dk, WeightFingerprint.Of(w0));
        }
        File.Exists(entry).ShouldBeTrue();
        (await ledger.RunAsync(ask)).ShouldEndWith(0).Out.ShouldBe(without);
        (await File.ReadAllBytesAsync(entry, TestContext.Current.CancellationToken)).ShouldBe(sound);

        (await new LedgerProcess(ledger.Folder, Environment(("LEDGER_CACHE_BYTES", "1GB"))).RunAsync(ask)).ShouldEndWith(2).Err.ShouldContain("LEDGER_CACHE_BYTES is \"1GB\", not a number of bytes");

        Dictionary<string, string> Environment(params (string, string)[] more) => new([.. more.Select(m => KeyValuePair.Create(m.Item1, m.Item2)), new("LEDGER_MODEL", ledger["model"])]);
    }

    private static MatrixAddress Matrix => new(1, "w", Dv, Dk);

    /// <summary>Edits come, one goes, one is put back last, an earlier revision is asked for, or the same again.</summary>
    private static void Change(Random random, RankOneDelta[] known, List<RankOneDelta> inEffect)
    {
        var at = random.Next(inEffect.Count + 1);
        switch (random.Next(inEffect.Count == at ? 1 : 6))
        {
            case 1: inEffect.RemoveAt(at); break;
            case 2:
                var moved = inEffect[at];
                inEffect.RemoveAt(at);
                inEffect.Add(moved);
                break;
            case 3: inEffect.RemoveRange(at, inEffect.Count - at); break;
            case 4: break;
            default: inEffect.AddRange(known.Except(inEffect).Take(random.Next(1, 500))); break;
        }
    }

    private static bool Damage(Random random, string states)
    {
        if (!Directory.Exists(states) || Directory.GetFiles(states, "*.state") is not { Length: > 0 } entries) return false;
        var (one, other) = (entries[random.Next(entries.Length)], entries[random.Next(entries.Length)]);
        switch (random.Next(5))
        {
            case 0: File.WriteAllBytes(one, File.ReadAllBytes(one)[..random.Next((int)new FileInfo(one).Length)]); break;
            case 1 when new FileInfo(one).Length > 0: Flip(one, random.Next((int)new FileInfo(one).Length)); break;
            case 2 when one != other: File.Copy(other, one, overwrite: true); break;
            case 3: Directory.Delete(states, recursive: true); break;
            default: File.Delete(one); break;
        }
        return true;
    }

    private static void Flip(string path, int index)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[index] ^= 4;
        File.WriteAllBytes(path, bytes);
    }

    private static float[] Values(Random random, int count)
    {
        var values = new float[count];
        foreach (ref var v in values.AsSpan()) v = random.NextSingle() - 0.5f;
        return values;
    }

    private static byte[] Bytes(float[] w) => MemoryMarshal.AsBytes(w.AsSpan()).ToArray();
}
