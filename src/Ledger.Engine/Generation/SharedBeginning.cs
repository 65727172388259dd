using Ledger.Engine.Models;
using static TorchSharp.torch;

namespace Ledger.Engine.Generation;

/// <summary>Short greedy answers to many prompts that begin alike: a few examples, then a question. The beginning's keys and values are computed once.</summary>
internal sealed class SharedBeginning(Decoder model)
{
    /// <summary>Columns of all rows of a batch, the beginning's too: each row has a copy of its keys and values.</summary>
    private const int BatchTokens = 2048;

    /// <param name="rows">Of any length.</param>
    /// <returns>At most <paramref name="tokens"/> new tokens of each row, in order, none from an end-of-text token on.</returns>
    public IReadOnlyList<IReadOnlyList<int>> Greedy(IReadOnlyList<IReadOnlyList<int>> rows, int tokens, CancellationToken token)
    {
        using var noGrad = no_grad();
        using var beginning = new KeyValueCache(model.Config.Layers);
        var shared = Shared(rows);
        if (shared > 0) Run([.. rows[0].Take(shared)], beginning);
        var answers = new IReadOnlyList<int>[rows.Count];
        foreach (var batch in TokenRows.Batches(Enumerable.Range(0, rows.Count), i => rows[i].Count + tokens, BatchTokens))
        {
            token.ThrowIfCancellationRequested();
            foreach (var (i, answer) in batch.Zip(Greedy(TokenRows.ToRight([.. batch.Select(i => (IReadOnlyList<int>)[.. rows[i].Skip(shared)])]), shared, beginning, tokens))) answers[i] = answer;
        }
        return answers;
    }

    /// <summary>How many tokens all rows begin with, one of each left to be asked about; nothing is shared by a row alone.</summary>
    private static int Shared(IReadOnlyList<IReadOnlyList<int>> rows)
    {
        if (rows.Count < 2) return 0;
        var most = rows.Min(r => r.Count) - 1;
        var shared = 0;
        while (shared < most && rows.All(r => r[shared] == rows[0][shared])) shared++;
        return shared;
    }

    private void Run(IReadOnlyList<int> ids, KeyValueCache past)
    {
        using var scope = NewDisposeScope();
        using var pass = new Pass([0], 0, ids.Count, past, keep: true, model.Device);
        model.Run(model.Embed(TokenRows.FromLeft([ids]).Ids(model.Device), pass), pass, 0, model.Config.Layers);
    }

    private List<int>[] Greedy(TokenRows rows, int shared, KeyValueCache beginning, int tokens)
    {
        using var past = beginning.ForRows(rows.Count);
        var answers = Enumerable.Range(0, rows.Count).Select(_ => new List<int>()).ToArray();
        var ended = new bool[rows.Count];
        var next = new long[rows.Count];
        for (int step = 0, first = shared; step < tokens && ended.Contains(false); step++)
        {
            using var scope = NewDisposeScope();
            var columns = step == 0 ? rows.Columns : 1;
            using var pass = new Pass(rows.Starts, first, columns, past, keep: true, model.Device, shared);
            var ids = step == 0 ? rows.Ids(model.Device) : tensor(next, [rows.Count, 1], device: model.Device);
            var x = model.Run(model.Embed(ids, pass), pass, 0, model.Config.Layers);
            var logits = model.Logits(x.select(1, columns - 1)).Floats();                               // [B, V]
            for (var i = 0; i < rows.Count; i++)
            {
                var best = TokenGenerator.MostLikely(logits[(i * model.Config.Vocabulary)..((i + 1) * model.Config.Vocabulary)]);
                next[i] = best;
                if (ended[i] |= model.Config.EosTokenIds.Contains(best)) continue;
                answers[i].Add(best);
            }
            first += columns;
        }
        return answers;
    }
}
