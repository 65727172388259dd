using Ledger.Domain.Editing;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Editing;

public sealed class TargetSearchTests : IDisposable
{
    private readonly TinyEdit edit = new(TinyModels.Gpt2, TinyEdit.Easy);

    [Fact]
    public void It_evaluates_as_often_as_it_may_and_the_last_evaluation_makes_no_step()
    {
        var told = new Told<LossPoint>();
        var x = Compute(new Hyperparameters(Evaluations: 7, StopLoss: 0), told);
        x.Loss.Length.ShouldBe(7);
        told.ShouldBe(x.Loss);
        x.Loss[0].DeltaNorm.ShouldBe(0);
        x.DeltaNorm.ShouldBe(x.Loss[^1].DeltaNorm);
        x.Loss[^1].Total.ShouldBeLessThan(x.Loss[0].Total);
        var once = Compute(new Hyperparameters(Evaluations: 1));
        once.VE.ShouldBe(once.M0);
    }

    [Fact]
    public void The_first_step_is_adams_and_the_clamp_scales_delta_back_without_turning_it()
    {
        var free = Compute(new Hyperparameters(LearningRate: 0.01, Evaluations: 2, ClampFactor: 100));
        free.DeltaNorm.ShouldBe(0.01 * Math.Sqrt(TinyModels.Hidden), 1e-4);
        var clamped = Compute(new Hyperparameters(LearningRate: 0.01, Evaluations: 2, ClampFactor: 0.5 * free.DeltaNorm / free.M0Norm));
        clamped.DeltaNorm.ShouldBe(free.DeltaNorm / 2, 1e-9);
        for (var i = 0; i < TinyModels.Hidden; i++) (clamped.VE[i] - clamped.M0[i]).ShouldBe((free.VE[i] - free.M0[i]) / 2, 1e-6);
    }

    [Fact]
    public void No_evaluation_is_beyond_the_clamp()
    {
        var x = Compute(new Hyperparameters(Evaluations: 12, ClampFactor: 0.75, StopLoss: 0));
        x.Loss.Max(p => p.DeltaNorm).ShouldBe(0.75 * x.M0Norm, 1e-9);
        x.Loss.Count(p => p.DeltaNorm > 0.75 * x.M0Norm * (1 - 1e-9)).ShouldBeGreaterThan(3);
    }

    [Fact]
    public void It_stops_at_the_first_loss_under_the_limit_with_the_delta_of_that_evaluation()
    {
        var whole = Compute(new Hyperparameters(Evaluations: 10, StopLoss: 0));
        var limit = (whole.Loss[4].Total + whole.Loss[..4].Min(p => p.Total)) / 2;
        whole.Loss[4].Total.ShouldBeLessThan(limit);
        var stopped = Compute(new Hyperparameters(Evaluations: 10, StopLoss: limit));
        stopped.Loss.ShouldBe(whole.Loss[..5]);
        stopped.DeltaNorm.ShouldBe(whole.Loss[4].DeltaNorm);
        // Under, not at: the same number is no reason to stop.
        Compute(new Hyperparameters(Evaluations: 10, StopLoss: whole.Loss[4].Total)).Loss.Length.ShouldBeGreaterThan(5);
    }

    [Fact]
    public void It_is_cancelled_before_the_next_evaluation()
    {
        using var source = new CancellationTokenSource();
        var told = new Told<LossPoint>();
        Should.Throw<OperationCanceledException>(() => Compute(new Hyperparameters(StopLoss: 0), new Told<LossPoint>(p =>
        {
            told.Add(p);
            if (told.Count == 3) source.Cancel();
        }), source.Token));
        told.Count.ShouldBe(3);
        Should.Throw<OperationCanceledException>(() => Compute(new Hyperparameters(), told, source.Token));
        told.Count.ShouldBe(3);
    }

    public void Dispose() => edit.Dispose();

    private EditComputation Compute(Hyperparameters h, IProgress<LossPoint>? progress = null, CancellationToken token = default)
    {
        using var editor = edit.Tiny.Editor(TinyEdit.Layer);
        return editor.Compute(edit.Request, TinyEdit.Templates, h, TinyMoment.Instance, progress, token);
    }
}
