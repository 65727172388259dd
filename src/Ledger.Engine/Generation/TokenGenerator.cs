using Ledger.Engine.Models;
using static TorchSharp.torch;

namespace Ledger.Engine.Generation;

/// <summary>Runs a model token by token through its key/value cache.</summary>
internal sealed class TokenGenerator(Decoder model)
{
    /// <summary>Continues rows of equal length.</summary>
    /// <param name="rows">Prompts, all of one length.</param>
    /// <param name="tokens">How many tokens each row gets at most.</param>
    /// <param name="choose">Given a row's number and the logits after its last token [V], the next token; null ends the generation.</param>
    /// <param name="token">Looked at between tokens.</param>
    /// <returns>The new tokens of each row.</returns>
    public IReadOnlyList<IReadOnlyList<int>> Continue(IReadOnlyList<IReadOnlyList<int>> rows, int tokens, Func<int, float[], int?> choose, CancellationToken token)
    {
        using var noGrad = no_grad();
        using var past = new KeyValueCache(model.Config.Layers);
        var starts = new int[rows.Count];
        var made = rows.Select(_ => new List<int>()).ToArray();
        var run = rows;
        for (int first = 0, step = 0; step < tokens; step++)
        {
            token.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var pass = new Pass(starts, first, run[0].Count, past, keep: true, model.Device);
            var ids = tensor([.. run.SelectMany(r => r).Select(i => (long)i)], [run.Count, run[0].Count], device: model.Device);
            var x = model.Run(model.Embed(ids, pass), pass, 0, model.Config.Layers);
            var logits = model.Logits(x.select(1, run[0].Count - 1)).Floats();                          // [B, V]
            var next = new List<int>();
            for (var i = 0; i < rows.Count; i++)
            {
                if (choose(i, logits[(i * model.Config.Vocabulary)..((i + 1) * model.Config.Vocabulary)]) is not { } chosen) return made;
                made[i].Add(chosen);
                next.Add(chosen);
            }
            first += run[0].Count;
            run = [.. next.Select(id => (IReadOnlyList<int>)[id])];
        }
        return made;
    }

    /// <summary>The token with the largest logit [V]; of equals the first.</summary>
    public static int MostLikely(float[] logits) => Array.IndexOf(logits, logits.Max());

    /// <summary>Rows of any length, sampled on up to a length of all; each has a sampler of its own.</summary>
    /// <returns>The rows, whole. One that was longer stays as it is.</returns>
    public IReadOnlyList<IReadOnlyList<int>> Sample(IReadOnlyList<IReadOnlyList<int>> rows, int length, int topK, long seed, CancellationToken token)
    {
        ContextExceededException.Require(length, model.Config.Positions, "a sampled text", "ask for shorter texts, or leave generations out");
        var samplers = rows.Select((_, i) => new SeededSampler(seed + i * RowStride)).ToArray();
        // All rows begin in column 0 and are run together: what a longer one still has of its own is taken instead of a sample.
        var first = rows.Min(r => r.Count);
        var at = Enumerable.Repeat(first, rows.Count).ToArray();
        var made = Continue([.. rows.Select(r => (IReadOnlyList<int>)[.. r.Take(first)])], length - first, (i, logits) => at[i]++ is var column && column < rows[i].Count ? rows[i][column] : samplers[i].Sample(logits, topK), token);
        return [.. rows.Select((r, i) => r.Count >= length ? r : [.. r.Take(first), .. made[i]])];
    }

    /// <summary>Odd and far from SplitMix64's step: rows' streams do not overlap.</summary>
    private const long RowStride = 0x2545_F491_4F6C_DD1D;
}
