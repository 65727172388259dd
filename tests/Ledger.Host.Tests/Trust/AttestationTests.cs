using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Trust;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Trust;

/// <summary>What is signed, and which files are no attestation; ledgers that were tampered with are the acceptance run's.</summary>
public sealed class AttestationTests : IDisposable
{
    private static readonly DateTimeOffset Time = new(2026, 11, 24, 5, 6, 7, TimeSpan.Zero);
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-attested-").FullName;
    private readonly SigningKey key = SigningKey.New(), other = SigningKey.New();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Envelope => Path.Combine(folder, "signed.json");

    public void Dispose()
    {
        key.Dispose();
        other.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task It_is_an_in_toto_statement_about_the_digest_of_the_list_of_streams()
    {
        var walk = await WalkAsync(seed: 1, events: 60);
        var envelope = JsonDocument.Parse(Attested(walk).Sign(key)).RootElement;
        envelope.GetProperty("payloadType").GetString().ShouldBe("application/vnd.in-toto+json");
        var statement = JsonDocument.Parse(envelope.GetProperty("payload").GetBytesFromBase64()).RootElement;
        statement.GetProperty("_type").GetString().ShouldBe("https://in-toto.io/Statement/v1");
        statement.GetProperty("predicateType").GetString().ShouldBe(Attestation.PredicateType);
        var (subject, predicate) = (statement.GetProperty("subject")[0], statement.GetProperty("predicate"));
        subject.GetProperty("name").GetString().ShouldBe(StreamName.Of(Ledger(walk)).ToString());

        // The list again, from the JSON alone.
        var lines = predicate.GetProperty("streams").EnumerateArray().Select(s => $"{s.GetProperty("stream").GetString()} {s.GetProperty("size").GetInt64()} {s.GetProperty("head").GetString()}\n").ToArray();
        lines.Length.ShouldBe(walk.Heads.Count);
        lines.ShouldBe(lines.Order(StringComparer.Ordinal));
        subject.GetProperty("digest").GetProperty("sha256").GetString().ShouldBe(Digest.Of(Encoding.UTF8.GetBytes(string.Concat(lines))).ToString());
        predicate.EnumerateObject().Select(p => p.Name).ShouldBe(["ledger", "name", "base", "streams", "time", "program", "key"]);
        predicate.GetProperty("time").GetString().ShouldBe("2026-11-24T05:06:07.0000000Z");
        predicate.GetProperty("key").GetString().ShouldBe(key.Id.ToString());
    }

    [Fact]
    public async Task What_was_signed_is_read_back_and_events_since_are_counted()
    {
        var walk = await WalkAsync(seed: 2, events: 50);
        await File.WriteAllTextAsync(Envelope, Attested(walk).Sign(key), Token);
        var read = Attestation.Read(Envelope, key);
        (read.Ledger, read.Name, read.Base, read.Time, read.Key).ShouldBe((Ledger(walk), "tiny", Some.Checkpoint.Digest, Time, key.Id));
        read.Streams.ShouldBe(walk.Heads);
        read.Compare(walk).ShouldBe(0);
        read.Compare(await WalkAsync(seed: 2, events: 70)).ShouldBe(20);        // the same seed begins with the same events
    }

    [Fact]
    public async Task The_signature_of_another_key_is_told_from_a_changed_attestation()
    {
        var signed = Attested(await WalkAsync(seed: 3, events: 20)).Sign(key);
        await File.WriteAllTextAsync(Envelope, signed, Token);
        var fault = Should.Throw<SignatureException>(() => Attestation.Read(Envelope, other));
        fault.Message.ShouldContain($"not signed by key {other.Id.Short()}");
        fault.Message.ShouldContain(key.Id.ToString());
        fault.Kind.ShouldBe(FailureKind.VerificationFailed);

        var envelope = JsonNode.Parse(signed)!;
        envelope["payload"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Convert.FromBase64String(envelope["payload"]!.GetValue<string>())).Replace("\"size\":", "\"size\":1")));
        await File.WriteAllTextAsync(Envelope, envelope.ToJsonString(), Token);
        Should.Throw<SignatureException>(() => Attestation.Read(Envelope, key)).Message.ShouldContain("changed since");
    }

    public static TheoryData<string, Func<Attestation, Attestation>> Inconsistent => new()
    {
        { "sorted by name", a => a with { Streams = [.. a.Streams.Reverse()] } },
        { "sorted by name", a => a with { Streams = [.. a.Streams, a.Streams[^1]] } },
        { "sorted by name", a => a with { Streams = [] } },
        { "sorted by name", a => a with { Streams = [.. a.Streams.Skip(1)] } },
        { "sorted by name", a => a with { Streams = [a.Streams[0] with { Size = 0 }, .. a.Streams.Skip(1)] } },
        { "another key", a => a with { Key = Some.Digest("x") } },
    };

    [Theory]
    [MemberData(nameof(Inconsistent))]
    public async Task A_signed_statement_that_does_not_hold_together_is_refused(string says, Func<Attestation, Attestation> change)
    {
        await File.WriteAllTextAsync(Envelope, change(Attested(await WalkAsync(seed: 4, events: 30))).Sign(key), Token);
        Should.Throw<AttestationFormatException>(() => Attestation.Read(Envelope, key)).Message.ShouldContain(says);
    }

    [Theory]
    [InlineData("text/plain", "{}", "it holds \"text/plain\"")]
    [InlineData(Attestation.PayloadType, "{}", "is no attestation")]
    [InlineData(Attestation.PayloadType, "null", "is no attestation")]
    [InlineData(Attestation.PayloadType, "not JSON", "is no attestation")]
    [InlineData(Attestation.PayloadType, """{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}""", "is no attestation")]
    public async Task Something_else_under_the_keys_signature_is_refused(string type, string payload, string says)
    {
        await File.WriteAllTextAsync(Envelope, JsonSerializer.Serialize(DsseEnvelope.Sign(type, Encoding.UTF8.GetBytes(payload), key), EventJson.Options), Token);
        var fault = Should.Throw<AttestationFormatException>(() => Attestation.Read(Envelope, key));
        fault.Message.ShouldContain(says);
        fault.Kind.ShouldBe(FailureKind.BadInput);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("hello")]
    [InlineData("{}")]
    [InlineData("""{"payload":"e30=","payloadType":"x"}""")]
    [InlineData("""{"payload":"e30=","payloadType":"x","signatures":null}""")]
    [InlineData("""{"payload":"e30=","payloadType":"x","signatures":[null]}""")]
    [InlineData("""{"payload":"e30=","payloadType":"x","signatures":[{}]}""")]
    [InlineData("""{"payload":"?","payloadType":"x","signatures":[{"sig":"AAAA"}]}""")]
    [InlineData("""{"payload":"e30=","payloadType":"x","signatures":[{"sig":"?"}]}""")]
    [InlineData("""{"payload":7,"payloadType":"x","signatures":[]}""")]
    public async Task What_is_no_envelope_is_refused(string content)
    {
        await File.WriteAllTextAsync(Envelope, content, Token);
        Should.Throw<AttestationFormatException>(() => Attestation.Read(Envelope, key)).Kind.ShouldBe(FailureKind.BadInput);
        Should.Throw<AttestationFormatException>(() => Attestation.Read(Path.Combine(folder, "nowhere"), key)).Message.ShouldContain("cannot be read");
    }

    [Fact]
    public async Task Fields_that_others_add_are_left_alone()
    {
        var attested = Attested(await WalkAsync(seed: 5, events: 20));
        var statement = JsonNode.Parse(Convert.FromBase64String(JsonNode.Parse(attested.Sign(key))!["payload"]!.GetValue<string>()))!;
        statement["added"] = 1;
        statement["subject"]![0]!["mediaType"] = "x/y";
        statement["subject"]![0]!["digest"]!["sha512"] = "00";
        statement["predicate"]!["note"] = "hello";
        var envelope = JsonSerializer.SerializeToNode(DsseEnvelope.Sign(Attestation.PayloadType, Encoding.UTF8.GetBytes(statement.ToJsonString()), key), EventJson.Options)!;
        envelope["added"] = new JsonObject();
        await File.WriteAllTextAsync(Envelope, envelope.ToJsonString(), Token);
        Attestation.Read(Envelope, key).Streams.ShouldBe(attested.Streams);
    }

    [Fact]
    public async Task Another_ledger_is_not_the_one_that_was_signed()
    {
        var attested = Attested(await WalkAsync(seed: 6, events: 20));
        var another = await WalkAsync(seed: 7, events: 40);
        Should.Throw<SignedHeadException>(() => attested.Compare(another)).Message.ShouldContain("not the ledger that was signed");
    }

    [Fact]
    public async Task What_is_stored_is_held_against_what_was_signed_whatever_its_chains_are_worth()
    {
        var attested = Attested(await WalkAsync(seed: 8, events: 60));
        (await StoredAsync(_ => true)).ShouldBeNull();
        foreach (var signed in attested.Streams)
        {
            var fault = (await StoredAsync(e => e.Stream != signed.Stream || e.Number < signed.Size - 1)).ShouldNotBeNull();
            (fault.Stream, fault.Number).ShouldBe((signed.Stream, signed.Size - 1));
            fault.Message.ShouldContain(signed.Size == 1 ? "is gone" : "was cut off");
        }
        foreach (var other in attested.Streams)
        {
            var fault = (await StoredAsync(_ => true, attested with { Streams = attested.Streams.Replace(other, other with { Head = Some.Digest("another") }) })).ShouldNotBeNull();
            (fault.Stream, fault.Number).ShouldBe((other.Stream, other.Size - 1));
            fault.Message.ShouldContain("another hash than was signed");
        }

        // The same ledger, but only some of its events: no chain of it need hold.
        async Task<SignedHeadException?> StoredAsync(Func<RecordedEvent, bool> keep, Attestation? against = null)
        {
            await using var store = new InMemoryEventStore();
            await using var whole = new InMemoryEventStore();
            foreach (var e in (await RandomLedger.WriteAsync(whole, 8, 60, Token)).Events.Where(keep)) await RandomLedger.AppendAsync(store, e, Token);
            return await (against ?? attested).CompareStoredAsync(store, Token);
        }
    }

    private static async Task<ChainWalk> WalkAsync(int seed, int events)
    {
        await using var store = new InMemoryEventStore();
        await RandomLedger.WriteAsync(store, seed, events, Token);
        return await ChainWalk.CheckAsync(store, Token);
    }

    private Attestation Attested(ChainWalk walk) => new(Ledger(walk), "tiny", Some.Checkpoint.Digest, [.. walk.Heads], Time, "ledger 0.1.0", key.Id);

    private static LedgerId Ledger(ChainWalk walk) => LedgerId.Parse(walk.Heads[0].Stream.ToString()["ledger-".Length..]);
}
