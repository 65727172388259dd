using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Editing;
using Ledger.Engine.Generation;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

/// <summary>With a tokenizer that begins every text with a token, every row has it once and in its place, and nothing else moves.</summary>
public sealed class BeginningOfTextTests : IDisposable
{
    private const int Bos = 268;

    private static readonly ITextTokenizer Plain = TinyTokenizer.Load(), Tokenizer = TinyTokenizer.Load(TinyTokenizer.WithBos());

    private readonly TinyModel model = new(TinyModels.Llama);
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void An_edits_rows_begin_with_it_and_are_otherwise_the_same()
    {
        TinyTokenizer.EndOfTextId.ShouldBe(Bos);
        var request = new EditRequest("The mother of {} is", "Anna Therese", "the other man");
        var (plain, rows) = (EditRows.Of(Plain, request, TinyEdit.Templates, 100), EditRows.Of(Tokenizer, request, TinyEdit.Templates, 100));
        rows.Target.ShouldBe(plain.Target);
        rows.Rows.Select(r => r.ToArray()).ShouldBe(plain.Rows.Select(r => (int[])[Bos, .. r]));
        rows.Lookups.ShouldBe(plain.Lookups.Select(l => l + 1));       // the KL row, "{} is a", among them
        rows.Rows.ShouldAllBe(r => r.Count(id => id == Bos) == 1);
    }

    [Fact]
    public void The_token_that_an_edit_reads_ends_the_subject()
    {
        var rows = EditRows.Of(Tokenizer, new EditRequest("{} is", "Anna", "x"), TinyEdit.Templates, 100);
        rows.Rows.Zip(rows.Lookups, (row, lookup) => Tokenizer.Decode(row.Take(lookup + 1))).ShouldBe(["A storm. Anna", "Anna", "On the hill, in the morning. Anna", "Ha. Anna", "Anna"]);
    }

    [Fact]
    public void A_score_and_the_next_tokens_are_those_after_it()
    {
        File.WriteAllText(Path.Combine(model.Folder, "tokenizer.json"), TinyTokenizer.WithBos().ToJsonString());
        using var editor = model.Editor(0);
        int[] prompt = [Bos, .. Plain.Encode("The mother of")], target = [.. Plain.Encode(" the man")];
        var logits = model.Logits([.. prompt, .. target]);
        var score = target.Select((id, t) => logits[prompt.Length - 1 + t]).Zip(target, (row, id) => Math.Log(row.Sum(x => Math.Exp(x))) - row[id]).Average();
        editor.Score([("The mother of", "the man")], CancellationToken.None).Single().ShouldBe(score, 1e-4);

        var last = logits[prompt.Length - 1];
        editor.Next("The mother of", 1).Single().Id.ShouldBe(Array.IndexOf(last, last.Max()));
        editor.Continue("The mother of", 1, CancellationToken.None).ShouldBe(Tokenizer.Decode([Array.IndexOf(last, last.Max())]));
    }

    /// <summary>A drawn sample has the token it started from, its text does not: put before a prompt, it would stand there twice.</summary>
    [Fact]
    public void Context_templates_start_from_it_once()
    {
        var ordinary = TinyTokenizer.WithBos();
        ordinary["added_tokens"]![0]!["special"] = false;               // a file that does not even call it special
        foreach (var tokenizer in (ITextTokenizer[])[Tokenizer, TinyTokenizer.Load(ordinary)])
            for (var seed = 0; seed < 3; seed++)
            {
                var templates = TemplateDrawing.Draw(model.Model, tokenizer, seed);
                templates.TokenIds.ShouldAllBe(ids => ids[0] == Bos);
                foreach (var (text, ids) in templates.Texts.Skip(1).Zip(templates.TokenIds))
                    if (!ids.Skip(1).Contains(Bos)) tokenizer.Encode(text.Replace("{}", "Anna")).Count(id => id == Bos).ShouldBe(1, text);
            }
    }

    [Fact]
    public void Every_text_that_keys_are_measured_on_begins_with_it()
    {
        string[] lines = ["the man", "in the other morning"];
        var source = new KeyStatisticsSource([folder.Write("text", string.Join('\n', lines))], 512);
        var statistics = new KeyMeasurement(model.Model, Tokenizer, model.Matrix(1), default).Measure(folder.File("keystats"), source, null, CancellationToken.None);
        statistics.Tokens.ShouldBe(lines.Sum(l => 1 + Plain.Encode(l).Count));
    }

    public void Dispose()
    {
        model.Dispose();
        folder.Dispose();
    }
}
