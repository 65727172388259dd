using Ledger.Domain.Editing;
using Ledger.Engine.Tests.Golden;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests;

/// <summary>Keys at every token of a prompt, which blame weighs edits by: the same keys that editing takes.</summary>
public sealed class KeysTests
{
    public static TheoryData<string> Kinds => TinyModels.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void At_the_subjects_last_token_it_is_the_key_that_an_edit_takes(string kind)
    {
        using var edit = new TinyEdit(kind);
        using var editor = edit.Tiny.Editor(TinyEdit.Layer);
        var kO = editor.Compute(edit.Request, TinyEdit.Templates, new Hyperparameters(Evaluations: 1), TinyMoment.Instance, null, CancellationToken.None).KO;
        var keys = editor.Keys(edit.Request.Text);
        editor.Key(edit.Request.Prompt, edit.Request.Subject).ShouldBe(keys[edit.Rows.Lookups[edit.Rows.Plain]]);
        var differences = new Differences();
        differences.Relative("k_o", kind, keys[edit.Rows.Lookups[edit.Rows.Plain]].Key.Span, [.. kO.Span.ToArray().Select(x => (double)x)], 1e-5);
        differences.Check();
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Those_an_edit_starts_from_are_known_without_its_search(string kind)
    {
        using var edit = new TinyEdit(kind);
        using var editor = edit.Tiny.Editor(TinyEdit.Layer);
        editor.Install([.. editor.BaseMatrix.ToArray().Select(w => 3 - 2 * w)]);
        var x = editor.Compute(edit.Request, TinyEdit.Templates, new Hyperparameters(Evaluations: 1), TinyMoment.Instance, null, CancellationToken.None);
        var keys = editor.Keys(edit.Request, TinyEdit.Templates, CancellationToken.None);
        var differences = new Differences();
        foreach (var (what, found, expected) in new[] { ("k̄", keys.KBar, x.KBar), ("k_o", keys.KO, x.KO), ("m₀", keys.M0, x.M0) })
            differences.Relative(what, kind, found.Span, [.. expected.Span.ToArray().Select(v => (double)v)], 1e-5);
        differences.Check();
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Every_token_has_one_beside_its_text_and_what_follows_does_not_change_it(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(1);
        const string prompt = "The mother of Anna saw";
        var (ids, keys) = (model.Tokenizer.Encode(prompt), editor.Keys(prompt));
        keys.Select(k => k.Id).ShouldBe(ids);
        string.Concat(keys.Select(k => k.Text)).ShouldBe(prompt);
        keys.ShouldAllBe(k => k.Key.Length == TinyModels.Inner && k.Key.IsFinite());
        keys.Select(k => k.Key).Distinct().Count().ShouldBe(keys.Length);

        var beginning = editor.Keys(prompt[..^" saw".Length]);
        beginning.Length.ShouldBeLessThan(keys.Length);
        var differences = new Differences();
        foreach (var (shorter, longer) in beginning.Zip(keys)) differences.Relative("key", shorter.Text, shorter.Key.Span, [.. longer.Key.Span.ToArray().Select(x => (double)x)], 1e-5);
        differences.Check();
    }

    [Theory, MemberData(nameof(Kinds))]
    public void They_are_those_of_the_base_whatever_is_installed(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(1);
        var (before, said) = (editor.Keys("The mother of Anna"), editor.Next("The mother of Anna", 1));
        editor.Install([.. editor.BaseMatrix.ToArray().Select(w => 3 - 2 * w)]);
        editor.Next("The mother of Anna", 1).ShouldNotBe(said);
        editor.Keys("The mother of Anna").ShouldBe(before);
    }

    [Fact]
    public void A_token_before_every_text_has_its_key_too()
    {
        using var model = new TinyModel(TinyModels.Llama);
        File.WriteAllText(Path.Combine(model.Folder, "tokenizer.json"), TinyTokenizer.WithBos().ToJsonString());
        using var editor = model.Editor(1);
        editor.Keys("Anna").Select(k => k.Text).ShouldBe([TinyTokenizer.EndOfText, "A", "n", "n", "a"]);
        Should.Throw<LookupException>(() => editor.Keys("")).Message.ShouldContain("The prompt is empty");
    }

    [Fact]
    public void An_empty_prompt_and_one_longer_than_the_context_are_refused()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        using var editor = model.Editor(1);
        Should.Throw<LookupException>(() => editor.Keys("")).Message.ShouldContain("The prompt is empty");
        Should.Throw<LookupException>(() => editor.Key("The mother of Anna", "Anna")).Message.ShouldContain("has 0 {}");
        var most = new string('x', TinyModels.Positions);
        editor.Keys(most).Length.ShouldBe(TinyModels.Positions);
        Should.Throw<ContextExceededException>(() => editor.Keys(most + "x")).Tokens.ShouldBe(TinyModels.Positions + 1);
    }
}
