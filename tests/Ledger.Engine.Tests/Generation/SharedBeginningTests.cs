using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Generation;

/// <summary>Answers to prompts that begin alike, against whole rows run anew for every token.</summary>
public sealed class SharedBeginningTests
{
    public static TheoryData<string> Kinds => TinyModels.Kinds;

    /// <summary>Of very different lengths, over several batches; one is where the others begin.</summary>
    private static string[] Prompts => [.. Enumerable.Range(0, 40).Select(i => Examples + string.Concat(Enumerable.Repeat(" man", i * 13 % 30)) + (i % 3 == 0 ? " is" : "")), Examples.TrimEnd()];

    private const string Examples = "The mother of Anna is here. The mother of ";

    [Theory, MemberData(nameof(Kinds))]
    public void Each_answer_is_that_of_the_prompt_alone(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(0);
        var answers = editor.Answers(Prompts, 3, CancellationToken.None);
        answers.ShouldBe(Prompts.Select(p => model.Tokenizer.Decode(model.Greedy(p, 3))));
        answers.Distinct().Count().ShouldBeGreaterThan(1);
        editor.Answers([Prompts[0]], 3, CancellationToken.None).ShouldBe([answers[0]]);
        editor.Answers(["x", Prompts[0], "x"], 3, CancellationToken.None)[1].ShouldBe(answers[0]);      // nothing shared
        editor.Answers([], 3, CancellationToken.None).ShouldBeEmpty();
    }

    [Fact]
    public void A_row_that_ends_does_not_end_the_others()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        var plain = Prompts.Select(p => model.Greedy(p, 3)).ToArray();
        var end = plain.GroupBy(a => a[1]).OrderBy(g => g.Count()).First().Key;
        model.EndAlsoAt(end);
        using var editor = model.Editor(0);
        var answers = editor.Answers(Prompts, 3, CancellationToken.None);
        answers.ShouldBe(plain.Select(a => model.Tokenizer.Decode(a.TakeWhile(id => id != end))));
        answers.Select(a => a.Length).Distinct().Count().ShouldBeGreaterThan(1);
    }

    [Fact]
    public void Answers_are_those_of_the_weights_now_installed()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        using var editor = model.Editor(0);
        var before = editor.Answers(Prompts, 3, CancellationToken.None);
        editor.Install([.. editor.BaseMatrix.ToArray().Select(w => 3 - 2 * w)]);
        editor.Answers(Prompts, 3, CancellationToken.None).ShouldNotBe(before);
        editor.Answers(Prompts, 3, CancellationToken.None).ShouldBe(Prompts.Select(p => editor.Continue(p, 3, CancellationToken.None)));
    }

    [Fact]
    public void What_is_too_long_or_empty_is_refused_and_stopping_is_heard()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        using var editor = model.Editor(0);
        Should.Throw<ContextExceededException>(() => editor.Answers(["The man", new string('x', TinyModels.Positions - 2)], 3, CancellationToken.None));
        Should.Throw<LookupException>(() => editor.Answers(["The man", ""], 3, CancellationToken.None));
        Should.Throw<OperationCanceledException>(() => editor.Answers(Prompts, 3, new CancellationToken(canceled: true)));
    }
}
