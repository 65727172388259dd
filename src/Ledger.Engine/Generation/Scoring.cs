using System.Collections.Immutable;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;
using static TorchSharp.torch;

namespace Ledger.Engine.Generation;

/// <summary>Negative log-likelihoods of given tokens: scores of targets (docs/editing.md §6) and perplexity of texts.</summary>
internal static class Scoring
{
    private const int BatchTokens = 2048;

    /// <summary>How many logits are in memory at a time: every token of a text is asked for, and V is large.</summary>
    private const int Logits = 1 << 24;

    /// <summary>Tokens to run, and the ones that the last of them are asked for.</summary>
    private readonly record struct Question(IReadOnlyList<int> Row, IReadOnlyList<int> Target);

    /// <summary>A question by its number.</summary>
    private readonly record struct Place(int Question, IReadOnlyList<int> Row, IReadOnlyList<int> Target);

    /// <summary>n(x): mean per-token negative log-likelihood of " " + target after a prompt.</summary>
    /// <returns>In the items' order.</returns>
    public static ImmutableArray<double> Score(Decoder model, ITextTokenizer tokenizer, IReadOnlyList<(string Prompt, string Target)> items, CancellationToken token)
    {
        var questions = items.Select(item =>
        {
            var target = TargetRows.Target(tokenizer, item.Target);
            var prompt = tokenizer.Encode(item.Prompt);
            if (prompt.Count == 0) throw new LookupException(item.Prompt, "The prompt is empty: there is nothing to read.", "give at least one word");
            var row = TargetRows.Row(prompt, target);
            ContextExceededException.Require(row.Count, model.Config.Positions, item.Prompt + EditRequest.AfterPrompt(item.Target));
            return new Question(row, target);
        }).ToArray();
        return [.. Sums(model, questions, token).Zip(questions, (sum, q) => sum / q.Target.Count)];
    }

    /// <summary>The same of tokens as they are; NaN of none.</summary>
    public static double Score(Decoder model, IReadOnlyList<int> prompt, IReadOnlyList<int> said, CancellationToken token) =>
        said.Count == 0 ? double.NaN : Sums(model, [new Question(TargetRows.Row(prompt, said), said)], token)[0] / said.Count;

    /// <summary>Σ −log p over each text's predicted tokens, and how many those are.</summary>
    public static ImmutableArray<TextLikelihood> Likelihoods(Decoder model, ITextTokenizer tokenizer, IEnumerable<string> texts, CancellationToken token)
    {
        var questions = texts.Select(text =>
        {
            var ids = tokenizer.Encode(text);
            ContextExceededException.Require(ids.Count, model.Config.Positions, text);
            return new Question([.. ids.SkipLast(1)], [.. ids.Skip(1)]);
        }).ToArray();
        return [.. Sums(model, questions, token).Zip(questions, (sum, q) => new TextLikelihood(sum, q.Target.Count))];
    }

    /// <returns>Σ −log p of each question's target, in order.</returns>
    private static double[] Sums(Decoder model, Question[] questions, CancellationToken token)
    {
        var sums = new double[questions.Length];
        foreach (var batch in TokenRows.Batches(Readings(questions), asked => asked[0].Row.Count, BatchTokens))
        {
            token.ThrowIfCancellationRequested();
            Add(model, batch, sums);
        }
        return sums;
    }

    /// <summary>A row that another one begins with need not be run: two targets of one token after a prompt are read from the same logits.</summary>
    /// <returns>Questions that one row answers: that row's own first.</returns>
    private static IEnumerable<List<Place>> Readings(Question[] questions)
    {
        var places = questions.Select((q, i) => new Place(i, q.Row, q.Target)).Where(p => p.Target.Count > 0).ToArray();
        // Sorted, a row stands right before those that it begins.
        Array.Sort(places, (a, b) => Compare(b.Row, a.Row));
        List<Place>? reading = null;
        foreach (var place in places)
        {
            if (reading is not null && Begins(place.Row, reading[0].Row))
            {
                reading.Add(place);
                continue;
            }
            if (reading is not null) yield return reading;
            reading = [place];
        }
        if (reading is not null) yield return reading;
    }

    private static int Compare(IReadOnlyList<int> a, IReadOnlyList<int> b)
    {
        for (var i = 0; i < Math.Min(a.Count, b.Count); i++)
            if (a[i] != b[i]) return a[i].CompareTo(b[i]);
        return a.Count.CompareTo(b.Count);
    }

    private static bool Begins(IReadOnlyList<int> beginning, IReadOnlyList<int> row) => beginning.Count <= row.Count && beginning.Select((id, i) => id == row[i]).All(same => same);

    private static void Add(Decoder model, List<Place>[] batch, double[] sums)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft([.. batch.Select(b => b[0].Row)]);
        using var pass = Pass.Over(rows, model.Device);
        var x = model.Run(model.Embed(rows.Ids(model.Device), pass), pass, 0, model.Config.Layers).view(-1, model.Config.Hidden);      // [B S, d_v]
        var asked = batch.SelectMany((reading, i) => reading.SelectMany(
            p => p.Target.Select((id, t) => (p.Question, Column: (long)i * rows.Columns + p.Row.Count - p.Target.Count + t, Id: (long)id))));
        foreach (var part in asked.Chunk(Math.Max(1, Logits / model.Config.Vocabulary)))
        {
            using var inner = NewDisposeScope();
            var logP = model.Logits(x.index_select(0, tensor(part.Select(a => a.Column).ToArray(), device: model.Device))).log_softmax(-1);
            var found = logP.gather(1, tensor(part.Select(a => a.Id).ToArray(), [part.Length, 1], device: model.Device)).Floats();
            foreach (var (a, value) in part.Zip(found)) sums[a.Question] -= value;
        }
    }
}
