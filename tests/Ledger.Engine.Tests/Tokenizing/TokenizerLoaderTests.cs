using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

public sealed class TokenizerLoaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Vocabulary_and_merges_give_the_same_ids_as_tokenizer_json()
    {
        TinyTokenizer.WriteVocabularyAndMerges(folder.Path);
        var (files, json) = (TokenizerLoader.LoadFiles(folder.Path), TinyTokenizer.Load());
        foreach (var text in (string[])["In the other morning", $"a{TinyTokenizer.EndOfText}b", "", "  \n", "naïve 𝕏"]) files.Encode(text).ShouldBe(json.Encode(text), text);
        files.VocabularySize.ShouldBe(json.VocabularySize);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_refused_and_SentencePiece_by_name()
    {
        Should.Throw<CheckpointException>(() => TokenizerLoader.LoadFiles(folder.Path)).Message.ShouldContain("has no tokenizer");
        folder.Write("tokenizer.model", "never read");
        Should.Throw<CheckpointException>(() => TokenizerLoader.LoadFiles(folder.Path)).Message.ShouldContain("SentencePiece tokenizer.model, which is not supported");
        folder.Write("tokenizer.json", """{"normalizer":null,"pre_tokenizer":{"type":"Metaspace"},"model":{"type":"BPE","byte_fallback":true,"vocab":{},"merges":[]}}""");
        var refusal = Should.Throw<CheckpointException>(() => TokenizerLoader.LoadFiles(folder.Path));
        refusal.Message.ShouldContain("the pre_tokenizer Metaspace is not supported");
        refusal.Remedy.ShouldNotBeNull().ShouldContain("SentencePiece tokenizers (Metaspace, byte_fallback) are not supported");
    }

    [Fact]
    public void A_tokenizer_of_a_larger_model_is_refused()
    {
        TinyModels.Write(folder.Path, TinyModels.Gpt2);
        var config = TinyModels.Config(TinyModels.Gpt2);
        (config["vocab_size"], config["bos_token_id"], config["eos_token_id"]) = (TinyTokenizer.Size - 1, 0, 0);
        folder.Write(CheckpointFolder.ConfigFile, config.ToJsonString());
        var refusal = Should.Throw<CheckpointException>(() => TokenizerLoader.Load(CheckpointFolder.Open(folder.Path)));
        refusal.Message.ShouldContain($"ids up to {TinyTokenizer.Size - 1}, the model {TinyTokenizer.Size - 1} embeddings");
        refusal.Remedy.ShouldNotBeNull().ShouldContain("different models");
    }

    [Fact]
    public void The_tokenizers_own_word_on_start_and_end_comes_before_the_configs()
    {
        TinyModels.Write(folder.Path, TinyModels.Gpt2);
        var config = TinyModels.Config(TinyModels.Gpt2);
        (config["bos_token_id"], config["eos_token_id"]) = (3, 4);
        folder.Write(CheckpointFolder.ConfigFile, config.ToJsonString());
        Ends().ShouldBe((3, 4));
        folder.Write("special_tokens_map.json", """{"bos_token":"a","eos_token":{"content":"b"}}""");
        Ends().ShouldBe((Id("a"), Id("b")));
        folder.Write("tokenizer_config.json", $$"""{"eos_token":"{{TinyTokenizer.EndOfText}}"}""");
        Ends().ShouldBe((Id("a"), TinyTokenizer.EndOfTextId));
    }

    [Theory]
    [InlineData("""{"add_bos_token":true}""", "puts no token before a text, but add_bos_token is true")]
    [InlineData("""{"add_bos_token":true,"bos_token":"<nowhere>"}""", "puts no token before a text, but add_bos_token is true")]
    [InlineData("""{"add_bos_token":1}""", "add_bos_token is neither true nor false")]
    [InlineData("""{"add_eos_token":true}""", "add_eos_token is true, which is not supported")]
    [InlineData("""{"added_tokens_decoder":{"x":{"content":"<s>"}}}""", "added_tokens_decoder has the id x")]
    [InlineData("""{"add_prefix_space":1}""", "add_prefix_space is neither true nor false")]
    [InlineData("[]", "holds a JSON Array, not an object")]
    public void Settings_that_cannot_be_kept_are_refused(string settings, string problem)
    {
        TinyTokenizer.WriteVocabularyAndMerges(folder.Path);
        folder.Write("tokenizer_config.json", settings);
        Should.Throw<CheckpointException>(() => TokenizerLoader.LoadFiles(folder.Path)).Message.ShouldContain(problem);
    }

    [Fact]
    public void Vocabulary_and_merges_begin_a_text_as_add_bos_token_says()
    {
        TinyTokenizer.WriteVocabularyAndMerges(folder.Path);
        folder.Write("tokenizer_config.json", $$"""{"add_bos_token":true,"bos_token":"{{TinyTokenizer.EndOfText}}"}""");
        var tokenizer = TokenizerLoader.LoadFiles(folder.Path);
        tokenizer.Encode("the").ShouldBe([TinyTokenizer.EndOfTextId, .. TinyTokenizer.Load().Encode("the")]);
        (tokenizer.AddsBos, tokenizer.BosTokenId).ShouldBe((true, TinyTokenizer.EndOfTextId));
    }

    [Theory]
    [InlineData("""{"add_bos_token":false}""", "before a text, but add_bos_token is false")]
    [InlineData("""{"bos_token":"a"}""", "before a text, but bos_token is a")]
    public void A_tokenizer_json_that_its_settings_contradict_is_refused(string settings, string problem)
    {
        folder.Write("tokenizer.json", TinyTokenizer.WithBos().ToJsonString());
        folder.Write("tokenizer_config.json", settings);
        Should.Throw<CheckpointException>(() => TokenizerLoader.LoadFiles(folder.Path)).Message.ShouldContain($"puts {TinyTokenizer.EndOfText} {problem}");
    }

    [Fact]
    public void Added_tokens_and_the_prefix_space_of_the_settings_are_kept()
    {
        TinyTokenizer.WriteVocabularyAndMerges(folder.Path);
        folder.Write("tokenizer_config.json", """{"add_prefix_space":true,"added_tokens_decoder":{"400":{"content":"<s>","special":true}}}""");
        var tokenizer = TokenizerLoader.LoadFiles(folder.Path);
        tokenizer.Encode("the").ShouldBe(TinyTokenizer.Load().Encode(" the"));
        tokenizer.Encode("<s>").ShouldBe([400]);
        tokenizer.VocabularySize.ShouldBe(401);
    }

    [Fact]
    public void Only_the_first_line_of_merges_can_be_the_version()
    {
        TinyTokenizer.WriteVocabularyAndMerges(folder.Path);
        var vocabulary = TinyTokenizer.Vocabulary();
        vocabulary["##"] = 500;
        folder.Write("vocab.json", vocabulary.ToJsonString());
        folder.Write("merges.txt", "#version: 0.2\r\n# #\r\n\r\n");
        TokenizerLoader.LoadFiles(folder.Path).Encode("##").ShouldBe([500]);
    }

    public void Dispose() => folder.Dispose();

    private static int Id(string token) => TinyTokenizer.Vocabulary()[token]!.GetValue<int>();

    private (int?, int?) Ends()
    {
        var tokenizer = TokenizerLoader.Load(CheckpointFolder.Open(folder.Path));
        return (tokenizer.BosTokenId, tokenizer.EosTokenId);
    }
}
