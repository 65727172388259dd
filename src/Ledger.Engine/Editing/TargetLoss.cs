using Ledger.Domain.Editing;
using Ledger.Engine.Models;
using static TorchSharp.torch;

namespace Ledger.Engine.Editing;

/// <summary>
/// The loss of δ; docs/editing.md §2: mean over the contexts of the target's mean per-token −log p, plus KL(p_δ ‖ p₀) at the KL row's lookup token,
/// plus a decay of ‖δ‖. p₀ is that of the first evaluation, which must be at δ = 0. The first two terms and their gradient are float32 on the
/// model's device, the decay is float64 here.
/// </summary>
internal sealed class TargetLoss : IDisposable
{
    private readonly Decoder model;
    private readonly EditBatch batch;
    private readonly Hyperparameters h;
    private readonly double m0Norm;
    private readonly int contexts, length;
    private readonly Tensor read;       // [N·T + 1]: the columns a loss reads, in the flattened [B, S]; the KL row's last
    private readonly Tensor target;     // [N·T, 1]
    private Tensor? logP0;              // [V]

    /// <param name="m0Norm">‖m₀‖.</param>
    public TargetLoss(Decoder model, EditBatch batch, EditRows rows, Hyperparameters h, double m0Norm)
    {
        (this.model, this.batch, this.h, this.m0Norm) = (model, batch, h, m0Norm);
        (contexts, length) = (rows.Contexts, rows.Target.Count);
        var columns = batch.Targets.SelectMany((first, i) => Enumerable.Range(first, length).Select(s => (long)i * batch.Columns + s));
        read = tensor([.. columns, (long)contexts * batch.Columns], device: model.Device).DetachFromDisposeScope();
        target = tensor([.. Enumerable.Range(0, contexts * length).Select(i => (long)rows.Target[i % length])], [contexts * length, 1], device: model.Device).DetachFromDisposeScope();
    }

    /// <summary>The loss at δ and, when <paramref name="goesOn"/> says so on seeing it, its gradient.</summary>
    /// <param name="delta">δ [d_v].</param>
    /// <param name="gradient">Written to when the search goes on [d_v].</param>
    public LossPoint At(ReadOnlySpan<double> delta, Predicate<LossPoint> goesOn, Span<double> gradient)
    {
        using var scope = NewDisposeScope();
        var rounded = new float[delta.Length];
        for (var i = 0; i < rounded.Length; i++) rounded[i] = (float)delta[i];
        var d = tensor(rounded, device: model.Device).requires_grad_();                                 // [d_v]

        var x = batch.Run(d);                                                                           // [B, S, d_v]
        var logP = model.Logits(x.view(-1, model.Config.Hidden).index_select(0, read)).log_softmax(-1); // [N·T + 1, V]
        var nll = -logP.narrow(0, 0, contexts * length).gather(1, target).view(contexts, length).mean([1]); // [N]
        var logQ = logP[contexts * length];                                                             // [V]
        logP0 ??= logQ.detach().clone().DetachFromDisposeScope();
        var kl = (logQ.exp() * logQ.Minus(logP0)).sum().Times(h.KlFactor);

        var norm = Norm(delta);
        var rows = nll.Floats();
        var point = Point(rows.Average(n => (double)n), kl.Floats()[0], rows.Average(n => Math.Exp(-n)), norm);
        if (!goesOn(point)) return point;

        var g = autograd.grad([nll.mean().Plus(kl)], [d])[0].Floats();                                      // [d_v]
        // The decay's gradient, taken as 0 at δ = 0 where the norm has none.
        var decay = norm == 0 ? 0 : h.WeightDecay / (norm * m0Norm * m0Norm);
        for (var i = 0; i < gradient.Length; i++) gradient[i] = g[i] + decay * delta[i];
        return point;
    }

    public void Dispose()
    {
        read.Dispose();
        target.Dispose();
        logP0?.Dispose();
    }

    internal static double Norm(ReadOnlySpan<double> v)
    {
        var sum = 0.0;
        foreach (var x in v) sum += x * x;
        return Math.Sqrt(sum);
    }

    private LossPoint Point(double nll, double kl, double probability, double norm)
    {
        var decay = h.WeightDecay * norm / (m0Norm * m0Norm);
        return new LossPoint(nll + kl + decay, nll, kl, decay, probability, norm);
    }
}
