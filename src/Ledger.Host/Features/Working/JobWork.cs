using System.Security.Cryptography;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features.Working;

/// <summary>Does jobs: edits on a model that it keeps, everything else by the use case it is.</summary>
public sealed class JobWork : IAsyncDisposable
{
    private readonly RunWorker.Request worker;
    private readonly Tools tools;
    private readonly LedgerSession session;
    private readonly EditDesk desk;

    private JobWork(RunWorker.Request worker, Tools tools, LedgerSession session)
    {
        this.worker = worker;
        this.tools = tools;
        this.session = session;
        desk = new EditDesk(session, tools.Library, tools.Guard, tools.Stores, worker.Model);
    }

    /// <summary>What doing jobs takes.</summary>
    public sealed record Tools(LedgerSessions Sessions, IModelLibrary Library, BaseGuard Guard, Func<LedgerPaths, IKeyStatisticsStore> Stores, IMediator Mediator);

    /// <summary>Loads the model and C.</summary>
    /// <exception cref="LedgerException">They are not there, or others than the ledger's.</exception>
    internal static async Task<JobWork> OpenAsync(RunWorker.Request worker, Tools tools, CancellationToken token)
    {
        if (!Directory.Exists(worker.Data)) throw new SetupException($"There is no folder {worker.Data}.", "name the one where the files are that jobs need:  ledger worker --data FOLDER");
        var work = new JobWork(worker, tools, await tools.Sessions.OpenAsync(worker.Ledger, token));
        try
        {
            work.desk.Load(token);
            return work;
        }
        catch
        {
            await work.DisposeAsync();
            throw;
        }
    }

    internal async Task<JobDone> DoAsync(JobQueued job, CancellationToken token)
    {
        await session.CatchUpSetupAsync(token);
        return job switch
        {
            EditQueued edit => await EditAsync(edit, token),
            ReplayQueued replay => await ReplayAsync(replay, token),
            EvaluationQueued evaluation => await EvaluateAsync(evaluation, token),
            _ => throw new NoRuleException(EventJson.NameOf(job), 0),
        };
    }

    /// <summary>After a failure that nobody understood: the model is loaded anew before it is used again.</summary>
    internal void Doubt() => desk.Drop();

    public async ValueTask DisposeAsync()
    {
        desk.Drop();
        await session.DisposeAsync();
    }

    private async Task<JobDone> EditAsync(EditQueued job, CancellationToken token)
    {
        var (revision, edit) = await desk.EditAsync(job, token);
        var words = edit.Verdict.Outcome.ToString().ToLowerInvariant() + (edit.Verdict.Caught.FirstOrDefault() is { } caught ? $": {caught.Because} (rule {caught.Rule})" : "");
        return new JobDone(job.Job, job.Attempt, worker.Name, job.Timeline, revision, edit.Edit, words);
    }

    private async Task<JobDone> ReplayAsync(ReplayQueued job, CancellationToken token)
    {
        if (Completed(job) is { } before) return Done(job, before);
        if (job.Mode is ReplayMode.Optimise or ReplayMode.Auto) desk.Drop();        // one model in memory at a time
        string[] without = [.. job.Without.Select(e => e.ToString())], order = [.. job.Order.Select(e => e.ToString())];
        var source = job.Source.ToString();
        try
        {
            var result = await tools.Mediator.Send(
                new ReplayTimeline.Request(
                    worker.Ledger, new RevisionName(source, job.To), new RevisionName(source, job.From - 1), job.As, job.Mode, job.Variant, without, [], order, job.Gate, job.OutcomesAsRecorded, job.Purpose, worker.Model, job.Author, null),
                token);
            if (result.Stopped) throw new OperationCanceledException(token);
            await session.CatchUpSetupAsync(token);
        }
        catch (LedgerException)
        {
            // Another worker that was given the same job may have come to its end meanwhile.
            await session.CatchUpSetupAsync(token);
            if (Completed(job) is null) throw;
        }
        return Done(job, session.Setup.Replayed[session.Setup.Timeline(job.As).Started.Timeline]);
    }

    /// <summary>The end of this very replay, where somebody reached it and could not say so.</summary>
    private ReplayCompleted? Completed(ReplayQueued job) =>
        session.Setup.FindTimeline(job.As) is { Started: { Timeline: var timeline } started } && started.Name == job.As
        && session.Setup.Replayed.TryGetValue(timeline, out var completed) && session.Setup.Replays.TryGetValue(timeline, out var begun)
        && begun.Source == job.Source && begun.From == job.From && begun.To == job.To && begun.Mode == job.Mode && begun.Variant == job.Variant
        && begun.Without.SequenceEqual(job.Without) && begun.Order.SequenceEqual(job.Order) && begun.OutcomesAsRecorded == job.OutcomesAsRecorded && (job.Gate is null or ReplayOrder.GateOff || begun.Gate == job.Gate)
            ? completed : null;

    private JobDone Done(ReplayQueued job, ReplayCompleted e) => new(job.Job, job.Attempt, worker.Name, e.Timeline, e.Revision, null, $"replayed: {e.Applied} let in, {e.Stopped} stopped");

    private async Task<JobDone> EvaluateAsync(EvaluationQueued job, CancellationToken token)
    {
        var files = job.Files().Distinct().ToDictionary(f => f, Find);
        desk.Drop();
        var result = await tools.Mediator.Send(
            new EvaluateRevision.Request(
                new MeasureRevision(new RevisionName(job.Timeline.ToString(), job.Revision), job.Author), worker.Ledger, worker.Model, job.Records is { } records ? files[records] : null, BulkFormats.Named(job.Format), job.First,
                job.Generations, [.. job.Texts.Select(f => files[f])], [.. job.Downstream.Select(f => files[f])], job.Retention, job.Seed, null),
            token);
        var words = string.Join("; ", result.Evaluations.Select(e => $"{e.Suite} {string.Join(' ', e.Totals.Select(m => $"{m.Name} {Cli.Say.Number(m.Value)}"))}"));
        return new JobDone(job.Job, job.Attempt, worker.Name, job.Timeline, job.Revision, null, $"measured: {words}");
    }

    /// <exception cref="JobFileException">It is not in the folder, or another one.</exception>
    private string Find(DataFile file)
    {
        var path = Path.Combine(worker.Data, Path.GetFileName(file.Name));
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new Digest(SHA256.HashData(stream)) == file.Digest ? path : throw new JobFileException($"{worker.Name} has another {file.Name}: its SHA-256 does not begin with {file.Digest.Short()}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JobFileException($"{worker.Name} has no {file.Name} where it looks for data.");
        }
    }
}

/// <summary>A file that a job names is not where its worker looks.</summary>
public sealed class JobFileException(string problem) : LedgerException(problem, "put it there, or name its folder with ledger worker --data")
{
    public override FailureKind Kind => FailureKind.BadInput;
}
