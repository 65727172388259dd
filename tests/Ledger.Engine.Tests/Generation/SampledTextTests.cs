using Ledger.Engine.Generation;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Generation;

/// <summary>Texts sampled after prompts, against whole rows run anew for every token.</summary>
public sealed class SampledTextTests
{
    private static readonly string[] Prompts = ["The mother of", "x", "The mother of Anna is the other man here", "The man"];

    [Theory]
    [InlineData(TinyModels.Gpt2)]
    [InlineData(TinyModels.Llama)]
    public void Every_row_is_sampled_alone_up_to_the_length(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(0);
        var texts = editor.Sample(Prompts, 40, 5, 7, CancellationToken.None);
        for (var i = 0; i < Prompts.Length; i++)
        {
            var sampler = new SeededSampler(7 + i * 0x2545_F491_4F6C_DD1D);
            List<int> ids = [.. model.Tokenizer.Encode(Prompts[i])];
            while (ids.Count < 40) ids.Add(sampler.Sample(model.Logits(ids)[^1], 5));
            texts[i].ShouldBe(model.Tokenizer.Decode(ids), $"row {i}");
            texts[i].ShouldStartWith(Prompts[i]);
        }
        editor.Sample(Prompts, 40, 5, 7, CancellationToken.None).ShouldBe(texts);
        editor.Sample(Prompts, 40, 5, 8, CancellationToken.None).ShouldNotBe(texts);
        editor.Sample(["The man", "The man"], 40, 5, 7, CancellationToken.None).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public void A_prompt_that_is_longer_than_the_length_stays_as_it_is()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        using var editor = model.Editor(0);
        var length = model.Tokenizer.Encode(Prompts[2]).Count - 2;
        var texts = editor.Sample(Prompts, length, 5, 7, CancellationToken.None);
        texts[2].ShouldBe(Prompts[2]);
        model.Tokenizer.Encode(Prompts[0]).Count.ShouldBeLessThan(length);
        texts[0].Length.ShouldBeGreaterThan(Prompts[0].Length);
        editor.Sample([Prompts[2]], 2, 5, 7, CancellationToken.None).ShouldBe([Prompts[2]]);
        editor.Sample([], 40, 5, 7, CancellationToken.None).ShouldBeEmpty();
        Should.Throw<ContextExceededException>(() => editor.Sample(Prompts, TinyModels.Positions + 1, 5, 7, CancellationToken.None));
        Should.Throw<LookupException>(() => editor.Sample(["The man", ""], 40, 5, 7, CancellationToken.None));
    }
}
