using System.Text;
using System.Text.Json.Nodes;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Malformed;

internal static partial class MalformedCases
{
    private static IEnumerable<MalformedCase> OfConfigs()
    {
        const string gpt2 = TinyModels.Gpt2, llama = TinyModels.Llama;
        foreach (var c in NoFile(gpt2, Config)) yield return c;
        yield return new("a config that is nested deeply", gpt2, f => f.Write(Config, "{\"a\":" + new string('[', 1_000_000)), Config, NoJson);
        yield return new("a config that is not UTF-8", gpt2, f => f.Bytes(Config, b => [.. b[..3], 0xFF, .. b[4..]]), Config, NoJson);
        yield return new("a config cut short", gpt2, f => f.Bytes(Config, b => b[..^1]), Config, NoJson);
        yield return new("a config of a gigabyte", gpt2, f => f.Sparse(Config, 1 << 30), Config, TooLong);
        yield return new("a model type of a megabyte", gpt2, f => f.Json(Config, c => c["model_type"] = new string('x', 1 << 20)), Config, "is not supported");
        yield return new("a size of a thousand digits", gpt2, f => f.Bytes(Config, b => [.. "{\"n_embd\":"u8, .. Enumerable.Repeat((byte)'9', 1000), (byte)',', .. b[1..]]), Config, NoJson);
        yield return Said("hundreds of millions of layers", gpt2, c => c["n_layer"] = 1 << 28, "", "has no tensor h.268435455.mlp.c_proj.weight");
        yield return Said("layers beyond any number", gpt2, c => c["n_layer"] = 1L << 40, Config, "n_layer is 1099511627776, not a whole number above 0");
        yield return Said("a layer that the weights do not have", gpt2, c => c["n_layer"] = TinyModels.Layers + 1, "", "has no tensor h.3.mlp.c_proj.weight");
        yield return Said("a matrix of more elements than an array holds", gpt2, c => (c["n_embd"], c["n_inner"]) = (1 << 16, 1 << 16), Config, "a down-projection of 65536 × 65536 has 4294967296 elements");
        yield return Said("a matrix of 2^56 elements", llama, c => (c["hidden_size"], c["intermediate_size"]) = (1 << 28, 1 << 28), Config, "has 72057594037927936 elements");
        yield return Said("another width than the weights'", llama, c => c["hidden_size"] = 32, Weights, "is [16, 24], expected [32, 24]");
        yield return Said("a vocabulary of hundreds of millions", gpt2, c => c["vocab_size"] = 1 << 28, Weights, "Tensor wte.weight");
        yield return Said("positions by the hundred million", gpt2, c => c["n_positions"] = 1 << 28, Weights, "Tensor wpe.weight");
        yield return Said("heads of hundreds of millions of numbers", llama, c => c["head_dim"] = 1 << 28, Weights, "q_proj.weight");
        yield return Said("more heads than the weights have", llama, c => (c["num_attention_heads"], c["num_key_value_heads"]) = (1 << 28, 1 << 28), Weights, "q_proj.weight");
        yield return Said("a base of the rotary frequencies beyond all numbers", llama, c => c["rope_theta"] = JsonNode.Parse("1e999"), Config, "rope_theta is 1e999, not a number above 0");
        yield return Said("fewer positions than a context template needs", llama, c => c["max_position_embeddings"] = 9, "", "makes 10 tokens, more than the model's 9 positions");
        yield return Said("two answers in one config", llama, c => c["rope_parameters"] = JsonNode.Parse("""{"rope_type":"default","rope_theta":5}"""), Config, "rope_theta is 1000 and, in rope_parameters, 5");

        static MalformedCase Said(string name, string kind, Action<JsonObject> change, string file, string problem) => new(name, kind, f => f.Json(Config, change), file, problem);
    }

    private static IEnumerable<MalformedCase> OfTokenizers()
    {
        const string kind = TinyModels.Llama, file = "tokenizer.json";
        foreach (var c in NoFile(kind, file)) yield return c;
        yield return new("a tokenizer cut short", kind, f => f.Bytes(file, b => b[..^1]), file, NoJson);
        yield return new("a tokenizer that is not UTF-8", kind, f => f.Bytes(file, b => [.. b[..3], 0xFF, .. b[4..]]), file, NoJson);
        yield return new("a tokenizer of nothing but brackets", kind, f => f.Write(file, "{\"model\":" + new string('[', 5_000_000)), file, NoJson);
        yield return new("a gigabyte of nesting", kind, f =>
        {
            f.Write(file, "{\"model\":" + new string('[', 1_000_000));
            f.Sparse(file, 1 << 30);
        }, file, TooLong);
        yield return new("a token that is no text", kind, f => f.Write(file, """{"model":{"type":"BPE","vocab":{1:2},"merges":[]}}"""), file, NoJson);
        yield return new("a token twice", kind, f => f.Write(file, """{"pre_tokenizer":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"Ġ":0,"Ġ":1},"merges":[]}}"""), file, NoJson);
        yield return new("a token of half a character", kind, f => f.Bytes(file, b => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(b).Replace("\"er\"", "\"\\ud800\""))), file, NoJson);
        yield return Said("a vocabulary that is a list", j => j["model"]!["vocab"] = new JsonArray("Ġ"), "its model has no vocab");
        yield return Said("an empty vocabulary", j => j["model"]!["vocab"] = new JsonObject(), "it is not a byte-level vocabulary");
        yield return Said("an id beyond the embeddings", j => Vocab(j)["far"] = int.MaxValue - 1, "has ids up to 2147483646, the model 269 embeddings");
        yield return Said("an id beyond all ids", j => Vocab(j)["far"] = int.MaxValue, "token far has no id");
        yield return Said("an id of two words", j => Vocab(j)["far"] = 1L << 40, "token far has no id");
        yield return Said("an id below 0", j => Vocab(j)["far"] = -1, "token far has no id");
        yield return Said("half an id", j => Vocab(j)["far"] = 0.5, "token far has no id");
        yield return Said("an id in words", j => Vocab(j)["far"] = "1", "token far has no id");
        yield return Said("an id given twice", j => Vocab(j)["far"] = 7, "the id 7 is given to far and to another token");
        yield return Said("a token of a megabyte without an id", j => Vocab(j)[new string('x', 1 << 20)] = -1, "has no id");
        yield return Said("merges that are no list", j => j["model"]!["merges"] = new JsonObject(), "its model has no merges");
        yield return Said("a merge of a token that is not there", j => Merges(j).Add("Ġ nowhere"), "vocabulary and merges do not fit together");
        yield return Said("a merge into a token that is not there", j => Merges(j).Add("z z"), "vocabulary and merges do not fit together");
        yield return Said("a merge of one token", j => Merges(j).Add("Ġ"), "vocabulary and merges do not fit together");
        yield return Said("a merge of three tokens", j => Merges(j).Add("a b c"), "vocabulary and merges do not fit together");
        yield return Said("a merge that is a number", j => Merges(j).Add(5), "a merge is neither \"a b\" nor [a, b]");
        yield return Said("a merge that is a list of three", j => Merges(j).Add(new JsonArray("a", "b", "c")), "a merge is neither \"a b\" nor [a, b]");
        yield return Said("added tokens that are no list", j => j["added_tokens"] = new JsonObject(), "added_tokens is not a list");
        yield return Said("an added token without content", j => Added(j, 300, ""), "an added token has no content");
        yield return Said("an added token with an id below 0", j => Added(j, -1, "<s>"), "an added token has no id");
        yield return Said("two added tokens of one id", j =>
        {
            Added(j, 300, "<a>");
            Added(j, 300, "<b>");
        }, "the added token <b>, 300, has its id or its content in common with another");
        yield return Said("two added tokens of one content", j =>
        {
            Added(j, 300, "<a>");
            Added(j, 301, "<a>");
        }, "the added token <a>, 301, has its id or its content in common with another");
        yield return Said("an added token with another's id", j => Added(j, 7, "<a>"), "the added token <a> has the id 7, the vocabulary says otherwise");
        yield return Said("an added token with two ids", j => Added(j, 300, "a"), "the added token a has the id 300, the vocabulary says otherwise");
        yield return Said("a tokenizer without a model", j => j["model"] = null, "it has no model");
        yield return Said("an unknown token that is not there", j => j["model"]!["unk_token"] = "nowhere", "vocabulary and merges do not fit together");

        static MalformedCase Said(string name, Action<JsonObject> change, string problem) => new(name, kind, f => f.Json(file, change), "", problem);

        static JsonObject Vocab(JsonObject json) => json["model"]!["vocab"]!.AsObject();

        static JsonArray Merges(JsonObject json) => json["model"]!["merges"]!.AsArray();

        static void Added(JsonObject json, int id, string content) => json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = id, ["content"] = content });
    }

    private static IEnumerable<MalformedCase> OfOlderTokenizers()
    {
        const string kind = TinyModels.Gpt2, vocabulary = "vocab.json", merges = "merges.txt", settings = "tokenizer_config.json";
        foreach (var c in NoFile(kind, vocabulary).Concat(NoFile(kind, merges)).Concat(NoFile(kind, settings))) yield return c;
        yield return new("a vocabulary of a gigabyte", kind, f => f.Sparse(vocabulary, 1 << 30), vocabulary, TooLong);
        yield return new("merges of a gigabyte", kind, f => f.Sparse(merges, 1 << 30), merges, TooLong);
        yield return new("merges of bytes that are no text", kind, f => f.Write(merges, [0xFF, 0xFE, 0, (byte)'\n', 0xFF]), vocabulary, "vocabulary and merges do not fit together");
        yield return new("merges in one line", kind, f => f.Write(merges, string.Join(' ', TinyTokenizer.Merges)), vocabulary, "vocabulary and merges do not fit together");
        yield return new("settings that give a token two ids", kind, f => f.Write(settings, """{"added_tokens_decoder":{"300":{"content":"<a>"},"301":{"content":"<a>"}}}"""), settings, "the added token <a>, 301, has its id or its content in common with another");
        yield return new("settings with an id beyond all ids", kind, f => f.Write(settings, """{"added_tokens_decoder":{"2147483647":{"content":"<a>"}}}"""), settings, "added_tokens_decoder has the id 2147483647");
        yield return new("settings with an id below 0", kind, f => f.Write(settings, """{"added_tokens_decoder":{"-1":{"content":"<a>"}}}"""), settings, "added_tokens_decoder has the id -1");
        yield return new("settings that take a token's id", kind, f => f.Write(settings, """{"added_tokens_decoder":{"7":{"content":"<a>"}}}"""), vocabulary, "the added token <a> has the id 7, the vocabulary says otherwise");
        yield return new("a special token of half a character", kind, f => f.Write(settings, """{"bos_token":"\ud800"}"""), settings, NoJson);
    }
}
