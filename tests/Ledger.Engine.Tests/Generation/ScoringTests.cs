using Ledger.Domain.Ports;
using Ledger.Engine.Tests.Golden;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Generation;

/// <summary>Scores, next tokens and continuations against plain runs of one row at a time.</summary>
public sealed class ScoringTests
{
    public static TheoryData<string> Kinds => TinyModels.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void A_score_is_the_targets_mean_negative_log_likelihood_whatever_stands_beside_it(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(0);
        // Long ones among short ones, over several batches: 2048 tokens go into one.
        (string Prompt, string Target)[] items = [.. Enumerable.Range(0, 60).Select(i => ("The" + string.Concat(Enumerable.Repeat(" man", i * 17 % 60)), i % 3 == 0 ? "x" : "the other man"))];
        var differences = new Differences();
        var scores = editor.Score(items, CancellationToken.None);
        for (var i = 0; i < items.Length; i++) differences.Absolute("score", $"item {i}", scores[i], Plain(model, items[i].Prompt, items[i].Target), 1e-4);
        differences.Check();
        editor.Score([], CancellationToken.None).ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Targets_that_are_read_from_one_row_score_as_each_alone(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(0);
        // Of one prompt: the same twice, one that begins another, others; and a prompt that goes on with another item's target.
        (string, string)[] items = [.. new[] { "x", "the", "the other man", "man", "x", "the other" }.SelectMany(t => new[] { ("The mother of", t), ("The mother of the", t), ("The", t) })];
        var differences = new Differences();
        foreach (var ((prompt, target), score) in items.Zip(editor.Score(items, CancellationToken.None))) differences.Absolute("score", $"{prompt} {target}", score, Plain(model, prompt, target), 1e-4);
        differences.Check();
        Should.Throw<LookupException>(() => editor.Score([("The man", "x"), ("", "x")], CancellationToken.None));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Likelihoods_are_the_parts_of_the_perplexity(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(0);
        string[] texts = ["The mother of Anna is", "x", "The man"];
        var parts = editor.Likelihoods(texts, CancellationToken.None);
        foreach (var (text, part) in texts.Zip(parts))
        {
            var nll = Nll(model, model.Tokenizer.Encode(text));
            part.Tokens.ShouldBe(nll.Length);
            part.Sum.ShouldBe(nll.Sum(), 1e-3);
        }
        TextLikelihood.Perplexity(parts).ShouldBe(editor.Perplexity(texts, CancellationToken.None));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Perplexity_counts_every_token_but_each_texts_first_once(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(0);
        // Long ones among short ones, over several batches; one of a single token, which predicts nothing.
        string[] texts = [.. Enumerable.Range(0, 60).Select(i => "The" + string.Concat(Enumerable.Repeat(" man", i * 17 % 70)) + (i % 3 == 0 ? " saw Anna." : " is")), "x"];
        var nll = texts.SelectMany(text => Nll(model, model.Tokenizer.Encode(text))).ToArray();
        editor.Perplexity(texts, CancellationToken.None).ShouldBe(Math.Exp(nll.Average()), 1e-4 * Math.Exp(nll.Average()));

        // A mean over texts would be another number.
        var (one, other) = ("The mother of Anna is", "ab");
        double[] a = Nll(model, model.Tokenizer.Encode(one)), b = Nll(model, model.Tokenizer.Encode(other));
        a.Length.ShouldNotBe(b.Length);
        editor.Perplexity([one, other], CancellationToken.None).ShouldBe(Math.Exp((a.Sum() + b.Sum()) / (a.Length + b.Length)), 1e-4 * Math.Exp(a.Max()));
    }

    [Fact]
    public void With_a_token_before_every_text_the_first_is_predicted_too()
    {
        using var model = new TinyModel(TinyModels.Llama);
        File.WriteAllText(Path.Combine(model.Folder, "tokenizer.json"), TinyTokenizer.WithBos().ToJsonString());
        using var editor = model.Editor(0);
        var nll = Nll(model, [TinyTokenizer.EndOfTextId, .. model.Tokenizer.Encode("The man")]);
        nll.Length.ShouldBe(model.Tokenizer.Encode("The man").Count);
        editor.Perplexity(["The man"], CancellationToken.None).ShouldBe(Math.Exp(nll.Average()), 1e-4 * Math.Exp(nll.Average()));
        Should.Throw<NothingPredictedException>(() => editor.Perplexity([""], CancellationToken.None));
    }

    [Fact]
    public void Perplexity_is_that_of_the_weights_now_installed()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        using var editor = model.Editor(0);
        var before = editor.Perplexity(["The mother of Anna"], CancellationToken.None);
        editor.Install([.. editor.BaseMatrix.ToArray().Select(w => 3 - 2 * w)]);
        editor.Perplexity(["The mother of Anna"], CancellationToken.None).ShouldNotBe(before);
        editor.Install(editor.BaseMatrix.Span);
        editor.Perplexity(["The mother of Anna"], CancellationToken.None).ShouldBe(before);
    }

    [Fact]
    public void Texts_without_anything_to_predict_have_no_perplexity()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        using var editor = model.Editor(0);
        foreach (var texts in new string[][] { [], [""], ["x", "", "y"] })
            Should.Throw<NothingPredictedException>(() => editor.Perplexity(texts, CancellationToken.None));
        var most = new string('x', TinyModels.Positions);
        editor.Perplexity([most], CancellationToken.None).ShouldBeGreaterThan(1);
        Should.Throw<ContextExceededException>(() => editor.Perplexity(["The man", most + "x"], CancellationToken.None)).Tokens.ShouldBe(TinyModels.Positions + 1);
        Should.Throw<OperationCanceledException>(() => editor.Perplexity([most], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_text_longer_than_the_context_is_refused()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        using var editor = model.Editor(0);
        // The target's last token is never read: it may stand outside.
        var most = string.Concat(Enumerable.Repeat("x", TinyModels.Positions - 1));
        editor.Score([(most, "x")], CancellationToken.None).Length.ShouldBe(1);
        Should.Throw<ContextExceededException>(() => editor.Score([(most, "xx")], CancellationToken.None)).Tokens.ShouldBe(TinyModels.Positions + 1);
        Should.Throw<ContextExceededException>(() => editor.Continue(most, 2, CancellationToken.None)).Tokens.ShouldBe(TinyModels.Positions + 1);
        Should.Throw<ContextExceededException>(() => editor.Next(most + "xx", 1)).Tokens.ShouldBe(TinyModels.Positions + 1);
        editor.Continue(most, 1, CancellationToken.None).ShouldNotBeNull();
        Should.Throw<LookupException>(() => editor.Next("", 1)).Message.ShouldContain("The prompt is empty");
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_next_tokens_are_the_largest_logits_with_their_probabilities(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(0);
        var logits = model.Logits(model.Tokenizer.Encode("The mother of Anna"))[^1];
        var sum = logits.Sum(x => Math.Exp(x));
        var next = editor.Next("The mother of Anna", 4);
        next.Select(n => n.Id).ShouldBe(Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).Take(4));
        foreach (var n in next)
        {
            n.Probability.ShouldBe(Math.Exp(logits[n.Id]) / sum, 1e-5);
            n.Text.ShouldBe(model.Tokenizer.TokenText(n.Id));
        }
        editor.Next("The mother of Anna", 10_000).Sum(n => n.Probability).ShouldBe(1, 1e-6);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_continuation_is_the_most_likely_token_again_and_again(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(0);
        var made = model.Greedy("The mother of", 12);
        made.ShouldNotContain(TinyTokenizer.EndOfTextId);
        editor.Continue("The mother of", 12, CancellationToken.None).ShouldBe(model.Tokenizer.Decode(made));
        editor.Continue("The mother of", 0, CancellationToken.None).ShouldBe("");
        Should.Throw<OperationCanceledException>(() => editor.Continue("The mother of", 12, new CancellationToken(canceled: true)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void What_was_said_is_scored_by_its_very_tokens_on_whatever_is_installed(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(0);
        const string prompt = "The mother of";
        var said = editor.Greedy(prompt, 5, CancellationToken.None);
        said.Ids.ShouldBe(model.Greedy(prompt, 5));
        said.Text.ShouldBe(editor.Continue(prompt, 5, CancellationToken.None));
        var expected = Nll(model, [.. model.Tokenizer.Encode(prompt), .. said.Ids])[^5..].Average();
        editor.Score(prompt, said, CancellationToken.None).ShouldBe(expected, 1e-4);
        editor.Install([.. editor.BaseMatrix.ToArray().Select(w => 3 - 2 * w)]);
        editor.Score(prompt, said, CancellationToken.None).ShouldBeGreaterThan(expected);
        editor.Score(prompt, new Continuation([], ""), CancellationToken.None).ShouldBe(double.NaN);
    }

    [Fact]
    public void A_continuation_stops_before_the_end_of_text()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        var made = model.Greedy("The mother of", 12);
        var end = Enumerable.Range(1, made.Count - 1).First(t => !made[..t].Contains(made[t]));
        model.EndAlsoAt(made[end]);
        using var editor = model.Editor(0);
        editor.Continue("The mother of", 12, CancellationToken.None).ShouldBe(model.Tokenizer.Decode(made[..end]));
    }

    /// <summary>−log p of every token after the first, run as one row.</summary>
    private static double[] Nll(TinyModel model, IReadOnlyList<int> ids) =>
        [.. model.Logits(ids).Zip(ids.Skip(1), (row, id) => Math.Log(row.Sum(x => Math.Exp(x))) - row[id])];

    private static double Plain(TinyModel model, string prompt, string target)
    {
        int[] before = [.. model.Tokenizer.Encode(prompt)], ids = [.. model.Tokenizer.Encode(" " + target)];
        var logits = model.Logits([.. before, .. ids]);
        return ids.Select((id, t) => logits[before.Length + t - 1]).Zip(ids, (row, id) => Math.Log(row.Sum(x => Math.Exp(x))) - row[id]).Average();
    }
}
