using System.Collections;
using System.Collections.Frozen;
using System.Diagnostics;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Ledger.Domain.Editing;

namespace Ledger.Domain.Events;

/// <summary>A rule that turns an old stored form into the next one. The stored event stays as it is.</summary>
/// <param name="From">The old name, <c>edit-applied.v1</c>.</param>
/// <param name="To">The next name; may itself be old.</param>
/// <param name="Rewrite">Old payload to new payload.</param>
public sealed record Upcaster(string From, string To, Func<JsonObject, JsonObject> Rewrite);

/// <summary>
/// Events to and from their stored form: UTF-8 JSON, camelCase, vectors as base64 of their little-endian float32 bits
/// (docs/decisions/0003-event-encoding.md). Strict on reading: an unknown name or field stops the fold rather than being skipped.
/// </summary>
public sealed class EventJson
{
    private static readonly FrozenDictionary<string, Type> ByName = typeof(LedgerEvent).Assembly.GetTypes()
        .Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(LedgerEvent)))
        .ToFrozenDictionary(t => t.GetCustomAttribute<EventNameAttribute>()!.Name);

    private static readonly FrozenDictionary<Type, string> ByType = ByName.ToFrozenDictionary(p => p.Value, p => p.Key);

    private readonly FrozenDictionary<string, Upcaster> upcasters;

    /// <param name="upcasters">Rules for names that are no longer written; a new version of an event comes with one.</param>
    /// <exception cref="ArgumentException">A rule for a name that is written, two for one name, or rules that run in a circle.</exception>
    public EventJson(IEnumerable<Upcaster> upcasters)
    {
        this.upcasters = upcasters.ToDictionary(u => u.From).ToFrozenDictionary();
        foreach (var upcaster in this.upcasters.Values)
        {
            if (ByName.ContainsKey(upcaster.From)) throw new ArgumentException($"{upcaster.From} is written today and is not upcast.", nameof(upcasters));
            var steps = 0;
            for (var name = upcaster.To; this.upcasters.TryGetValue(name, out var next); name = next.To)
                if (++steps > this.upcasters.Count) throw new ArgumentException($"The upcasters of {upcaster.From} run in a circle.", nameof(upcasters));
        }
    }

    /// <summary>What this program reads and writes.</summary>
    public static EventJson Current { get; } = new(OldForms.All);

    /// <summary>Every name this program writes, with its type.</summary>
    public static IReadOnlyDictionary<string, Type> Names => ByName;

    /// <summary>Of a list it is known only when all of it is read: the path that goes with this ends behind the list's last place.</summary>
    public const string NullInList = "A list holds a null.";

    /// <summary>How everything of the domain is written as JSON.</summary>
    public static JsonSerializerOptions Options { get; } = CreateOptions();

    public static string NameOf(LedgerEvent e) => ByType[e.GetType()];

    public static byte[] Serialize(LedgerEvent e) => JsonSerializer.SerializeToUtf8Bytes(e, e.GetType(), Options);

    public static byte[] Serialize(EventMetadata metadata) => JsonSerializer.SerializeToUtf8Bytes(metadata, Options);

    /// <exception cref="UnknownEventException">No rule knows the name.</exception>
    /// <exception cref="DamagedEventException">The bytes are not that event.</exception>
    public EventEnvelope Read(RecordedEvent recorded)
    {
        try
        {
            var metadata = ReadMetadata(recorded);
            if (metadata.EventId != recorded.Id) throw new JsonException($"It is stored under the id {recorded.Id}, its metadata say {metadata.EventId}.");
            return new EventEnvelope(recorded.Position, recorded.Stream, recorded.Number, metadata, ReadEvent(recorded), recorded.Previous, recorded.Hash);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new DamagedEventException(recorded.Stream, recorded.Number, recorded.Type, e);
        }
    }

    /// <summary>Who and when, without reading what.</summary>
    /// <exception cref="DamagedEventException">The bytes are not metadata.</exception>
    public EventMetadata ReadMetadata(RecordedEvent recorded)
    {
        try
        {
            return JsonSerializer.Deserialize<EventMetadata>(recorded.Metadata.Span, Options) ?? throw new JsonException("The metadata are null.");
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new DamagedEventException(recorded.Stream, recorded.Number, recorded.Type, e);
        }
    }

    private LedgerEvent ReadEvent(RecordedEvent recorded)
    {
        if (ByName.TryGetValue(recorded.Type, out var type))
            return (LedgerEvent?)JsonSerializer.Deserialize(recorded.Data.Span, type, Options) ?? throw new JsonException("The payload is null.");

        var name = recorded.Type;
        JsonObject? payload = null;
        while (!ByName.ContainsKey(name))
        {
            if (!upcasters.TryGetValue(name, out var upcaster)) throw new UnknownEventException(recorded.Stream, recorded.Number, recorded.Type);
            payload = Rewritten(upcaster, payload ?? ParseObject(recorded.Data.Span));
            name = upcaster.To;
        }
        return (LedgerEvent?)payload.Deserialize(ByName[name], Options) ?? throw new JsonException("The payload is null.");
    }

    /// <summary>Whatever a rule trips over, it is a payload that is not the old form: JSON nodes answer with many kinds of exception.</summary>
    private static JsonObject Rewritten(Upcaster upcaster, JsonObject payload)
    {
        try
        {
            return upcaster.Rewrite(payload);
        }
        catch (Exception e)
        {
            throw new JsonException($"It is not the form that is rewritten to {upcaster.To}: {e.Message}", e);
        }
    }

    private static JsonObject ParseObject(ReadOnlySpan<byte> data) =>
        JsonNode.Parse(data, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject ?? throw new JsonException("The payload is not an object.");

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            AllowDuplicateProperties = false,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            // Texts stay readable; payloads are never pasted into markup.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { KeepToTheFacts } },
            Converters =
            {
                new Float32VectorConverter(), new TimeConverter(), new VariantConverter(), new EnumConverterFactory(),
                new TextConverter<Digest>(), new TextConverter<StateId>(), new TextConverter<EditId>(), new TextConverter<LedgerId>(), new TextConverter<TimelineId>(), new TextConverter<JobId>(), new TextConverter<StreamName>(),
            },
        };
        options.MakeReadOnly();
        return options;
    }

    /// <summary>
    /// Of the domain's types exactly the given values are stored, and each has to be there on reading: what can be computed is not a fact, and a
    /// parameter's default of today must not fill a gap in an event of yesterday.
    /// </summary>
    private static void KeepToTheFacts(JsonTypeInfo type)
    {
        if (type.Kind == JsonTypeInfoKind.Enumerable)
            type.OnDeserialized = list =>
            {
                if (((IEnumerable)list).Cast<object?>().Contains(null)) throw new JsonException(NullInList);
            };
        if (type.Kind != JsonTypeInfoKind.Object || type.Type.Assembly != typeof(EventJson).Assembly) return;
        for (var i = type.Properties.Count - 1; i >= 0; i--)
        {
            if (type.Properties[i].Set is null) type.Properties.RemoveAt(i);
            else type.Properties[i].IsRequired = true;
        }
    }

    /// <summary>Values that are written as their text.</summary>
    private sealed class TextConverter<T> : JsonConverter<T> where T : struct, IParsable<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            T.TryParse(reader.GetString(), null, out var value) ? value : throw new JsonException($"\"{reader.GetString()}\" is not a {typeof(T).Name}.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }

    private sealed class VariantConverter : JsonConverter<Variant>
    {
        public override Variant Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            VariantNames.TryParse(reader.GetString(), out var v) ? v : throw new JsonException($"\"{reader.GetString()}\" is not a variant.");

        public override void Write(Utf8JsonWriter writer, Variant value, JsonSerializerOptions options) => writer.WriteStringValue(value.Name());
    }

    /// <summary>Exactly the member's stored name: the library's own converter also reads other cases and comma-separated lists.</summary>
    private sealed class EnumConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type type) => type.IsEnum;

        public override JsonConverter CreateConverter(Type type, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(EnumConverter<>).MakeGenericType(type))!;
    }

    private sealed class EnumConverter<T> : JsonConverter<T> where T : struct, Enum
    {
        private static readonly FrozenDictionary<T, string> Names = Enum.GetValues<T>().ToFrozenDictionary(v => v, v =>
            typeof(T).GetField(v.ToString())!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? v.ToString());

        private static readonly FrozenDictionary<string, T> Values = Names.ToFrozenDictionary(p => p.Value, p => p.Key);

        public override T Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            reader.GetString() is { } name && Values.TryGetValue(name, out var value) ? value : throw new JsonException($"\"{reader.GetString()}\" is not a {typeof(T).Name}.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Names.TryGetValue(value, out var name) ? name : throw new UnreachableException($"{typeof(T).Name} {value} has no name."));
    }

    private sealed class Float32VectorConverter : JsonConverter<Float32Vector>
    {
        public override Float32Vector Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            Float32Vector.FromBytes(reader.GetBytesFromBase64());

        public override void Write(Utf8JsonWriter writer, Float32Vector value, JsonSerializerOptions options) => writer.WriteBase64StringValue(value.Bytes);
    }

    private sealed class TimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            EventTime.TryParse(reader.GetString(), out var time) ? time : throw new JsonException($"\"{reader.GetString()}\" is not a time: {EventTime.Format}.");

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(EventTime.Text(value));
    }
}

/// <summary>The stream holds an event that no rule knows: written by a newer program, or not by this one at all.</summary>
public sealed class UnknownEventException(StreamName stream, long number, string type)
    : LedgerException($"Event {number} of {stream} is a \"{type}\", which this program does not know.", "use the version of ledger that wrote it, or a newer one")
{
    public StreamName Stream { get; } = stream;
    public long Number { get; } = number;
    public string Type { get; } = type;
    public override FailureKind Kind => FailureKind.Failed;
}

/// <summary>A stored event's bytes are not what its name says.</summary>
public sealed class DamagedEventException(StreamName stream, long number, string type, Exception inner)
    : LedgerException($"Event {number} of {stream} is not a readable \"{type}\": {inner.Message}", "run `ledger verify`; restore the file from a backup", inner)
{
    public StreamName Stream { get; } = stream;
    public long Number { get; } = number;
    public override FailureKind Kind => FailureKind.VerificationFailed;
}
