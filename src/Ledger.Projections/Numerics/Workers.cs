using System.Runtime.ExceptionServices;
using Ledger.Domain;
using Ledger.Projections.Replay;

namespace Ledger.Projections.Numerics;

/// <summary>Parts of a computation that do not touch each other, on one thread or several.</summary>
internal static class Workers
{
    /// <summary>Below this many multiply-adds waking threads takes longer than the work.</summary>
    private const long WorthThreads = 1 << 20;

    public static int For(long multiplyAdds) => multiplyAdds < WorthThreads ? 1 : Environment.ProcessorCount;

    /// <exception cref="FloatingPointModeException">A thread was switched away from IEEE 754 rounding.</exception>
    public static void Run(int parts, int threads, Action<int> part, CancellationToken token)
    {
        if (threads == 1)
        {
            FloatingPointModeException.ThrowIfNotIeee();
            for (var i = 0; i < parts; i++)
            {
                token.ThrowIfCancellationRequested();
                part(i);
            }
            return;
        }
        try
        {
            Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = token },
                () =>
                {
                    FloatingPointModeException.ThrowIfNotIeee();                    // a property of each thread
                    return 0;
                },
                (i, _, nothing) =>
                {
                    part(i);
                    return nothing;
                },
                _ => { });
        }
        catch (AggregateException e) when (e.InnerException is LedgerException inner)
        {
            ExceptionDispatchInfo.Throw(inner);
        }
    }
}
