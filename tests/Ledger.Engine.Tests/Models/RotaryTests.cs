using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Models;

public sealed class RotaryTests
{
    /// <summary>Llama 3.1 8B: theta 500000, heads of 128, factor 8 over an original context of 8192.</summary>
    [Fact]
    public void Llama3_leaves_high_frequencies_divides_low_ones_and_passes_smoothly_between()
    {
        var plain = Config() with { RopeScaling = null };
        float[] before = Rotary.Frequencies(plain), after = Rotary.Frequencies(Config());
        after.Length.ShouldBe(64);
        var ratios = before.Zip(after, (b, a) => b / a).ToArray();
        ratios.ShouldBeInOrder();
        ratios[0].ShouldBe(1);
        ratios[^1].ShouldBe(8);
        // Wavelength 2π θ^(i/64): over 8192/4 from i = 29 on, over 8192 from 35 on.
        ratios.Count(r => r == 1).ShouldBe(29);
        ratios.Count(r => r == 8).ShouldBe(29);
    }

    private static ModelConfig Config()
    {
        using var folder = new TemporaryFolder();
        var tiny = ConfigReader.Read(folder.Write(CheckpointFolder.ConfigFile, TinyModels.Config(TinyModels.Llama3Rope).ToJsonString()));
        return tiny with { RopeTheta = 500000, HeadDim = 128, RotaryDim = 128, RopeScaling = new Llama3Rope(8, 1, 4, 8192) };
    }
}
