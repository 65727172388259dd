using System.Collections.Immutable;
using Ledger.Domain.Editing;
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

    /// <summary>n(x): mean per-token negative log-likelihood of " " + target after a prompt.</summary>
    /// <returns>In the items' order.</returns>
    public static ImmutableArray<double> Score(Decoder model, ITextTokenizer tokenizer, IReadOnlyList<(string Prompt, string Target)> items, CancellationToken token)
    {
        var questions = items.Select(item =>
        {
            var target = TargetRows.Target(tokenizer, item.Target);
            var row = TargetRows.Row(tokenizer.Encode(item.Prompt), target);
            ContextExceededException.Require(row.Count, model.Config.Positions, item.Prompt + EditRequest.AfterPrompt(item.Target));
            return new Question(row, target);
        }).ToArray();
        return [.. Sums(model, questions, token).Zip(questions, (sum, q) => sum / q.Target.Count)];
    }

    /// <summary>The same of tokens as they are; NaN of none.</summary>
    public static double Score(Decoder model, IReadOnlyList<int> prompt, IReadOnlyList<int> said, CancellationToken token) =>
        said.Count == 0 ? double.NaN : Sums(model, [new Question(TargetRows.Row(prompt, said), said)], token)[0] / said.Count;

    /// <summary>exp(Σ −log p / number of predicted tokens), over all texts.</summary>
    public static double Perplexity(Decoder model, ITextTokenizer tokenizer, IEnumerable<string> texts, CancellationToken token)
    {
        var questions = texts.Select(text =>
        {
            var ids = tokenizer.Encode(text);
            ContextExceededException.Require(ids.Count, model.Config.Positions, text);
            return new Question([.. ids.SkipLast(1)], [.. ids.Skip(1)]);
        }).Where(q => q.Target.Count > 0).ToArray();
        if (questions.Length == 0) throw new NothingPredictedException();
        return Math.Exp(Sums(model, questions, token).Sum() / questions.Sum(q => (double)q.Target.Count));
    }

    /// <returns>Σ −log p of each question's target, in order.</returns>
    private static double[] Sums(Decoder model, Question[] questions, CancellationToken token)
    {
        var sums = new double[questions.Length];
        // Rows of like length side by side: less padding.
        var order = Enumerable.Range(0, questions.Length).OrderBy(i => questions[i].Row.Count).ToArray();
        for (var at = 0; at < order.Length;)
        {
            token.ThrowIfCancellationRequested();
            var count = 1;
            while (at + count < order.Length && (count + 1) * questions[order[at + count]].Row.Count <= BatchTokens) count++;
            var batch = order[at..(at + count)];
            foreach (var (i, sum) in batch.Zip(Sums(model, [.. batch.Select(i => questions[i])]))) sums[i] = sum;
            at += count;
        }
        return sums;
    }

    private static double[] Sums(Decoder model, Question[] batch)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft([.. batch.Select(b => b.Row)]);
        using var pass = Pass.Over(rows, model.Device);
        var x = model.Run(model.Embed(rows.Ids(model.Device), pass), pass, 0, model.Config.Layers).view(-1, model.Config.Hidden);      // [B S, d_v]
        var asked = batch.SelectMany((b, i) => b.Target.Select((id, t) => (Row: i, Column: (long)i * rows.Columns + b.Row.Count - b.Target.Count + t, Id: (long)id)));
        var sums = new double[batch.Length];
        foreach (var part in asked.Chunk(Math.Max(1, Logits / model.Config.Vocabulary)))
        {
            using var inner = NewDisposeScope();
            var logP = model.Logits(x.index_select(0, tensor(part.Select(a => a.Column).ToArray(), device: model.Device))).log_softmax(-1);
            var found = logP.gather(1, tensor(part.Select(a => a.Id).ToArray(), [part.Length, 1], device: model.Device)).Floats();
            foreach (var (a, value) in part.Zip(found)) sums[a.Row] -= value;
        }
        return sums;
    }
}
