using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Stores;
using Ledger.Host.Trust;
using Ledger.TestKit;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>
/// Ledgers of random shape, branches and observations among them, and what can be done to their files: through SQL, to raw bytes, and by
/// somebody who recomputes every hash. Chains, files and signed heads only: no model is loaded.
/// </summary>
public sealed class TamperingAcceptance : IAsyncLifetime
{
    private const int Seed = 20261126, All = 2000;
    private static readonly string[] Covered = ["stream", "number", "type", "metadata", "data", "previous_hash", "hash"];

    /// <summary>How many changes through SQL; the other counts go with it. Every event and pair is tried by scripts/accept, of a smaller ledger in CI.</summary>
    private static readonly int Changes = RealLedgers.Count(inCi: 150), Size = Changes < All ? 60 : 300;

    private readonly string folder = Directory.CreateTempSubdirectory("ledger-tampered-").FullName;
    private IReadOnlyList<RecordedEvent> events = [];
    private Attestation signed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Untouched => Path.Combine(folder, "untouched.ledger");

    private string Tampered => Path.Combine(folder, "tampered.ledger");

    public async ValueTask InitializeAsync()
    {
        events = await WriteAsync(Untouched, Seed, Size);
        signed = Sign(await WalkAsync(Untouched));
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_byte_changed_in_any_covered_column_names_the_event()
    {
        var random = new Random(Seed);
        var tried = Covered.ToDictionary(c => c, _ => 0);
        for (var i = 0; i < Changes; i++)
        {
            var (e, column) = (events[random.Next(events.Count)], Covered[random.Next(Covered.Length)]);
            var (before, after) = Changed(e, column, random);
            await TamperAsync($"UPDATE events SET {column} = {after} WHERE position = {e.Position.Value}");
            var fault = await FaultAsync();
            Named(fault, e, column).ShouldBeTrue($"change {i}: {column} of event {e.Number} of {e.Stream}, {before} → {after}: {fault.Message}");
            tried[column]++;
        }
        RealLedgers.Print($"{Changes} bytes changed through SQL in a ledger of {events.Count} events and {signed.Streams.Length} streams (seed {Seed}): each named the event   ({string.Join(", ", tried.Select(t => $"{t.Value} {t.Key}"))})");
    }

    [Fact]
    public async Task Neighbours_that_changed_places_name_the_first_of_them()
    {
        var swaps = 0;
        foreach (var stream in events.GroupBy(e => e.Stream))
            foreach (var (a, b) in stream.Zip(stream.Skip(1)))
            {
                string[] ways =
                [
                    Swap("number", a, b, "-1"),
                    Swap("data", a, b),
                    Swap("metadata", a, b),
                    Swap("hash", a, b),
                    Swap("position", a, b, "-1"),
                    $"{Swap("type", a, b)} {Swap("metadata", a, b)} {Swap("data", a, b)} {Swap("previous_hash", a, b)} {Swap("hash", a, b)}",
                ];
                foreach (var way in ways)
                {
                    await TamperAsync(way);
                    if (Same(await ReadAsync(Tampered))) continue;      // their names were the same, say
                    var fault = (await FaultAsync()).ShouldBeOfType<VerificationException>();
                    (fault.Stream, fault.Number).ShouldBe((a.Stream, a.Number), $"{way}: {fault.Message}");
                    swaps++;
                }
            }
        RealLedgers.Print($"{swaps} swaps, of each two neighbours in a stream their numbers, payloads, metadata, hashes, positions or rows: each named the first of the two");
        swaps.ShouldBeGreaterThan(5 * (events.Count - signed.Streams.Length) - 20);
    }

    [Fact]
    public async Task An_event_that_was_removed_is_named()
    {
        int named = 0, behind = 0, ends = 0;
        foreach (var e in events)
        {
            var last = e.Number == signed.Streams.Single(s => s.Stream == e.Stream).Size - 1;
            await TamperAsync($"DELETE FROM events WHERE position = {e.Position.Value}");
            if (e == events[^1]) await CutOffAsync(e);
            else
            {
                var fault = (await FaultAsync()).ShouldBeOfType<VerificationException>();
                // Behind the last event of a stream nothing says whose the gap is: the event behind it is named.
                var next = events[(int)e.Position.Value];
                (fault.Stream, fault.Number).ShouldBe(last ? (next.Stream, next.Number) : (e.Stream, e.Number), fault.Message);
                fault.Message.ShouldContain(last ? "behind a gap" : "was removed");
                if (last) behind++;
                else named++;
            }

            // The same by somebody who closes the gap: within a stream the chain tells, at its end only the signature.
            await TamperAsync($"DELETE FROM events WHERE position = {e.Position.Value}; UPDATE events SET position = -position WHERE position > {e.Position.Value}; UPDATE events SET position = -position - 1 WHERE position < 0");
            if (await SoundAsync())
            {
                last.ShouldBeTrue();
                await CutOffAsync(e);
                ends++;
            }
            else
            {
                var fault = (await FaultAsync()).ShouldBeOfType<VerificationException>();
                (fault.Stream, fault.Number).ShouldBe(await FirstToMissAsync(e), fault.Message);
            }
        }
        RealLedgers.Print($"{events.Count} removals: {named} named the event, {behind} the place of a stream's last event; with positions closed up, {ends} ends of streams passed and were found against the signed head");
    }

    [Fact]
    public async Task A_raw_byte_of_the_file_that_changes_is_named_or_the_file_is_corrupt_or_no_event_is_touched()
    {
        var random = new Random(Seed + 1);
        var bytes = await File.ReadAllBytesAsync(Untouched, Token);
        var counts = new SortedDictionary<string, int>();
        for (var i = 0; i < Changes / 4; i++)
        {
            // A tenth of them where the file says what it is.
            var at = random.Next(10) == 0 ? random.Next(200) : random.Next(bytes.Length);
            var changed = (byte[])bytes.Clone();
            changed[at] ^= (byte)random.Next(1, 256);
            File.Delete(Tampered + "-wal");
            File.Delete(Tampered + "-shm");
            await File.WriteAllBytesAsync(Tampered, changed, Token);
            string outcome;
            try
            {
                await WalkAsync(Tampered);
                Same(await ReadAsync(Tampered)).ShouldBeTrue($"byte {at} of {bytes.Length}: found sound, but an event reads otherwise");
                outcome = "touched no event";
            }
            catch (LedgerException e)
            {
                outcome = e switch
                {
                    VerificationException or StoreRowException or DamagedEventException => "named the event",
                    StoreDamagedException => "reported as a damaged file",
                    NotALedgerException or StoreVersionException => "no longer a ledger's file",
                    _ => $"unexpected: {e.GetType().Name} {e.Message}, byte {at}",
                };
            }
            outcome.ShouldNotStartWith("unexpected");
            counts[outcome] = counts.GetValueOrDefault(outcome) + 1;
        }
        RealLedgers.Print($"{Changes / 4} raw bytes changed in a file of {bytes.Length:N0} bytes (seed {Seed + 1}): {string.Join(", ", counts.Select(c => $"{c.Value} {c.Key}"))}");
        counts.Keys.ShouldContain("named the event");
    }

    [Fact]
    public async Task A_stream_that_was_cut_off_is_found_against_the_signed_head()
    {
        var (random, cuts) = (new Random(Seed + 2), 0);
        foreach (var stream in signed.Streams)
            foreach (var size in new[] { 0, stream.Size - 1, random.NextInt64(stream.Size) }.Distinct())
            {
                // With it go the events of timelines that can no longer be: what is left would pass for a ledger.
                var left = Pruned(e => e.Stream != stream.Stream || e.Number < size);
                await RewriteAsync(left);
                cuts++;
                if (left.Count == 0) continue;
                var walk = await WalkAsync(Tampered);
                var fault = Should.Throw<SignedHeadException>(() => signed.Compare(walk));
                var first = signed.Streams.First(s => left.Count(e => e.Stream == s.Stream) < s.Size);
                (fault.Stream, fault.Number).ShouldBe((first.Stream, left.Count(e => e.Stream == first.Stream)), fault.Message);
            }
        RealLedgers.Print($"{cuts} ends of streams cut off, with what depended on them: what is left passes without a signed head, each is found against it, by stream and first missing event");
    }

    [Fact]
    public async Task A_chain_that_was_recomputed_after_a_change_is_found_against_the_signed_head()
    {
        var random = new Random(Seed + 3);
        var (count, narrowed) = (Changes / 10, 0);
        for (var i = 0; i < count; i++)
        {
            var at = random.Next(events.Count);
            var forged = Forged(at, random);
            await RewriteAsync(forged);
            var walk = await WalkAsync(Tampered);              // sound: every hash is of its own content, and every fork names its parent's event
            walk.Events.ShouldBe(events.Count);
            var fault = Should.Throw<SignedHeadException>(() => signed.Compare(walk));
            var first = signed.Streams.First(s => forged.Last(e => e.Stream == s.Stream).Hash != s.Head);
            fault.Stream.ShouldBe(first.Stream);
            // The first event that differs is not before the one that is named.
            var differs = forged.Zip(events).First(p => p.First.Stream == first.Stream && p.First.Hash != p.Second.Hash).First.Number;
            fault.Number.ShouldBeLessThanOrEqualTo(differs, fault.Message);
            if (fault.Number > 0) narrowed++;
        }
        RealLedgers.Print($"{count} events changed and every hash behind them recomputed (seed {Seed + 3}): all pass without a signed head, all are found against it; in {narrowed} the forks say that the stream's beginning is sound");
    }

    [Fact]
    public async Task Untouched_ledgers_raise_no_alarm()
    {
        var count = Changes / 10;
        var random = new Random(Seed + 4);
        var (total, streams, branches) = (0L, 0, 0);
        for (var i = 0; i < count; i++)
        {
            var path = Path.Combine(folder, $"sound-{i}.ledger");
            var written = await WriteAsync(path, Seed + 100 + i, random.Next(5, 120));
            var walk = await WalkAsync(path);
            Sign(walk).Compare(walk).ShouldBe(0);
            walk.Events.ShouldBe(written.Count);
            walk.Heads.Select(h => (h.Stream, h.Size, h.Head)).ShouldBe(written.GroupBy(e => e.Stream).OrderBy(g => g.Key.ToString(), StringComparer.Ordinal).Select(g => (g.Key, (long)g.Count(), g.Last().Hash)));
            (total, streams, branches) = (total + walk.Events, streams + walk.Heads.Count, branches + written.Count(e => e.Type == "timeline-started.v1") - 1);
        }
        RealLedgers.Print($"{count} untouched ledgers (seeds {Seed + 100} and on), {total:N0} events in {streams:N0} streams, {branches:N0} branches: no alarm");
    }

    /// <summary>An SQL value that differs from the event's in one byte.</summary>
    private (string Before, string After) Changed(RecordedEvent e, string column, Random random)
    {
        if (column == "number")
        {
            var taken = events.Where(x => x.Stream == e.Stream).Select(x => x.Number).ToHashSet();
            while (true)
                if ((e.Number ^ ((long)random.Next(1, 256) << (8 * random.Next(8)))) is var number && !taken.Contains(number)) return ($"{e.Number}", number.ToString(CultureInfo.InvariantCulture));
        }
        var bytes = column switch
        {
            "stream" => System.Text.Encoding.ASCII.GetBytes(e.Stream.ToString()),
            "type" => System.Text.Encoding.ASCII.GetBytes(e.Type),
            "metadata" => e.Metadata.ToArray(),
            "data" => e.Data.ToArray(),
            "previous_hash" => e.Previous.ToBytes(),
            _ => e.Hash.ToBytes(),
        };
        var (at, before) = (random.Next(bytes.Length), Blob(bytes));
        bytes[at] ^= (byte)random.Next(1, 256);
        return (before, column is "stream" or "type" ? $"CAST({Blob(bytes)} AS TEXT)" : Blob(bytes));
    }

    private static string Blob(byte[] bytes) => $"x'{Convert.ToHexString(bytes)}'";

    /// <summary>The row that was changed is the one that is named, under the stream it says now.</summary>
    private static bool Named(LedgerException fault, RecordedEvent e, string column) => fault switch
    {
        StoreRowException x => column is "stream" or "type" && x.Position == e.Position.Value,
        VerificationException x when column == "stream" => x.Stream != e.Stream && x.Number == e.Number && x.Message.Contains("nothing before it began", StringComparison.Ordinal),
        VerificationException x => (x.Stream, x.Number) == (e.Stream, e.Number),
        _ => false,
    };

    private static string Swap(string column, RecordedEvent a, RecordedEvent b, string? aside = null)
    {
        var (p, q) = (a.Position.Value, b.Position.Value);
        return (column, aside) switch
        {
            ("position", { } free) => $"UPDATE events SET position = {free} WHERE position = {p}; UPDATE events SET position = {p} WHERE position = {q}; UPDATE events SET position = {q} WHERE position = {free};",
            (_, { } free) => $"UPDATE events SET {column} = {free} WHERE position = {p}; UPDATE events SET {column} = {a.Number} WHERE position = {q}; UPDATE events SET {column} = {b.Number} WHERE position = {p};",
            _ => $"CREATE TEMP TABLE was AS SELECT position, {column} AS v FROM events WHERE position IN ({p}, {q}); UPDATE events SET {column} = (SELECT v FROM was WHERE was.position = {p + q} - events.position) WHERE position IN ({p}, {q}); DROP TABLE was;",
        };
    }

    /// <summary>Where the walk in commit order first misses an event that is gone: at the next of its stream, or at a fork that names it.</summary>
    private async Task<(StreamName, long)> FirstToMissAsync(RecordedEvent gone)
    {
        foreach (var e in (await ReadAsync(Tampered)).Where(e => e.Position.Value >= gone.Position.Value))
        {
            if (e.Stream == gone.Stream) return (gone.Stream, gone.Number);
            if (Fork(e)?.EventHash == gone.Hash || Begins(e) == gone.Hash) return (e.Stream, e.Number);
            if (gone.Type == "timeline-started.v1" && IsOf(e, gone)) return (e.Stream, e.Number);
        }
        throw new InvalidOperationException($"Nothing misses event {gone.Number} of {gone.Stream}.");
    }

    private static Digest? Begins(RecordedEvent e) => e.Number == 0 ? e.Previous : null;

    private static TimelineStarted? Started(RecordedEvent e) => e.Type == "timeline-started.v1" ? (TimelineStarted)EventJson.Current.Read(e).Event : null;

    private static Fork? Fork(RecordedEvent e) => Started(e)?.Fork;

    /// <summary>Whether an event belongs to a timeline, or to one that forks from it.</summary>
    private static bool IsOf(RecordedEvent e, RecordedEvent start) => Started(start)!.Timeline is var id && (Fork(e)?.Parent == id || e.Stream == StreamName.Of(id) || e.Stream == StreamName.ObservationsOf(id));

    /// <summary>What is kept, without what nothing in it began any more.</summary>
    private List<RecordedEvent> Pruned(Func<RecordedEvent, bool> keep)
    {
        var (kept, hashes, sizes, begun) = (new List<RecordedEvent>(), new HashSet<Digest>(), new Dictionary<StreamName, long>(), new HashSet<StreamName> { events[0].Stream });
        foreach (var e in events)
        {
            if (!keep(e) || !begun.Contains(e.Stream) || sizes.GetValueOrDefault(e.Stream) != e.Number || (Fork(e) is { } fork && !hashes.Contains(fork.EventHash))) continue;
            kept.Add(e);
            hashes.Add(e.Hash);
            sizes[e.Stream] = e.Number + 1;
            if (Started(e) is { } started) begun.UnionWith([StreamName.Of(started.Timeline), StreamName.ObservationsOf(started.Timeline)]);
        }
        return kept;
    }

    /// <summary>All events, one of them changed in its metadata, and every hash, link and fork behind it made to fit.</summary>
    private List<RecordedEvent> Forged(int at, Random random)
    {
        var now = new Dictionary<Digest, Digest> { [Digest.Zero] = Digest.Zero };
        var forged = new List<RecordedEvent>();
        foreach (var (e, i) in events.Select((e, i) => (e, i)))
        {
            var metadata = i != at ? e.Metadata : EventJson.Serialize(EventJson.Current.Read(e).Metadata with { Actor = $"mallory {random.Next()}" });
            var data = Started(e) is { Fork: { } fork } started ? EventJson.Serialize(started with { Fork = fork with { EventHash = now[fork.EventHash] } }) : e.Data;
            var made = RandomLedger.Recorded(e.Stream, e.Number, e.Id, e.Type, metadata, data, now[e.Previous]);
            now.Add(e.Hash, made.Hash);
            forged.Add(made);
        }
        return forged;
    }

    private async Task CutOffAsync(RecordedEvent e)
    {
        var walk = await WalkAsync(Tampered);
        var fault = Should.Throw<SignedHeadException>(() => signed.Compare(walk));
        (fault.Stream, fault.Number).ShouldBe((e.Stream, e.Number), fault.Message);
    }

    private static async Task<IReadOnlyList<RecordedEvent>> WriteAsync(string path, int seed, int count)
    {
        await using (var store = await SqliteEventStore.OpenAsync(path, OpenMode.Create, TimeProvider.System, Token)) await RandomLedger.WriteAsync(store, seed, count, Token);
        return await ReadAsync(path);
    }

    /// <summary>A file with these events and no others, as somebody writes it who knows the store.</summary>
    private async Task RewriteAsync(IReadOnlyList<RecordedEvent> all)
    {
        await TamperAsync("DELETE FROM events");
        await using var connection = await ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO events (stream, number, id, type, metadata, data, previous_hash, hash, stored_at) VALUES ($stream, $number, $id, $type, $metadata, $data, $previous, $hash, '')";
        foreach (var e in all)
        {
            insert.Parameters.Clear();
            foreach (var (name, value) in new (string, object)[]
            {
                ("$stream", e.Stream.ToString()), ("$number", e.Number), ("$id", e.Id.ToByteArray(bigEndian: true)), ("$type", e.Type), ("$metadata", e.Metadata.ToArray()),
                ("$data", e.Data.ToArray()), ("$previous", e.Previous.ToBytes()), ("$hash", e.Hash.ToBytes()),
            }) insert.Parameters.AddWithValue(name, value);
            await insert.ExecuteNonQueryAsync(Token);
        }
        await transaction.CommitAsync(Token);
    }

    /// <summary>The untouched file with some SQL run on it, the triggers out of the way.</summary>
    private async Task TamperAsync(string sql)
    {
        SqliteEventStore.Delete(Tampered);
        File.Copy(Untouched, Tampered);
        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted; {sql}";
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task<SqliteConnection> ConnectAsync()
    {
        var connection = new SqliteConnection($"Data Source={Tampered};Pooling=False");
        await connection.OpenAsync(Token);
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA synchronous = OFF";           // a tampered copy may be lost
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }

    private async Task<LedgerException> FaultAsync()
    {
        var fault = await Should.ThrowAsync<LedgerException>(() => WalkAsync(Tampered));
        fault.Kind.ShouldBe(FailureKind.VerificationFailed);
        return fault;
    }

    private async Task<bool> SoundAsync()
    {
        try
        {
            await WalkAsync(Tampered);
            return true;
        }
        catch (LedgerException)
        {
            return false;
        }
    }

    private static async Task<ChainWalk> WalkAsync(string path)
    {
        await using var store = await SqliteEventStore.OpenAsync(path, OpenMode.Open, TimeProvider.System, Token);
        return await ChainWalk.CheckAsync(store, Token);
    }

    private static async Task<List<RecordedEvent>> ReadAsync(string path)
    {
        await using var store = await SqliteEventStore.OpenAsync(path, OpenMode.Open, TimeProvider.System, Token);
        var all = new List<RecordedEvent>();
        await foreach (var e in store.ReadAllAsync(StorePosition.Start, Token)) all.Add(e);
        return all;
    }

    /// <summary>Whether all that a hash covers, and the hash, reads as it was written.</summary>
    private bool Same(IReadOnlyList<RecordedEvent> read) => read.Count == events.Count && read.Zip(events).All(p =>
        (p.First.Stream, p.First.Number, p.First.Type, p.First.Previous, p.First.Hash) == (p.Second.Stream, p.Second.Number, p.Second.Type, p.Second.Previous, p.Second.Hash)
        && p.First.Metadata.Span.SequenceEqual(p.Second.Metadata.Span) && p.First.Data.Span.SequenceEqual(p.Second.Data.Span));

    private static Attestation Sign(ChainWalk walk)
    {
        var ledger = LedgerId.Parse(walk.Heads[0].Stream.ToString()["ledger-".Length..]);
        return new Attestation(ledger, "random", Some.Checkpoint.Digest, [.. walk.Heads], DateTimeOffset.UnixEpoch, "a test", Digest.Zero);
    }
}
