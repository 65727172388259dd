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
}
