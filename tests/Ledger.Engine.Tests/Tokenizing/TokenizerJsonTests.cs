using System.Text.Json.Nodes;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Tokenizing;

/// <summary>A component that would change ids and is not computed is refused by its name.</summary>
public sealed class TokenizerJsonTests
{
    [Theory]
    [InlineData("""{"normalizer":{"type":"NFC"}}""", "the normalizer NFC is not supported")]
    [InlineData("""{"normalizer":"NFC"}""", "the normalizer something that is no component is not supported")]
    [InlineData("""{"decoder":{"type":"Metaspace"}}""", "the decoder Metaspace is not supported")]
    [InlineData("""{"post_processor":{"type":"BertProcessing"}}""", "the post_processor BertProcessing is not supported")]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}]}}""", "TemplateProcessing that adds tokens is not supported")]
    [InlineData("""{"pre_tokenizer":null}""", "the pre_tokenizer none is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Metaspace"}}""", "the pre_tokenizer Metaspace is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split"},{"type":"ByteLevel"}]}}""", "the pre_tokenizer Sequence with Split is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]}}""", "the pre_tokenizer Sequence [ByteLevel, Digits] is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits"},{"type":"ByteLevel"}]}}""", "Digits before a ByteLevel with add_prefix_space is not supported")]
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
    [InlineData("""{"ignore_merges":true}""", "BPE with ignore_merges is not supported")]
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
    [InlineData("""{"post_processor":{"type":"ByteLevel","trim_offsets":true}}""")]
    [InlineData("""{"post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}]}}""")]
    [InlineData("""{"decoder":null,"normalizer":null,"truncation":{"max_length":2},"padding":{"strategy":"BatchLongest"}}""")]
    [InlineData("""{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false}]}}""")]
    public void What_changes_no_id_is_read(string change) =>
        TinyTokenizer.Load(json => Merge(json, change)).Encode("In the other morning").ShouldBe(TinyTokenizer.Load().Encode("In the other morning"));

    [Fact]
    public void Merges_may_be_written_as_pairs() =>
        TinyTokenizer.Load(json => json["model"]!["merges"] = new JsonArray([.. TinyTokenizer.Merges.Select(m => new JsonArray([.. m.Split(' ').Select(p => (JsonNode)p)]))]))
            .Encode("In the other morning").ShouldBe(TinyTokenizer.Load().Encode("In the other morning"));

    private static void Merge(JsonObject into, string change)
    {
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject()) into[name] = value?.DeepClone();
    }

    private static void Refused(Action<JsonObject> change, string problem)
    {
        var refusal = Should.Throw<CheckpointException>(() => TinyTokenizer.Load(change));
        refusal.Message.ShouldContain(problem);
        refusal.Path.ShouldEndWith("tokenizer.json");
    }
}
