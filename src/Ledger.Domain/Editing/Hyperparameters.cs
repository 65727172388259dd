namespace Ledger.Domain.Editing;

/// <summary>How the target value is searched for; docs/editing.md §2. The defaults are the published ones.</summary>
/// <param name="LearningRate">Adam's step.</param>
/// <param name="Evaluations">At most this many evaluations of the loss; one step fewer.</param>
/// <param name="KlFactor">Weight of KL(p_δ ‖ p₀) at the lookup token of "{} is a".</param>
/// <param name="WeightDecay">Weight of ‖δ‖ / ‖m₀‖².</param>
/// <param name="ClampFactor">After each step ‖δ‖ ≤ this · ‖m₀‖.</param>
/// <param name="StopLoss">The search stops as soon as the loss is under this.</param>
public sealed record Hyperparameters(
    double LearningRate = 0.5,
    int Evaluations = 20,
    double KlFactor = 0.0625,
    double WeightDecay = 0.5,
    double ClampFactor = 4,
    double StopLoss = 0.05)
{
    /// <summary>The loss of every evaluation stands in the event, and the event has a limit.</summary>
    public const int MaxEvaluations = 500;

    public static Hyperparameters Published { get; } = new();
}
