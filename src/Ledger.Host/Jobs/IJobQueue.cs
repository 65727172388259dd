using Ledger.Domain.Events;

namespace Ledger.Host.Jobs;

/// <summary>
/// Gives the jobs of a <see cref="JobLog"/> out to workers, each to one at a time, and again when who had it is gone. It may give a job out twice (a connection that broke, an answer that got lost): what came of
/// a job is recorded in the log, before the queue hears of it. For one caller at a time.
/// </summary>
internal interface IJobQueue : IAsyncDisposable
{
    /// <summary>The next job that waits.</summary>
    /// <param name="worker">Who asks.</param>
    /// <param name="patience">How long to wait for one.</param>
    /// <returns>Null where none came.</returns>
    Task<Delivery?> TakeAsync(string worker, TimeSpan patience, CancellationToken token);

    /// <summary>It is settled: nobody gets it again. Where the queue cannot be told, somebody does, and sees in the log that it is.</summary>
    Task DoneAsync(Delivery delivery);

    /// <summary>Somebody shall get it again.</summary>
    /// <param name="after">Not before this.</param>
    Task GiveBackAsync(Delivery delivery, TimeSpan after);

    /// <summary>It is settled for a bad reason; where the queue keeps such jobs, it is kept with it.</summary>
    Task ParkAsync(Delivery delivery, string reason);

    /// <summary>Who has which, by the number of the job's event; empty where the queue does not say.</summary>
    Task<IReadOnlyDictionary<long, UnderWay>> UnderWayAsync(CancellationToken token);
}

/// <summary>A job that was given out.</summary>
/// <param name="Event">The event that asks for it.</param>
/// <param name="Times">How often it has been given out, this time included.</param>
/// <param name="Receipt">Which giving out this is, to the queue.</param>
internal sealed record Delivery(RecordedEvent Event, int Times, Guid Receipt);

/// <param name="Worker">Who has it.</param>
/// <param name="Times">How often it has been given out.</param>
internal readonly record struct UnderWay(string Worker, int Times);
