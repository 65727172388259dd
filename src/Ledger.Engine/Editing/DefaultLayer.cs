using Ledger.Engine.Checkpoints;

namespace Ledger.Engine.Editing;

/// <summary>
/// The layer to edit where nobody names one. Published are GPT-2 XL 17, GPT-2 large 12, GPT-2 medium 8 (with clamp factor 3) and GPT-J 5: a third of
/// the depth in GPT-2, about a sixth in GPT-J. On SmolLM2-135M (30 layers) 4 was measured: 3 to 8 are alike, 12 is worse, and 2 is to be avoided because its
/// first-token keys are huge. The rule for every model without a number of its own is drawn from these: GPT-2 a third of its depth, any other a
/// seventh, rounded. It is a place to begin: measure your model's own.
/// </summary>
internal static class DefaultLayer
{
    public static int Of(ModelConfig config) => (config.ModelType, config.Layers, config.Hidden) switch
    {
        (ModelConfig.Gpt2, 48, 1600) => 17,     // XL
        (ModelConfig.GptJ, 28, 4096) => 5,      // 6B
        (ModelConfig.Gpt2, var layers, _) => layers / 3,
        (_, var layers, _) => (layers + 3) / 7,
    };
}
