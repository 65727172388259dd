using System.Text.Json;
using Ledger.Engine.Tokenizing;
using Ledger.TestKit;

namespace Ledger.Engine.Tests.Tokenizing;

public sealed class GoldenTokenizerTests
{
    public static TheoryData<string> Names => ["gpt2", "tiny", "smollm2"];

    [Theory, MemberData(nameof(Names))]
    public void Texts_have_the_golden_ids_and_come_back(string name)
    {
        var tokenizer = GoldenTokenizers.Load(name);
        int texts = 0, returned = 0;
        foreach (var row in GoldenTokenizers.Rows("tokenizers", $"{name}.jsonl"))
        {
            var (text, ids) = (row.Text("text"), row.Ids("ids"));
            tokenizer.Encode(text).ShouldBe(ids, $"{name}: {JsonSerializer.Serialize(text)}");
            texts++;
            if (!row.GetProperty("round_trip").GetBoolean() || ids.Any(id => IsSpecial(tokenizer, id))) continue;
            tokenizer.Decode(ids).ShouldBe(text);
            returned++;
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {texts} texts, {returned} round trips, all exact");
        texts.ShouldBeGreaterThan(0);
        returned.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Digits_that_are_isolated_first_have_the_golden_ids()
    {
        var tokenizer = GoldenTokenizers.Load("smollm2", PublishedTokenizers.SmolLm2());
        int texts = 0, changed = 0;
        foreach (var row in GoldenTokenizers.Rows("tokenizers", "smollm2.jsonl"))
        {
            var differs = row.TryGetProperty("ids_with_digit_split", out _);
            tokenizer.Encode(row.Text("text")).ShouldBe(row.Ids(differs ? "ids_with_digit_split" : "ids"), row.Text("text"));
            texts++;
            if (differs) changed++;
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"{texts} texts, {changed} with other ids than without the split, all exact");
        changed.ShouldBeGreaterThan(0);
    }

    /// <summary>The way Llama 3 and Qwen2 are published, with the pattern that ByteLevel has of its own.</summary>
    [Theory, MemberData(nameof(Names))]
    public void A_Split_by_GPT2s_pattern_before_a_ByteLevel_without_one_has_the_golden_ids(string name)
    {
        var tokenizer = GoldenTokenizers.Load(name, PublishedTokenizers.Split(PublishedPatterns.Gpt2));
        var texts = 0;
        foreach (var row in GoldenTokenizers.Rows("tokenizers", $"{name}.jsonl"))
        {
            tokenizer.Encode(row.Text("text")).ShouldBe(row.Ids("ids"), row.Text("text"));
            texts++;
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {texts} texts through a Split, all exact");
        texts.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Vocabulary_and_merges_give_the_ids_of_the_same_tokenizers_json()
    {
        var folder = Shared.RequireGolden("tiny", "models", "gpt2");
        using var plain = new Support.TemporaryFolder();
        foreach (var file in (string[])["vocab.json", "merges.txt", "tokenizer_config.json"]) File.Copy(Path.Combine(folder, file), plain.File(file));
        var (json, files) = (TokenizerLoader.LoadFiles(folder), TokenizerLoader.LoadFiles(plain.Path));
        foreach (var row in GoldenTokenizers.Rows("tokenizers", "tiny.jsonl")) files.Encode(row.Text("text")).ShouldBe(json.Encode(row.Text("text")));
        files.BosTokenId.ShouldBe(json.BosTokenId);
        files.EosTokenId.ShouldBe(json.EosTokenId);
        files.VocabularySize.ShouldBe(json.VocabularySize);
    }

    private static bool IsSpecial(ITextTokenizer tokenizer, int id) => tokenizer.Decode([id]).Length == 0;
}
