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

    /// <summary>The same with another pre-tokenizer.</summary>
    public static ITextTokenizer Load(string name, JsonObject preTokenizer)
    {
        using var folder = new TemporaryFolder();
        foreach (var file in (string[])["tokenizer.json", "vocab.json", "merges.txt"])
            if (Path.Exists(Path.Combine(Folder(name), file))) File.Copy(Path.Combine(Folder(name), file), folder.File(file));
        var json = Path.Exists(folder.File("tokenizer.json")) ? JsonNode.Parse(File.ReadAllText(folder.File("tokenizer.json")))! : Together(folder);
        json["pre_tokenizer"] = preTokenizer;
        folder.Write("tokenizer.json", json.ToJsonString());
        return TokenizerLoader.LoadFiles(folder.Path);
    }

    public static IEnumerable<JsonElement> Rows(string folder, string file) =>
        File.ReadLines(Shared.RequireGolden("tiny", folder, file)).Where(l => l.Length > 0).Select(l => JsonDocument.Parse(l).RootElement);

    public static int[] Ids(this JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    public static string Text(this JsonElement row, string name) => row.GetProperty(name).GetString()!;

    /// <summary>vocab.json and merges.txt as a tokenizer.json.</summary>
    private static JsonObject Together(TemporaryFolder folder)
    {
        var vocabulary = JsonNode.Parse(File.ReadAllText(folder.File("vocab.json")))!.AsObject();
        var end = new JsonObject { ["id"] = vocabulary[TinyTokenizer.EndOfText]!.GetValue<int>(), ["content"] = TinyTokenizer.EndOfText, ["special"] = true };
        var merges = File.ReadAllLines(folder.File("merges.txt")).Skip(1).Where(l => l.Length > 0).Select(l => (JsonNode)l);
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(end),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray([.. merges]) },
        };
    }

    private static string Folder(string name) => name switch
    {
        "gpt2" => Shared.RequireShared("data", "tokenizers", "gpt2"),
        "tiny" => Shared.RequireGolden("tiny", "tokenizer"),
        "smollm2" => Shared.RequireShared("models", "smollm2-135m-instruct"),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "The goldens know no such tokenizer."),
    };
}
