using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Ledger.Domain.Events;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Events;

/// <summary>What is read is what is stored: changed bytes are refused as damaged, or come back as the change says; nothing is guessed or skipped.</summary>
public sealed class DamageTests
{
    private static readonly string[] OtherValues = ["null", "{}", "[]", "[null]", "\"no-such\"", "\"\"", "\"AAAA\"", "\"%%%%\"", "1", "-1", "1.5", "true"];

    public static TheoryData<string> EventNames() => [.. EventJson.Names.Keys];

    [Theory]
    [MemberData(nameof(EventNames))]
    public void A_field_that_is_missing_makes_the_event_damaged(string name)
    {
        foreach (var field in Fields(name)) ShouldBeDamaged(name, Changed(name, field, (o, key) => o.Remove(key)), field);
    }

    [Theory]
    [MemberData(nameof(EventNames))]
    public void A_field_that_nobody_knows_makes_the_event_damaged(string name)
    {
        foreach (var field in Fields(name)) ShouldBeDamaged(name, Changed(name, field, (o, _) => o["extra"] = 1), field);
    }

    [Theory]
    [MemberData(nameof(EventNames))]
    public void A_field_that_stands_twice_makes_the_event_damaged(string name)
    {
        foreach (var field in Fields(name))
        {
            var key = $"\"{field.Split('.')[^1]}\":";
            var twice = Changed(name, field, (o, k) => o["twice"] = o[k]!?.DeepClone()).Replace("\"twice\":", key, StringComparison.Ordinal);
            ShouldBeDamaged(name, twice, field);
        }
    }

    [Theory]
    [MemberData(nameof(EventNames))]
    public void Another_value_is_refused_or_comes_back_as_it_is(string name)
    {
        var refused = 0;
        foreach (var field in Fields(name))
            foreach (var other in OtherValues)
            {
                var changed = Changed(name, field, (o, key) => o[key] = JsonNode.Parse(other));
                if (Refused(name, changed) is { } back) back.ShouldBe(changed, $"{field} = {other}");
                else refused++;
            }
        refused.ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData("edit-reverted.v1", "edit", "\"00000000000000000000000000000\"")]        // too long
    [InlineData("edit-reverted.v1", "edit", "\"8zzzzzzzzzzzzzzzzzzzzzzzzz\"")]           // over 128 bits
    [InlineData("edit-reverted.v1", "after", "\"abc\"")]
    [InlineData("edit-reverted.v1", "fingerprint", "\"zz\"")]
    [InlineData("edit-applied.v1", "record.variant", "\"s-rome\"")]
    [InlineData("edit-applied.v1", "record.variant", "0")]
    [InlineData("edit-applied.v1", "record.verdict.outcome", "\"accepted\"")]
    [InlineData("edit-applied.v1", "record.verdict.outcome", "0")]
    [InlineData("edit-applied.v1", "record.verdict.outcome", "\"0\"")]
    [InlineData("edit-applied.v1", "record.verdict.outcome", "\"applied, rejected\"")]
    [InlineData("edit-applied.v1", "record.keys.kBar", "\"AAAA\"")]                      // three bytes are no float32
    [InlineData("edit-applied.v1", "record.keys.kBar", "\"AAAAA\"")]                     // not base64
    [InlineData("edit-applied.v1", "record.keys.kBar", "[0,0,0]")]
    [InlineData("edit-applied.v1", "record.request.paraphrases", "[null]")]
    [InlineData("edit-applied.v1", "record.verdict.findings", "[null]")]
    [InlineData("edit-applied.v1", "record.signals.cosKeys", "\"nan\"")]
    [InlineData("edit-applied.v1", "record.matrix.layer", "1.5")]
    [InlineData("edit-applied.v1", "record.matrix.layer", "99999999999")]
    public void A_value_of_the_wrong_form_makes_the_event_damaged(string name, string field, string value) =>
        ShouldBeDamaged(name, Changed(name, field, (o, key) => o[key] = JsonNode.Parse(value)), field);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{} {}")]
    [InlineData("{\"edit\":")]
    [InlineData("// {}")]
    public void What_is_not_one_object_is_damaged(string payload) => ShouldBeDamaged("edit-dismissed.v1", payload, "");

    [Fact]
    public void Damaged_metadata_are_named_as_such()
    {
        var good = Some.Recorded(Some.Dismissed(), 4);
        foreach (var time in new[] { "null", "1", "\"2026-11-24\"", "\"2026-11-24T05:06:07.1234567+01:00\"" })
        {
            var node = JsonNode.Parse(good.Metadata.Span)!.AsObject();
            node["time"] = JsonNode.Parse(time);
            var e = Should.Throw<DamagedEventException>(() => EventJson.Current.Read(good with { Metadata = Bytes(node) }));
            e.Number.ShouldBe(4);
            e.Kind.ShouldBe(FailureKind.VerificationFailed);
        }
    }

    [Fact]
    public void An_event_stored_under_another_id_than_its_own_is_damaged() =>
        Should.Throw<DamagedEventException>(() => EventJson.Current.Read(Some.Recorded(Some.Dismissed()) with { Id = Some.Guid(99) }));

    [Fact]
    public void A_name_that_nobody_knows_stops_the_reading()
    {
        var e = Should.Throw<UnknownEventException>(() => EventJson.Current.Read(Some.Recorded("edit-forgotten.v1", "{}"u8.ToArray(), 7)));
        e.Type.ShouldBe("edit-forgotten.v1");
        e.Number.ShouldBe(7);
        e.Stream.ShouldBe(StreamName.Of(Some.MainId));
        e.Remedy.ShouldNotBeNull();
    }

    [Fact]
    public void Random_bytes_in_an_event_never_end_in_another_exception() =>
        Gen.Select(Gen.OneOf([.. GoldenEvents.All.Keys]), Gen.Int, Gen.Byte, Gen.Int[0, 2]).Sample((name, where, value, how) =>
        {
            var bytes = EventJson.Serialize(GoldenEvents.All[name]);
            var at = (int)((uint)where % bytes.Length);
            byte[] changed = how switch
            {
                0 => [.. bytes[..at], value, .. bytes[(at + 1)..]],
                1 => [.. bytes[..at], .. bytes[(at + 1)..]],
                _ => bytes[..at],
            };
            try
            {
                EventJson.Current.Read(Some.Recorded(name, changed));
            }
            catch (DamagedEventException)
            {
            }
        }, iter: 5000);

    private static void ShouldBeDamaged(string name, string payload, string field)
    {
        var e = Should.Throw<DamagedEventException>(() => EventJson.Current.Read(Some.Recorded(name, System.Text.Encoding.UTF8.GetBytes(payload), 3)), $"{name} {field}");
        e.Number.ShouldBe(3);
        e.Message.ShouldContain(name);
    }

    /// <summary>Null when it was refused, else its stored form as read.</summary>
    private static string? Refused(string name, string payload)
    {
        try
        {
            var e = EventJson.Current.Read(Some.Recorded(name, System.Text.Encoding.UTF8.GetBytes(payload))).Event;
            return System.Text.Encoding.UTF8.GetString(EventJson.Serialize(e));
        }
        catch (DamagedEventException)
        {
            return null;
        }
    }

    /// <summary>Every field of the golden event as a dotted path; of a list its first item's.</summary>
    private static IEnumerable<string> Fields(string name) => Paths(Node(name), "");

    private static IEnumerable<string> Paths(JsonNode? node, string prefix) => node switch
    {
        JsonObject o => o.SelectMany(p => Paths(p.Value, $"{prefix}{p.Key}.").Prepend(prefix + p.Key)),
        JsonArray { Count: > 0 } a => Paths(a[0], prefix + "0."),
        _ => [],
    };

    private static string Changed(string name, string path, Action<JsonObject, string> change)
    {
        var root = Node(name);
        JsonNode at = root;
        var steps = path.Split('.');
        foreach (var step in steps[..^1]) at = at is JsonArray a ? a[int.Parse(step, null)]! : at[step]!;
        change(at.AsObject(), steps[^1]);
        return root.ToJsonString(EventJson.Options);
    }

    private static JsonObject Node(string name) => JsonNode.Parse(EventJson.Serialize(GoldenEvents.All[name]))!.AsObject();

    private static byte[] Bytes(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, EventJson.Options);
}
