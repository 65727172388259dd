using System.Text.Json.Nodes;
using Ledger.Engine.Generation;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Generation;

public sealed class TemplateDrawingTests
{
    public static TheoryData<string> Kinds => TinyModels.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void Twenty_texts_and_the_prompt_alone_are_drawn_each_with_one_place_for_the_prompt(string kind)
    {
        using var model = new TinyModel(kind);
        for (var seed = 0; seed < 5; seed++)
        {
            var templates = TemplateDrawing.Draw(model.Model, model.Tokenizer, seed);
            templates.Texts.Length.ShouldBe(21);
            templates.Texts[0].ShouldBe("{}");
            templates.Seed.ShouldBe(seed);
            foreach (var text in templates.Texts.Skip(1))
            {
                text.ShouldEndWith(". {}");
                text.Count(c => c is '{' or '}').ShouldBe(2, text);
            }
            templates.TokenIds.Select(ids => ids.Length).ShouldBe([.. Enumerable.Repeat(5, 10), .. Enumerable.Repeat(10, 10)]);
            templates.TokenIds.ShouldAllBe(ids => ids[0] == TinyTokenizer.EndOfTextId);
        }
    }

    [Fact]
    public void The_same_seed_draws_the_same_texts_and_another_others()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        var templates = TemplateDrawing.Draw(model.Model, model.Tokenizer, 11);
        TemplateDrawing.Draw(model.Model, model.Tokenizer, 11).ShouldBe(templates);
        TemplateDrawing.Draw(model.Model, model.Tokenizer, 12).Texts.ShouldNotBe(templates.Texts);
    }

    [Fact]
    public void Every_token_is_among_the_five_most_likely_after_those_before_it()
    {
        using var model = new TinyModel(TinyModels.Llama);
        foreach (var ids in TemplateDrawing.Draw(model.Model, model.Tokenizer, 3).TokenIds)
        {
            var logits = model.Logits(ids);
            for (var t = 1; t < ids.Length; t++)
                logits[t - 1].Count(x => x > logits[t - 1][ids[t]] + 1e-4).ShouldBeLessThan(5, $"token {t} of {string.Join(' ', ids)}");
        }
    }

    [Fact]
    public void A_model_without_a_token_to_start_from_is_refused()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        var nameless = TinyTokenizer.Load(json => json["added_tokens"] = new JsonArray());
        Should.Throw<NoStartTokenException>(() => TemplateDrawing.Draw(model.Model, nameless, 1)).Remedy.ShouldNotBeNull().ShouldContain("--templates");
    }
}
