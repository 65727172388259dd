using System.Text.Json.Nodes;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Support;

/// <summary>A byte-level BPE with every byte, a dozen merges and one added token, as tokenizer.json or as the older pair of files.</summary>
internal static class TinyTokenizer
{
    public const string EndOfText = "<|endoftext|>";

    /// <summary>In ids' order after the bytes: " t", "he", " the", "in", "er", "an", " a", "or", "on", " s", " ther", " m".</summary>
    public static IReadOnlyList<string> Merges { get; } = ["Ġ t", "h e", "Ġt he", "i n", "e r", "a n", "Ġ a", "o r", "o n", "Ġ s", "Ġthe r", "Ġ m"];

    public static int EndOfTextId => 256 + Merges.Count;

    /// <summary>Embeddings a model needs.</summary>
    public static int Size => EndOfTextId + 1;

    public static JsonObject Json() => new()
    {
        ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = EndOfTextId, ["content"] = EndOfText, ["special"] = true }),
        ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
        ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
        ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = Vocabulary(), ["merges"] = new JsonArray([.. Merges.Select(m => (JsonNode)m)]) },
    };

    /// <summary>The same, with the added token before every text, as Llama 3 has it.</summary>
    public static JsonObject WithBos()
    {
        var json = Json();
        var first = new JsonObject { ["id"] = EndOfText, ["ids"] = new JsonArray(EndOfTextId), ["tokens"] = new JsonArray(EndOfText) };
        var template = new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Piece("SpecialToken", EndOfText), Piece("Sequence", "A")),
            ["special_tokens"] = new JsonObject { [EndOfText] = first },
        };
        json["post_processor"] = new JsonObject { ["type"] = "Sequence", ["processors"] = new JsonArray(new JsonObject { ["type"] = "ByteLevel" }, template) };
        return json;
    }

    private static JsonObject Piece(string kind, string id) => new() { [kind] = new JsonObject { ["id"] = id, ["type_id"] = 0 } };

    /// <summary>The tokenizer of a changed tokenizer.json.</summary>
    public static ITextTokenizer Load(Action<JsonObject>? change = null)
    {
        var json = Json();
        change?.Invoke(json);
        return Load(json);
    }

    public static ITextTokenizer Load(JsonObject json)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", json.ToJsonString());
        return TokenizerLoader.LoadFiles(folder.Path);
    }

    public static void WriteJson(string folder) => File.WriteAllText(Path.Combine(folder, "tokenizer.json"), Json().ToJsonString());

    public static void WriteVocabularyAndMerges(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "vocab.json"), Vocabulary().ToJsonString());
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\n" + string.Join('\n', Merges) + "\n");
    }

    public static JsonObject Vocabulary()
    {
        var tokens = ByteAlphabet().Select(c => c.ToString()).Concat(Merges.Select(m => m.Replace(" ", ""))).Append(EndOfText);
        return new JsonObject(tokens.Select((t, id) => KeyValuePair.Create(t, (JsonNode?)id)));
    }

    /// <summary>GPT-2's printable stand-ins for the 256 bytes, in its vocabulary's order.</summary>
    private static IEnumerable<char> ByteAlphabet()
    {
        var printable = Enumerable.Range('!', '~' - '!' + 1).Concat(Enumerable.Range('¡', '¬' - '¡' + 1)).Concat(Enumerable.Range('®', 'ÿ' - '®' + 1)).ToArray();
        return printable.Concat(Enumerable.Range(256, 256 - printable.Length)).Select(c => (char)c);
    }
}
