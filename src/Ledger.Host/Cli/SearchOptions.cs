using System.CommandLine;
using Ledger.Domain.Editing;

namespace Ledger.Host.Cli;

/// <summary>How target values are searched for: chosen once, when a ledger is opened; the published values unless told.</summary>
internal sealed class SearchOptions
{
    private static readonly Hyperparameters Published = Hyperparameters.Published;

    private readonly Option<double> learningRate = Number("--learning-rate", "Adam's step in the search for v_e.", Published.LearningRate);
    private readonly Option<int> evaluations = new("--evaluations") { Description = "At most this many evaluations of the loss.", DefaultValueFactory = _ => Published.Evaluations, HelpName = "N" };
    private readonly Option<double> kl = Number("--kl", "Weight of the KL term.", Published.KlFactor);
    private readonly Option<double> weightDecay = Number("--weight-decay", "Weight of ‖δ‖/‖m₀‖².", Published.WeightDecay);
    private readonly Option<double> clamp = Number("--clamp", "‖δ‖ is kept under this many ‖m₀‖ (3 was published for GPT-2 medium).", Published.ClampFactor);
    private readonly Option<double> stopLoss = Number("--stop-loss", "The search ends as soon as the loss is under this.", Published.StopLoss);

    public IReadOnlyList<Option> All => [learningRate, evaluations, kl, weightDecay, clamp, stopLoss];

    public void AddTo(Command command)
    {
        foreach (var option in All) command.Options.Add(option);
    }

    public Hyperparameters Of(ParseResult parsed) => new(
        parsed.GetValue(learningRate), parsed.GetValue(evaluations), parsed.GetValue(kl), parsed.GetValue(weightDecay), parsed.GetValue(clamp), parsed.GetValue(stopLoss));

    private static Option<double> Number(string name, string description, double published) =>
        new(name) { Description = description, DefaultValueFactory = _ => published, HelpName = "X" };
}
