using Ledger.Engine.Models;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Models;

public sealed class ArithmeticTests
{
    /// <summary>The operators that are banned in the engine fail here more often than not, as an exception or as a wrong sum.</summary>
    [Fact]
    public void A_collection_at_any_moment_does_not_change_a_sum_a_difference_or_a_multiple()
    {
        var done = false;
        var collecting = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
                GC.WaitForPendingFinalizers();
            }
        });
        collecting.Start();
        try
        {
            using var scope = NewDisposeScope();
            Tensor three = tensor([3f]), five = tensor([5f]);
            for (var i = 0; i < 50_000; i++)
            {
                using var each = NewDisposeScope();
                three.Plus(five).item<float>().ShouldBe(8);
                three.Minus(five).item<float>().ShouldBe(-2);
                three.Plus(0.5).item<float>().ShouldBe(3.5f);
                three.Times(0.5).item<float>().ShouldBe(1.5f);
                five.Over(2).item<float>().ShouldBe(2.5f);
            }
        }
        finally
        {
            Volatile.Write(ref done, true);
            collecting.Join();
        }
    }
}
