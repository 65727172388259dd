using System.Text.Json.Nodes;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Malformed;

/// <summary>The corpus. What one header or one config value can be wrong in is held by the tests of those; here are whole models as they may lie in a folder.</summary>
internal static partial class MalformedCases
{
    private const string Weights = CheckpointFolder.SingleFile, Index = CheckpointFolder.IndexFile, Config = CheckpointFolder.ConfigFile;

    private const string Empty = "is empty, or no ordinary file", NoJson = "is not the JSON it should be", TooLong = "no such file has more than 100000000";

    public static IReadOnlyDictionary<string, MalformedCase> All { get; } =
        new[] { OfWeights(), OfShards(), OfConfigs(), OfTokenizers(), OfOlderTokenizers() }.SelectMany(c => c).ToDictionary(c => c.Name);

    /// <summary>What may lie where a file should, whatever file it is.</summary>
    private static IEnumerable<MalformedCase> NoFile(string kind, string file)
    {
        yield return new($"{file} is empty", kind, f => f.Write(file, ""), file, Empty);
        yield return new($"{file} is a folder", kind, f => f.Folder(file), file, file == Config ? "has no config.json" : "is a folder, not a file");
        yield return new($"{file} is a link to nowhere", kind, f => f.Link(file, "nowhere"), file, "is not there");
        yield return new($"{file} is a link to itself", kind, f => f.Link(file, file), file, "cannot be read");
        if (OperatingSystem.IsWindows()) yield break;
        yield return new($"{file} is a pipe", kind, f => f.Pipe(file), file, Empty);
        yield return new($"{file} is a link to a pipe", kind, f =>
        {
            f.Pipe("pipe");
            f.Link(file, "pipe");
        }, file, Empty);
        yield return new($"{file} is a device that never ends", kind, f => f.Link(file, "/dev/zero"), file, Empty);
    }

    private static IEnumerable<MalformedCase> OfWeights()
    {
        const string gpt2 = TinyModels.Gpt2, llama = TinyModels.Llama;
        foreach (var c in NoFile(gpt2, Weights)) yield return c;
        yield return new("weights of 7 bytes", gpt2, f => f.Bytes(Weights, b => b[..7]), Weights, "it has 7 bytes, too few for a header");
        yield return new("weights cut short in the header", gpt2, f => f.Bytes(Weights, b => b[..100]), Weights, "the file has 100 in all");
        yield return new("weights cut short behind the header", gpt2, f => f.Bytes(Weights, b => b[..(8 + BitConverter.ToInt32(b))]), Weights, "it may be cut short");
        yield return new("weights without their last byte", gpt2, f => f.Bytes(Weights, b => b[..^1]), Weights, "it may be cut short");
        yield return new("weights with a byte too many", gpt2, f => f.Bytes(Weights, b => [.. b, 0]), Weights, "its tensors end at byte");
        yield return new("weights with a gigabyte too many", gpt2, f => f.Sparse(Weights, 1 << 30), Weights, "its tensors end at byte");
        yield return new("a header longer than any", gpt2, f => f.Bytes(Weights, b => [.. BitConverter.GetBytes(100_000_001L), .. b[8..]]), Weights, "no safetensors file has more than 100000000");
        yield return new("a header of a negative length", gpt2, f => f.Bytes(Weights, b => [.. BitConverter.GetBytes(-1L), .. b[8..]]), Weights, "claims 18446744073709551615 bytes");
        yield return new("a header of zeros", gpt2, f => f.Bytes(Weights, b => [.. b[..8], .. new byte[b.Length - 8]]), Weights, "does not begin with '{'");
        yield return new("a header that is nested deeply", gpt2, f => f.Header(_ => "{\"w\":" + new string('[', 1_000_000)), Weights, NoJson);
        yield return new("a header that is not UTF-8", gpt2, f => f.Bytes(Weights, b => [.. b[..10], 0xFF, .. b[11..]]), Weights, NoJson);
        yield return new("a name that is half a character", gpt2, f => f.Header(h => h.Replace("wte.weight", @"\ud800")), Weights, NoJson);
        yield return new("a name of a megabyte", gpt2, f => f.Header(h => h.Replace("\"wte.weight\":{\"dtype\":\"F32\"", $"\"{new string('x', 1 << 20)}\":{{\"dtype\":\"F33\"")), Weights, "has no known dtype");
        yield return new("a shape of a million ones", gpt2, f => f.HeaderJson(h => h["ln_f.bias"]!["shape"] = new JsonArray([.. Enumerable.Repeat(1, 1_000_000).Select(n => (JsonNode)n)])), Weights, "cannot have 64 bytes");
        yield return new("two tensors of one name", gpt2, f => f.Header(h => h.Replace("wpe.weight", "wte.weight")), Weights, NoJson);
        yield return new("two tensors in one place", gpt2, f => f.HeaderJson(h => h["ln_f.bias"]!["data_offsets"] = h["ln_f.weight"]!["data_offsets"]!.DeepClone()), Weights, "belong to none");
        yield return new("a tensor that reaches into the next", gpt2, f => f.HeaderJson(h => h["ln_f.bias"]!["data_offsets"] = Shifted(h["ln_f.bias"]!, 4)), Weights, "4 bytes before tensor ln_f.bias belong to none");
        yield return new("a tensor beyond the file", gpt2, f => f.HeaderJson(h => h["wte.weight"]!["data_offsets"] = Shifted(h["wte.weight"]!, 1L << 40)), Weights, "bytes before tensor wte.weight belong to none");
        yield return new("a tensor at a negative place", gpt2, f => f.HeaderJson(h => h["wte.weight"]!["data_offsets"] = Shifted(h["wte.weight"]!, -(1L << 40))), Weights, "tensor wte.weight has no data_offsets");
        yield return new("no tensors", gpt2, f => f.Write(Weights, RawSafetensors.Bytes("{}")), "", "has no tensor h.2.mlp.c_proj.weight");
        yield return new("weights of integers", gpt2, f => f.Header(h => h.Replace("F32", "I32")), Weights, "is I32; the engine reads F32, F16 and BF16");
        yield return new("a bias of integers", gpt2, f => f.Header(h => h.Replace("\"ln_f.bias\":{\"dtype\":\"F32\"", "\"ln_f.bias\":{\"dtype\":\"U32\"")), Weights, "Tensor ln_f.bias");
        yield return new("a tensor that is missing", gpt2, f => Without(f, gpt2, "h.1.ln_2.bias"), "", "has no tensor h.1.ln_2.bias");
        yield return new("a matrix to edit that is missing", gpt2, f => Without(f, gpt2, "h.1.mlp.c_proj.weight"), "", "has no tensor h.1.mlp.c_proj.weight");
        yield return new("a matrix to edit that is turned", llama, f => Changed(f, llama, "model.layers.1.mlp.down_proj.weight", w => w with { Shape = [TinyModels.Inner, TinyModels.Hidden] }), Weights, "is [24, 16], expected [16, 24]");
        yield return new("a projection that is turned", gpt2, f => Changed(f, gpt2, "h.0.mlp.c_fc.weight", w => w with { Shape = [TinyModels.Inner, TinyModels.Hidden] }), Weights, "is [24, 16], expected [16, 24]");
        yield return new("a bias the family does not have", llama, f => With(f, llama, "model.layers.1.self_attn.q_proj.bias", 24), Weights, "q_proj.bias F32 [24], for which this llama has no place");
        yield return new("a norm the family does not have", llama, f => With(f, llama, "model.layers.0.self_attn.q_norm.weight", 6), Weights, "q_norm.weight F32 [6], for which this llama has no place");
        yield return new("a layer more than the config says", gpt2, f => f.Json(Config, c => c["n_layer"] = TinyModels.Layers - 1), Config, "The weights have a layer 2");
        yield return new("weights of another family", gpt2, f => TinyModels.Write(f.File(Weights), TinyModels.Weights(llama)), "", "has no tensor h.2.mlp.c_proj.weight");
    }

    private static IEnumerable<MalformedCase> OfShards()
    {
        const string kind = TinyModels.Llama;
        foreach (var c in NoFile(kind, Index).Concat(NoFile(kind, "2.safetensors")))
            yield return c with
            {
                Spoil = f =>
                {
                    f.Shards(kind);
                    c.Spoil(f);
                },
            };
        yield return Sharded("a shard that is missing", f => File.Delete(f.File("1.safetensors")), "1.safetensors", "is not there");
        yield return Sharded("a shard under its sister's name", f => File.Copy(f.File("1.safetensors"), f.File("2.safetensors"), overwrite: true), Index, "but 2.safetensors holds one of that name");
        yield return Sharded("a shard cut short", f => f.Bytes("2.safetensors", b => b[..^4]), "2.safetensors", "it may be cut short");
        yield return Sharded("an index that leaves the folder", f => f.Json(Index, i => i["weight_map"]!["model.norm.weight"] = "../2.safetensors"), Index, "puts tensor model.norm.weight into \"../2.safetensors\"");
        yield return Sharded("an index that names a hundred thousand shards", f => f.Json(Index, i =>
        {
            for (var n = 0; n < 100_000; n++) i["weight_map"]![$"t{n}"] = $"0{n}.safetensors";
        }), "00.safetensors", "is not there");
        yield return Sharded("an index that is not UTF-8", f => f.Bytes(Index, b => [.. b[..20], 0xFF, .. b[21..]]), Index, NoJson);
        yield return Sharded("an index of a gigabyte", f => f.Sparse(Index, 1 << 30), Index, TooLong);

        static MalformedCase Sharded(string name, Action<TemporaryFolder> spoil, string file, string problem) => new(name, kind, f =>
        {
            f.Shards(kind);
            spoil(f);
        }, file, problem);
    }

    private static JsonArray Shifted(JsonNode entry, long by) => [.. entry["data_offsets"]!.AsArray().Select(n => (JsonNode)(n!.GetValue<long>() + by))];

    private static void Without(TemporaryFolder folder, string kind, string name) => TinyModels.Write(folder.File(Weights), TinyModels.Weights(kind).Where(w => w.Name != name));

    private static void With(TemporaryFolder folder, string kind, string name, int length) => TinyModels.Write(folder.File(Weights), TinyModels.Weights(kind).Append((name, new float[length], [length])));

    private static void Changed(TemporaryFolder folder, string kind, string name, Func<(string Name, float[] Values, long[] Shape), (string, float[], long[])> change) =>
        TinyModels.Write(folder.File(Weights), TinyModels.Weights(kind).Select(w => w.Name == name ? change(w) : w));
}
