using Ledger.Engine.Checkpoints;
using static TorchSharp.torch;

namespace Ledger.Engine.Models;

/// <summary>
/// Rotary positions: of each head's first R numbers, pair i is turned by the angle position · frequency i. The two ways in use differ in what a
/// pair is: (x₂ᵢ, x₂ᵢ₊₁), interleaved, in GPT-J; (xᵢ, xᵢ₊R/2), halves, in the others.
/// </summary>
/// <param name="frequencies">[R/2], the model's.</param>
internal sealed class Rotary(Tensor frequencies, bool interleaved)
{
    private readonly long width = 2 * frequencies.shape[0];

    /// <summary>θ^(−2i/R), i &lt; R/2. In float32, as the models were trained: their rounding shows at large positions.</summary>
    public static float[] Frequencies(ModelConfig config) =>
        [.. Enumerable.Range(0, config.RotaryDim / 2).Select(i => 1f / MathF.Pow((float)config.RopeTheta, 2f * i / config.RotaryDim)).Select(f => Scaled(f, config.RopeScaling))];

    /// <param name="x">Queries or keys [B, heads, S, D].</param>
    /// <returns>The same, turned; what lies right of the first R numbers as it was.</returns>
    public Tensor Turn(Tensor x, Pass pass)
    {
        var (cos, sin) = pass.Rotation(Angles);                                             // [B, 1, S, R]
        if (x.shape[^1] == width) return TurnAll(x, cos, sin);
        return cat([TurnAll(x.narrow(-1, 0, width), cos, sin), x.narrow(-1, width, x.shape[^1] - width)], -1);
    }

    private static float Scaled(float frequency, Llama3Rope? rope)
    {
        if (rope is null) return frequency;
        float factor = (float)rope.Factor, low = (float)rope.LowFactor, high = (float)rope.HighFactor;
        var turns = rope.OriginalPositions / (2 * MathF.PI / frequency);                    // in the context of the first training
        if (turns < low) return frequency / factor;
        if (turns > high) return frequency;
        var smooth = (turns - low) / (high - low);
        return (1 - smooth) * frequency / factor + smooth * frequency;
    }

    /// <summary>(a cos − b sin, b cos + a sin) for every pair (a, b): x cos plus its partner times ∓sin.</summary>
    private Tensor TurnAll(Tensor x, Tensor cos, Tensor sin)
    {
        var partner = interleaved ? x.unflatten(3, [width / 2, 2]).flip(-1).flatten(-2) : x.roll(width / 2, -1);
        return addcmul(x * cos, partner, sin, Arithmetic.One);
    }

    private (Tensor Cos, Tensor Sin) Angles(Tensor positions)
    {
        var angles = positions.to(ScalarType.Float32).unsqueeze(-1) * frequencies;          // [B, S, R/2]
        Tensor cos = angles.cos(), sin = angles.sin();
        return (InPairs(cos, cos), InPairs(-sin, sin));
    }

    /// <summary>Each pair's two numbers where the pair's two numbers lie [B, 1, S, R].</summary>
    private Tensor InPairs(Tensor a, Tensor b) => (interleaved ? stack([a, b], -1).flatten(-2) : cat([a, b], -1)).unsqueeze(1);
}
