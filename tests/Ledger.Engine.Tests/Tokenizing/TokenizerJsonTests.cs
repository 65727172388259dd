using System.Text.Json.Nodes;
using Ledger.Domain;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Tokenizing;

/// <summary>A component that would change ids and is not computed is refused by its name.</summary>
public sealed class TokenizerJsonTests
{
    private const string OtherTokens = "the post_processor TemplateProcessing that adds tokens other than one before the text is not supported";

    [Theory]
    [InlineData("""{"normalizer":{"type":"NFD"}}""", "the normalizer NFD is not supported")]
    [InlineData("""{"normalizer":{"type":"NFKC"}}""", "the normalizer NFKC is not supported")]
    [InlineData("""{"normalizer":{}}""", "the normalizer nothing is not supported")]
    [InlineData("""{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Prepend","prepend":"▁"}]}}""", "the normalizer Sequence with Prepend is not supported")]
    [InlineData("""{"normalizer":{"type":"Sequence","normalizers":[null]}}""", "the normalizer Sequence with something that is no component is not supported")]
    [InlineData("""{"normalizer":{"type":"Sequence"}}""", "normalizers is not a list")]
    [InlineData("""{"normalizer":"NFC"}""", "the normalizer something that is no component is not supported")]
    [InlineData("""{"decoder":{"type":"Metaspace"}}""", "the decoder Metaspace is not supported")]
    [InlineData("""{"post_processor":{"type":"BertProcessing"}}""", "the post_processor BertProcessing is not supported")]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"a"}}]}}""", OtherTokens)]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"a"}},{"Sequence":{"id":"B"}}]}}""", OtherTokens)]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"a"}},{"SpecialToken":{"id":"a"}},{"Sequence":{"id":"A"}}]}}""", OtherTokens)]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":["$A"]}}""", OtherTokens)]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[]}}""", OtherTokens)]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":"$A"}}""", "single is not a list")]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"a"}},{"Sequence":{"id":"A"}}]}}""", "its post_processor gives a not one id")]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"a"}},{"Sequence":{"id":"A"}}],"special_tokens":{"a":{"ids":[1,2]}}}}""", "its post_processor gives a not one id")]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"a"}},{"Sequence":{"id":"A"}}],"special_tokens":{"a":{"ids":[999]}}}}""", "its post_processor adds the id 999, which no token has")]
    [InlineData("""{"post_processor":{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"RobertaProcessing"}]}}""", "the post_processor Sequence with RobertaProcessing is not supported")]
    [InlineData("""{"pre_tokenizer":null}""", "the pre_tokenizer none is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Metaspace"}}""", "the pre_tokenizer Metaspace is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Digits"}}""", "the pre_tokenizer Digits is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence"}}""", "pretokenizers is not a list")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[]}}""", "the pre_tokenizer Sequence [] is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Punctuation"},{"type":"ByteLevel"}]}}""", "the pre_tokenizer Sequence with Punctuation is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{},{"type":"ByteLevel"}]}}""", "the pre_tokenizer Sequence with nothing is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]}}""", "the pre_tokenizer Sequence [ByteLevel, Digits] is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"ByteLevel"}]}}""", "the pre_tokenizer Sequence [ByteLevel, ByteLevel] is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits"}]}}""", "the pre_tokenizer Sequence [Digits] is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":1},{"type":"ByteLevel"}]}}""", "individual_digits is neither true nor false")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","use_regex":"yes"}}""", "use_regex is neither true nor false")]
    [InlineData("""{"model":null}""", "it has no model")]
    [InlineData("""{"model":{"type":"Unigram","vocab":[]}}""", "the model Unigram is not supported")]
    [InlineData("""{"model":{"vocab":{}}}""", "the model nothing is not supported")]
    [InlineData("""{"added_tokens":"none"}""", "added_tokens is not a list")]
    [InlineData("""{"added_tokens":[{"content":"<s>"}]}""", "an added token has no id")]
    [InlineData("""{"added_tokens":[{"id":300,"content":""}]}""", "an added token has no content")]
    [InlineData("""{"added_tokens":[{"id":300,"content":"<s>","lstrip":true}]}""", "the added token <s> has lstrip, which is not supported")]
    [InlineData("""{"added_tokens":[{"id":300,"content":"<s>","rstrip":true}]}""", "the added token <s> has rstrip, which is not supported")]
    [InlineData("""{"added_tokens":[{"id":300,"content":"<s>","single_word":true}]}""", "the added token <s> has single_word, which is not supported")]
    public void A_component_is_refused_by_its_name(string change, string problem) => Refused(json => Merge(json, change), problem);

    [Theory]
    [InlineData("""{"byte_fallback":true}""", "BPE with byte_fallback is not supported")]
    [InlineData("""{"ignore_merges":"no"}""", "ignore_merges is neither true nor false")]
    [InlineData("""{"continuing_subword_prefix":"##"}""", "BPE with continuing_subword_prefix is not supported")]
    [InlineData("""{"end_of_word_suffix":"</w>"}""", "BPE with end_of_word_suffix is not supported")]
    [InlineData("""{"dropout":0.1}""", "BPE with dropout is not supported")]
    [InlineData("""{"unk_token":3}""", "unk_token is not a text")]
    [InlineData("""{"vocab":null}""", "its model has no vocab")]
    [InlineData("""{"vocab":{"a":0}}""", "it is not a byte-level vocabulary")]
    [InlineData("""{"vocab":{"Ġ":0,"a":0}}""", "the id 0 is given to a and to another token")]
    [InlineData("""{"vocab":{"Ġ":-1}}""", "token Ġ has no id")]
    [InlineData("""{"merges":[["a"]]}""", "a merge is neither \"a b\" nor [a, b]")]
    [InlineData("""{"merges":["a nowhere"]}""", "vocabulary and merges do not fit together")]
    public void A_model_is_refused_for_what_it_has(string change, string problem) => Refused(json => Merge(json["model"]!.AsObject(), change), problem);

    [Theory]
    [InlineData("""{}""", "the pre_tokenizer Split with the behavior none is not supported")]
    [InlineData("""{"behavior":"isolated"}""", "the pre_tokenizer Split with the behavior isolated is not supported")]
    [InlineData("""{"behavior":"Isolated"}""", "a Split has no pattern")]
    [InlineData("""{"behavior":"Isolated","pattern":"-"}""", "a Split has no pattern")]
    [InlineData("""{"behavior":"Isolated","pattern":{"String":""}}""", "neither one String nor one Regex")]
    [InlineData("""{"behavior":"Isolated","pattern":{"String":"-","Regex":"-"}}""", "neither one String nor one Regex")]
    [InlineData("""{"behavior":"Isolated","pattern":{"Glob":"*"}}""", "neither one String nor one Regex")]
    [InlineData("""{"behavior":"Isolated","pattern":{"Regex":3}}""", "Regex is not a text")]
    [InlineData("""{"behavior":"Isolated","pattern":{"Regex":"\\w+"}}""", "has \\w, is not supported")]
    [InlineData("""{"behavior":"Isolated","pattern":{"Regex":"a"},"invert":"no"}""", "invert is neither true nor false")]
    public void A_Split_is_refused_for_what_it_has(string split, string problem)
    {
        var step = JsonNode.Parse(split)!;
        step["type"] = "Split";
        Refused(json => json["pre_tokenizer"] = PublishedTokenizers.Sequence(step, PublishedTokenizers.ByteLevel()), problem);
    }

    [Theory]
    [InlineData("""{"post_processor":{"type":"ByteLevel","trim_offsets":true}}""")]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}]}}""")]
    [InlineData("""{"post_processor":{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}]}]}}""")]
    [InlineData("""{"normalizer":{"type":"Sequence","normalizers":[]}}""")]
    [InlineData("""{"decoder":null,"normalizer":null,"truncation":{"max_length":2},"padding":{"strategy":"BatchLongest"}}""")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false}]}}""")]
    public void What_changes_no_id_is_read(string change) =>
        TinyTokenizer.Load(json => Merge(json, change)).Encode("In the other morning").ShouldBe(TinyTokenizer.Load().Encode("In the other morning"));

    [Fact]
    public void Merges_may_be_written_as_pairs() =>
        TinyTokenizer.Load(json => json["model"]!["merges"] = new JsonArray([.. TinyTokenizer.Merges.Select(m => new JsonArray([.. m.Split(' ').Select(p => (JsonNode)p)]))]))
            .Encode("In the other morning").ShouldBe(TinyTokenizer.Load().Encode("In the other morning"));

    /// <summary>Every place outside the vocabulary in turn holds something else.</summary>
    [Fact]
    public void A_file_with_anything_in_any_place_is_read_or_refused()
    {
        var (read, refused) = (0, 0);
        for (var place = 0; ; place++)
            foreach (var instead in (string[])["null", "3", "\"x\"", "[]", "{}", "true", "[null]", "{\"type\":\"NFC\"}"])
            {
                var json = Whole();
                var places = Places(json).Take(place + 1).ToArray();
                if (places.Length <= place)
                {
                    TestContext.Current.TestOutputHelper!.WriteLine($"{place} places, {read} files read, {refused} refused");
                    refused.ShouldBeGreaterThan(read);
                    return;
                }
                places[^1].ReplaceWith(JsonNode.Parse(instead));
                try
                {
                    TinyTokenizer.Load(json).Encode("cafe\u0301 in 1984-5").ShouldNotBeEmpty();
                    read++;
                }
                catch (CheckpointException)
                {
                    refused++;
                }
            }
    }

    /// <summary>One of each part.</summary>
    private static JsonObject Whole()
    {
        var json = TinyTokenizer.WithBos();
        json["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"NFC"}]}""");
        json["pre_tokenizer"] = PublishedTokenizers.Llama3();
        json["pre_tokenizer"]!["pretokenizers"]!.AsArray().Insert(0, new JsonObject { ["type"] = "Digits", ["individual_digits"] = true });
        (json["model"]!["ignore_merges"], json["model"]!["byte_fallback"], json["model"]!["unk_token"]) = (true, false, "a");
        return json;
    }

    private static IEnumerable<JsonNode> Places(JsonNode node)
    {
        if (node.Parent is not null) yield return node;
        IEnumerable<JsonNode?> children = node switch
        {
            JsonObject o => o.Where(p => p.Key is not ("vocab" or "merges")).Select(p => p.Value),
            JsonArray a => a,
            _ => [],
        };
        foreach (var place in children.OfType<JsonNode>().SelectMany(Places)) yield return place;
    }

    private static void Merge(JsonObject into, string change)
    {
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject()) into[name] = value?.DeepClone();
    }

    private static void Refused(Action<JsonObject> change, string problem)
    {
        var refusal = Should.Throw<CheckpointException>(() => TinyTokenizer.Load(change));
        refusal.Message.ShouldContain(problem);
        refusal.Path.ShouldEndWith("tokenizer.json");
        refusal.Kind.ShouldBe(FailureKind.BadInput);
    }
}
