using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;

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

    private static Float32Vector Mean(IEnumerable<Float32Vector> keys)
    {
        var all = keys.ToArray();
        return Float32Vector.Create(all[0].Length, mean =>
        {
            for (var j = 0; j < mean.Length; j++) mean[j] = (float)all.Average(k => (double)k[j]);
        });
    }
}
