using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Jobs;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Stores.EventStoreDb;
using MediatR;

namespace Ledger.Host.Features.Working;

/// <summary>
/// Takes jobs and does them, one after the other. What came of a job is recorded before the queue is told, and a job that was done in part by somebody who died is gone on with: edits and their
/// results have ids of their own, replays and evaluations know what is recorded.
/// </summary>
public static class RunWorker
{
    /// <summary>How often a job is given out before it is put aside.</summary>
    public const int MostTimes = 10;

    /// <summary>How often one worker tries an edit that others overtake, beyond the rebases that each try has.</summary>
    public const int MostOvertaken = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1), LongestWait = TimeSpan.FromSeconds(5);

    /// <param name="Name">What results say of who did it.</param>
    /// <param name="UntilEmpty">End when nothing waits and nothing is under way.</param>
    /// <param name="Data">The folder where files that jobs name are looked for.</param>
    /// <param name="Away">Told when the server is away, and with null when it is there again.</param>
    public sealed record Request(LedgerPaths Ledger, string? Model, string Name, bool UntilEmpty, string Data, IProgress<Step>? Progress, IProgress<ServerAwayException?>? Away) : IRequest<Result>;

    /// <summary>One job is behind us; the stable fields of <c>worker --json</c>.</summary>
    /// <param name="Became"><c>done</c>, <c>parked</c>, <c>given-back</c>, or <c>settled</c> where somebody else had settled it.</param>
    /// <param name="What">Of the job.</param>
    /// <param name="Result">What came of it, or why.</param>
    public sealed record Step(JobId Job, string Became, string Kind, string What, string? Result, double Seconds);

    /// <param name="Stopped">True when it was told to stop.</param>
    public sealed record Result(string Worker, int Done, int Parked, int GivenBack, bool Stopped);

    public sealed class Handler(LedgerJobs jobs, JobWork.Tools tools, TimeProvider time) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var so = new Result(request.Name, 0, 0, 0, Stopped: false);
            var patience = new ServerPatience(request.Away, time);
            try
            {
                // Before it asks for a job: a worker that cannot load its model is no use to any.
                await using var work = await JobWork.OpenAsync(request, tools, token);
                await using var log = await jobs.LogAsync(request.Ledger, token);
                await using var queue = jobs.Queue(log);
                while (true)
                    try
                    {
                        if (request.UntilEmpty)
                        {
                            await log.CatchUpAsync(token);
                            if (log.IsSettled) return so;
                        }
                        var taken = await queue.TakeAsync(request.Name, Patience, token);
                        patience.Back();
                        if (taken is not { } delivery) continue;
                        var step = await DoAsync(request, log, queue, work, delivery, token);
                        so = step.Became switch
                        {
                            "done" => so with { Done = so.Done + 1 },
                            "parked" => so with { Parked = so.Parked + 1 },
                            "given-back" => so with { GivenBack = so.GivenBack + 1 },
                            _ => so,
                        };
                        request.Progress?.Report(step);
                    }
                    catch (ServerAwayException fault) when (!request.UntilEmpty)
                    {
                        // What it had, the server gives to somebody when it is back; what is recorded of it by then is found.
                        await patience.WaitAsync(fault, token);
                    }
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                return so with { Stopped = true };
            }
        }

        private async Task<Step> DoAsync(Request request, JobLog log, IJobQueue queue, JobWork work, Delivery delivery, CancellationToken token)
        {
            var started = time.GetTimestamp();
            var job = (JobQueued)EventJson.Current.Read(delivery.Event).Event;
            var (kind, _, what) = JobState.InWords(job);
            Step Became(string how, string? result) => new(job.Job, how, kind, what, result, time.GetElapsedTime(started).TotalSeconds);

            await ToldAsync(log.CatchUpAsync(CancellationToken.None));
            if (log.IsOver(job.Job, job.Attempt))
            {
                // Whoever did it could not tell the queue.
                await queue.DoneAsync(delivery);
                return Became("settled", null);
            }
            JobSettled settled;
            try
            {
                if (delivery.Times > MostTimes) throw new JobGivenUpException($"it was given out {MostTimes} times, and nobody who had it came back: each died with it, or was stopped");
                settled = await work.DoAsync(job, token);
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                await queue.GiveBackAsync(delivery, TimeSpan.Zero);
                return Became("given-back", "the worker was told to stop");
            }
            catch (LedgerException own) when (own is WorkerException or ServerRefusesException or ConnectionStringException or ServerAwayException or StoreUnwritableException or StoreBusyException || own.Kind == FailureKind.VerificationFailed)
            {
                // The ledger or this worker's model is not what it was, or the server is away or refuses this worker: that is no job's fault. Nor is a full disk.
                await queue.GiveBackAsync(delivery, TimeSpan.Zero);
                throw;
            }
            catch (LedgerException bad) when (bad.Kind == FailureKind.BadInput)
            {
                settled = new JobParked(job.Job, job.Attempt, request.Name, bad.Remedy is { } remedy ? $"{bad.Message.TrimEnd('.')}; {remedy}" : bad.Message);
            }
            catch (Exception passing)
            {
                if (passing is not LedgerException) work.Doubt();
                if (delivery.Times < MostTimes)
                {
                    var wait = TimeSpan.FromMilliseconds(100) * Math.Pow(2, delivery.Times - 1);
                    await queue.GiveBackAsync(delivery, wait < LongestWait ? wait : LongestWait);
                    return Became("given-back", passing.Message);
                }
                settled = new JobParked(job.Job, job.Attempt, request.Name, $"it failed {MostTimes} times, the last time with: {passing.Message}");
            }
            // Once it is done it is to be said, even to a worker that is told to stop.
            var settling = log.SettleAsync(settled, CancellationToken.None);
            await ToldAsync(settling);
            var first = await settling;
            if (settled is JobParked { Reason: var reason })
            {
                await queue.ParkAsync(delivery, reason);
                return Became(first ? "parked" : "settled", reason);
            }
            await queue.DoneAsync(delivery);
            return Became(first ? "done" : "settled", ((JobDone)settled).Result);

            // A queue that still hears this worker would wait for its word, and give it nothing else.
            async Task ToldAsync(Task log)
            {
                try
                {
                    await log;
                }
                catch (ServerAwayException)
                {
                    await queue.GiveBackAsync(delivery, TimeSpan.Zero);
                    throw;
                }
            }
        }
    }
}

/// <summary>Nobody who took the job came back.</summary>
public sealed class JobGivenUpException(string problem) : LedgerException(problem)
{
    public override FailureKind Kind => FailureKind.BadInput;
}
