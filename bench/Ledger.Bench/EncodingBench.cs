using System.Collections;
using System.Diagnostics;
using System.Formats.Cbor;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.Bench;

/// <summary>Size and speed of ways to store the largest event a ledger has to hold, in one run (docs/decisions/0003-event-encoding.md).</summary>
public static class EncodingBench
{
    private const int Dk = 28_672, Dv = 8_192, Texts = 20, Rounds = 15, Limit = 1 << 20;

    private static readonly JsonSerializerOptions Numbers = WithNumbers();

    private static readonly (string Name, Func<EditApplied, byte[]> Encode, Func<byte[], object> Decode)[] Ways =
    [
        ("JSON, vectors as base64 (chosen)", EventJson.Serialize, bytes => JsonSerializer.Deserialize<EditApplied>(bytes, EventJson.Options)!),
        ("the same, gzip", e => Zip(EventJson.Serialize(e)), bytes => JsonSerializer.Deserialize<EditApplied>(Unzip(bytes), EventJson.Options)!),
        ("CBOR, vectors as byte strings", ToCbor, FromCbor),
        ("JSON, vectors as numbers", e => JsonSerializer.SerializeToUtf8Bytes(e, Numbers), bytes => JsonSerializer.Deserialize<EditApplied>(bytes, Numbers)!),
    ];

    /// <returns>0 when the chosen way stays under the limit, else 1.</returns>
    public static int Run(string[] args)
    {
        if (args.Length > 0)
        {
            Console.Error.WriteLine("usage: Ledger.Bench encoding");
            return 2;
        }
        var e = Largest();
        Console.WriteLine($"edit-applied with d_k {Dk:N0}, d_v {Dv:N0}, {Texts} paraphrases and {Texts} neighbours; best of {Rounds}");
        Console.WriteLine($"  {"",-34} {"bytes",10} {"of 1 MiB",9} {"encode",18} {"decode",18}");
        (double Encode, double Decode, int Bytes)? own = null;
        foreach (var (name, encode, decode) in Ways)
        {
            var bytes = encode(e);
            var (encoding, decoding) = (Best(() => encode(e)), Best(() => decode(bytes)));
            own ??= (encoding, decoding, bytes.Length);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {name,-34} {bytes.Length,10:N0} {(double)bytes.Length / Limit,9:p1} {encoding,7:f2} ms {encoding / own.Value.Encode,6:f1} × {decoding,7:f2} ms {decoding / own.Value.Decode,6:f1} ×"));
        }
        return own!.Value.Bytes <= Limit ? 0 : 1;
    }

    private static double Best(Func<object> work)
    {
        for (var i = 0; i < 3; i++) work();                                                 // warm
        return Enumerable.Range(0, Rounds).Min(_ =>
        {
            var start = Stopwatch.GetTimestamp();
            work();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        });
    }

    private static JsonSerializerOptions WithNumbers()
    {
        var options = new JsonSerializerOptions(EventJson.Options);
        options.Converters.Insert(0, new NumberArrayConverter());
        return options;
    }

    private static byte[] Zip(byte[] bytes)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Optimal)) gzip.Write(bytes);
        return zipped.ToArray();
    }

    private static byte[] Unzip(byte[] bytes)
    {
        using var plain = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress)) gzip.CopyTo(plain);
        return plain.ToArray();
    }

    /// <summary>The same fields in the same order; vectors, digests and ids as byte strings.</summary>
    private static byte[] ToCbor(EditApplied e)
    {
        var writer = new CborWriter(initialCapacity: 800_000);
        Write(e);
        return writer.Encode();

        void Write(object? value)
        {
            switch (value)
            {
                case null: writer.WriteNull(); break;
                case string text: writer.WriteTextString(text); break;
                case bool flag: writer.WriteBoolean(flag); break;
                case int or long: writer.WriteInt64(Convert.ToInt64(value, CultureInfo.InvariantCulture)); break;
                case double number: writer.WriteDouble(number); break;
                case Float32Vector vector: writer.WriteByteString(vector.Bytes); break;
                case Digest digest: writer.WriteByteString(digest.ToBytes()); break;
                case StateId state: writer.WriteByteString(state.Value.ToBytes()); break;
                case EditId edit: Write(edit.ToString()); break;
                case Enum name: Write(name.ToString()); break;
                case IEnumerable list:
                    writer.WriteStartArray(null);
                    foreach (var item in list) Write(item);
                    writer.WriteEndArray();
                    break;
                default:
                    var properties = EventJson.Options.GetTypeInfo(value.GetType()).Properties;
                    writer.WriteStartMap(properties.Count);
                    foreach (var property in properties)
                    {
                        writer.WriteTextString(property.Name);
                        Write(property.Get!(value));
                    }
                    writer.WriteEndMap();
                    break;
            }
        }
    }

    /// <summary>Vectors are made, the rest is only read: less work than assembling the event, so that CBOR is not made to look slow.</summary>
    private static object FromCbor(byte[] bytes)
    {
        var reader = new CborReader(bytes);
        var vectors = new List<Float32Vector>();
        Read();
        return vectors;

        void Read()
        {
            switch (reader.PeekState())
            {
                case CborReaderState.StartMap:
                    for (var i = reader.ReadStartMap()!.Value; i > 0; i--)
                    {
                        reader.ReadTextString();
                        Read();
                    }
                    reader.ReadEndMap();
                    break;
                case CborReaderState.StartArray:
                    reader.ReadStartArray();
                    while (reader.PeekState() != CborReaderState.EndArray) Read();
                    reader.ReadEndArray();
                    break;
                case CborReaderState.ByteString:
                    var value = reader.ReadByteString();
                    if (value.Length > Digest.Size) vectors.Add(Float32Vector.FromBytes(value));
                    break;
                case CborReaderState.TextString: reader.ReadTextString(); break;
                default: reader.SkipValue(); break;
            }
        }
    }

    private static EditApplied Largest()
    {
        var random = new Random(1);
        var x = new EditComputation
        {
            KBar = Vector(Dk), KO = Vector(Dk), UBar = Vector(Dk), UO = Vector(Dk),
            BaseOutKBar = Vector(Dv), BaseOutKO = Vector(Dv), OutKBar = Vector(Dv), M0 = Vector(Dv), VE = Vector(Dv),
            Loss = [.. Enumerable.Range(0, 20).Select(_ => new LossPoint(Number(), Number(), Number(), Number(), Number(), Number()))],
            DeltaNorm = Number(), M0Norm = Number(),
        };
        var factors = Factors.Of(Variant.RRome, x);
        var signals = Signals.Of(Variant.RRome, x, new TargetScore(Number(), Number()), new TargetScore(Number(), Number()));
        var digest = Digest.Of("any"u8);
        return new EditApplied(new EditRecord
        {
            Edit = new EditId(UInt128.MaxValue),
            Request = new EditRequest("The mother tongue of {} is", "Danielle Darrieux", "English", "French", "P103", [.. Prompts()], [.. Prompts()]),
            Variant = Variant.RRome,
            Matrix = new MatrixAddress(40, "model.layers.40.mlp.down_proj.weight", Dv, Dk),
            Base = digest,
            Hyperparameters = Hyperparameters.Published,
            Templates = digest,
            TemplateSeed = 1,
            KeyStatistics = digest,
            Engine = "ledger 0.1.0, libtorch 2.10.0, cpu",
            Provenance = new Provenance("ana", "a measurement", "https://example.org/1", null),
            Keys = EditKeys.Of(x),
            Solution = EditSolution.Of(x, factors),
            Signals = signals,
            Verdict = EditGate.Judge(GatePolicy.Default, signals, factors.Delta, []),
            After = new StateId(digest),
            Fingerprint = digest,
        });

        Float32Vector Vector(int length) => Float32Vector.Create(length, span =>
        {
            foreach (ref var v in span) v = (float)Number();
        });

        double Number() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());     // normally distributed, as weights are

        IEnumerable<string> Prompts() => Enumerable.Range(0, Texts).Select(i => string.Join(' ', Enumerable.Repeat($"Danielle Darrieux, actrice née à Bordeaux ({i}),", 8)));
    }

    /// <summary>What most tools would read without help: each float32 as the shortest decimal that gives it back.</summary>
    private sealed class NumberArrayConverter : JsonConverter<Float32Vector>
    {
        public override Float32Vector Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            var values = new List<float>();
            while (reader.Read() && reader.TokenType == JsonTokenType.Number) values.Add(reader.GetSingle());
            return new Float32Vector(values.ToArray());
        }

        public override void Write(Utf8JsonWriter writer, Float32Vector value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (var v in value.Span) writer.WriteNumberValue(v);
            writer.WriteEndArray();
        }
    }
}
