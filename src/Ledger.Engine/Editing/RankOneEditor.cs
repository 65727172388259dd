using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;
using static TorchSharp.torch;

namespace Ledger.Engine.Editing;

/// <summary>One edit: keys, directions and the target value; docs/editing.md §2, the paper's equations 3 and 4. The variant's choice is <see cref="Factors"/>.</summary>
/// <param name="model">Runs with <paramref name="w"/> at <paramref name="layer"/>.</param>
/// <param name="layer">ℓ.</param>
/// <param name="w0">W₀ k + b of the base.</param>
/// <param name="w">W k + b of the weights now installed.</param>
internal sealed class RankOneEditor(Decoder model, ITextTokenizer tokenizer, int layer, AffineMap w0, AffineMap w)
{
    public EditComputation Compute(
        EditRequest request, ContextTemplates templates, Hyperparameters h, IKeyMoment c, IProgress<LossPoint>? progress, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        var rows = EditRows.Of(tokenizer, request, templates, model.Config.Positions);
        using var batch = new EditBatch(model, layer, rows);
        var kBar = Mean(batch.Keys.Take(rows.Contexts));            // [d_k], eq. 3
        var kO = batch.Keys[rows.Plain];                            // [d_k], eq. 4
        var m0 = w.Apply(kO);                                       // [d_v]

        var m0Norm = m0.Norm();
        using var loss = new TargetLoss(model, batch, rows, h, m0Norm);
        var (delta, points) = TargetSearch.Run(loss, m0.Length, m0Norm, h, progress, token);

        return new EditComputation
        {
            KBar = kBar,
            KO = kO,
            UBar = c.Direction(kBar),
            UO = c.Direction(kO),
            BaseOutKBar = w0.Apply(kBar),
            BaseOutKO = w0.Apply(kO),
            OutKBar = w.Apply(kBar),
            M0 = m0,
            VE = Float32Vector.Create(m0.Length, v =>
            {
                for (var i = 0; i < v.Length; i++) v[i] = (float)(m0[i] + delta[i]);
            }),
            Loss = points,
            DeltaNorm = TargetLoss.Norm(delta),
            M0Norm = m0Norm,
        };
    }

    /// <summary>k̄, k_o and m₀ alone: nobody reads a row after its lookup token, nor a layer above ℓ.</summary>
    public RequestKeys Keys(EditRequest request, ContextTemplates templates, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        var edit = EditRows.Of(tokenizer, request, templates, model.Config.Positions);
        var rows = TokenRows.At([.. edit.Rows.Take(edit.Contexts).Select((r, i) => r.Take(edit.Lookups[i] + 1).ToArray())], [.. edit.Lookups.Take(edit.Contexts)]);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var pass = Pass.Over(rows, model.Device);
        var x = model.Run(model.Embed(rows.Ids(model.Device), pass), pass, 0, layer);                   // [B, P + 1, d_v]
        var keys = model.Key(layer, x, pass).K.select(1, rows.Anchor).Vectors();                        // [B, d_k]
        return new RequestKeys(Mean(keys), keys[edit.Plain], w.Apply(keys[edit.Plain]));
    }

    private static Float32Vector Mean(IEnumerable<Float32Vector> keys)
    {
        var all = keys.ToArray();
        return Float32Vector.Create(all[0].Length, mean =>
        {
            for (var j = 0; j < mean.Length; j++) mean[j] = (float)all.Average(k => (double)k[j]);
        });
    }
}
