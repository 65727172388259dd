using System.Collections.Immutable;
using Ledger.Domain.Editing;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;
using static TorchSharp.torch;

namespace Ledger.Engine.Generation;

/// <summary>n(x): mean per-token negative log-likelihood of " " + target after a prompt; docs/editing.md §6.</summary>
internal static class Scoring
{
    private const int BatchTokens = 2048;

    /// <returns>In the items' order.</returns>
    public static ImmutableArray<double> Score(Decoder model, ITextTokenizer tokenizer, IReadOnlyList<(string Prompt, string Target)> items, CancellationToken token)
    {
        var rows = items.Select(item =>
        {
            var target = TargetRows.Target(tokenizer, item.Target);
            var row = TargetRows.Row(tokenizer.Encode(item.Prompt), target);
            ContextExceededException.Require(row.Count, model.Config.Positions, item.Prompt + EditRequest.AfterPrompt(item.Target));
            return (Row: row, Target: target);
        }).ToArray();
        var scores = new double[items.Count];
        // Rows of like length side by side: less padding.
        var order = Enumerable.Range(0, rows.Length).OrderBy(i => rows[i].Row.Count).ToArray();
        for (var at = 0; at < order.Length;)
        {
            token.ThrowIfCancellationRequested();
            var count = 1;
            while (at + count < order.Length && (count + 1) * rows[order[at + count]].Row.Count <= BatchTokens) count++;
            var batch = order[at..(at + count)];
            Score(model, batch.Select(i => rows[i]).ToArray()).CopyTo(batch, scores);
            at += count;
        }
        return [.. scores];
    }

    private static double[] Score(Decoder model, (IReadOnlyList<int> Row, IReadOnlyList<int> Target)[] batch)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft([.. batch.Select(b => b.Row)]);
        using var pass = Pass.Over(rows, model.Device);
        var x = model.Run(model.Embed(rows.Ids(model.Device), pass), pass, 0, model.Config.Layers);                     // [B, S, d_v]
        var read = batch.SelectMany((b, i) => Enumerable.Range(b.Row.Count - b.Target.Count, b.Target.Count).Select(s => (long)i * rows.Columns + s)).ToArray();
        var wanted = batch.SelectMany(b => b.Target).Select(t => (long)t).ToArray();
        var logP = model.Logits(x.view(-1, model.Config.Hidden).index_select(0, tensor(read, device: model.Device))).log_softmax(-1);
        var nll = logP.gather(1, tensor(wanted, [wanted.Length, 1], device: model.Device)).Floats();
        var (means, from) = (new double[batch.Length], 0);
        for (var i = 0; i < batch.Length; from += batch[i++].Target.Count)
            means[i] = -nll.AsSpan(from, batch[i].Target.Count).ToArray().Average(v => (double)v);
        return means;
    }

    private static void CopyTo(this double[] values, int[] places, double[] into)
    {
        for (var i = 0; i < values.Length; i++) into[places[i]] = values[i];
    }
}
