using TorchSharp;

namespace Ledger.Engine.Tests.Support;

/// <summary>Counts this thread's tensors: what an engine call makes, it releases.</summary>
internal static class TensorLeaks
{
    /// <summary>The call leaves as many live tensors as it found; the first call may fill caches and is not counted.</summary>
    public static void ShouldLeaveNoTensors(this Action call, string what)
    {
        call();
        var before = Live;
        call();
        Live.ShouldBe(before, $"tensors left behind by {what}");
    }

    private static long Live => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
}
