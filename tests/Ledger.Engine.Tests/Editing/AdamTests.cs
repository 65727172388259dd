using Ledger.Engine.Editing;

namespace Ledger.Engine.Tests.Editing;

public sealed class AdamTests
{
    /// <summary>
    /// By hand, gradients 1, 2, −4 and step 0.5. Means 0.1, 0.29, −0.139, corrected by 0.1, 0.19, 0.271: 1, 1.526315789…, −0.512915129….
    /// Squares 0.001, 0.004999, 0.020994001, corrected by 0.001, 0.001999, 0.002997001: 1, 2.500750375…, 7.005003001….
    /// </summary>
    [Fact]
    public void Three_steps_are_the_ones_computed_by_hand()
    {
        var adam = new Adam(0.5, 1);
        double[] x = [0];
        adam.Step(x, [1.0]);
        x[0].ShouldBe(-0.5, 1e-8);
        adam.Step(x, [2.0]);
        x[0].ShouldBe(-0.5 - 0.5 * (0.29 / 0.19) / Math.Sqrt(0.004999 / 0.001999), 1e-8);
        x[0].ShouldBe(-0.982591, 1e-6);
        adam.Step(x, [-4.0]);
        x[0].ShouldBe(-0.5 - 0.5 * (0.29 / 0.19) / Math.Sqrt(0.004999 / 0.001999) + 0.5 * (0.139 / 0.271) / Math.Sqrt(0.020994001 / 0.002997001), 1e-8);
        x[0].ShouldBe(-0.885694, 1e-6);
    }

    [Fact]
    public void The_first_step_has_the_learning_rates_length_in_every_coordinate_and_none_where_there_is_no_gradient()
    {
        double[] x = [1, 1, 1, 1];
        new Adam(0.25, 4).Step(x, [1e-3, -5, 1e6, 0]);
        x[0].ShouldBe(0.75, 1e-5);
        x[1].ShouldBe(1.25, 1e-8);
        x[2].ShouldBe(0.75, 1e-8);
        x[3].ShouldBe(1);
    }
}
