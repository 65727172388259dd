using System.Text.Json;
using System.Text.Json.Nodes;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;
using Ledger.TestKit;

namespace Ledger.Engine.Tests.Tokenizing;

/// <summary>The tokenizers that the goldens were made with, by the names of their files.</summary>
internal static class GoldenTokenizers
{
    public static ITextTokenizer Load(string name) => TokenizerLoader.LoadFiles(Folder(name));

    /// <summary>The same with every digit isolated first, as SmolLM is published.</summary>
    public static ITextTokenizer LoadWithDigitSplit(string name)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder(name), "tokenizer.json")))!;
        json["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(
                new JsonObject { ["type"] = "Digits", ["individual_digits"] = true },
                new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true }),
        };
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", json.ToJsonString());
        return TokenizerLoader.LoadFiles(folder.Path);
    }

    public static IEnumerable<JsonElement> Rows(string folder, string file) =>
        File.ReadLines(Shared.RequireGolden("tiny", folder, file)).Where(l => l.Length > 0).Select(l => JsonDocument.Parse(l).RootElement);

    public static int[] Ids(this JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    public static string Text(this JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private static string Folder(string name) => name switch
    {
        "gpt2" => Shared.RequireShared("data", "tokenizers", "gpt2"),
        "tiny" => Shared.RequireGolden("tiny", "tokenizer"),
        "smollm2" => Shared.RequireShared("models", "smollm2-135m-instruct"),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "The goldens know no such tokenizer."),
    };
}
