using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Replaying;

/// <summary>Takes the steps of a replay, one after the other, each an event or nothing.</summary>
internal sealed class ReplayRun(LedgerSession session, TimelineHistory target, ReplayOrder order, EditLineage lineage, ReplayBench? bench, Milestones milestones, TimelineId timeline, string author)
{
    private readonly Replayer replayer = new(target, order.Rules, order.Steps);
    private readonly Guid correlation = Guid.NewGuid();

    public async Task<ReplayTimeline.Result> RunAsync(IProgress<ReplayTimeline.Step>? progress, CancellationToken token)
    {
        var steps = order.Steps;
        RequireAlone();
        // Steps that made no event leave no trace: all before the last one that did are done.
        var done = steps.Length;
        while (done > 0 && !target.Tip.Has(By(done - 1).EventId)) done--;
        var (before, flagged, wouldStop) = (done, 0, 0);
        for (; done < steps.Length && !token.IsCancellationRequested; done++)
        {
            ReplayTimeline.Line? line;
            try
            {
                line = await TakeAsync(steps[done], By(done), token);
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                break;
            }
            if (line is { DifferentModel: true }) flagged++;
            if (line is { Outcome: Outcome.Applied, Caught: not null }) wouldStop++;
            progress?.Report(new ReplayTimeline.Step(done + 1, steps.Length, line));
        }
        var own = target.Rows.Skip((int)order.From).Select(r => r.Event).OfType<EditJudged>().ToLookup(e => e.Record.Verdict.Outcome);
        return new ReplayTimeline.Result(
            target.Name, order.Source.Name, order.From, order.Started.To, order.Rules.Mode, steps.Length, before, own[Outcome.Applied].Count(), own[Outcome.Quarantined].Count(), own[Outcome.Rejected].Count(),
            flagged, wouldStop, target.Timeline.Revision, target.Timeline.State, null, null, Stopped: false);
    }

    /// <exception cref="SetupException">Somebody wrote to the timeline before its replay was done: what comes next would not be the replay's.</exception>
    private void RequireAlone()
    {
        var own = Enumerable.Range(0, order.Steps.Length).Select(i => By(i).EventId).ToHashSet();
        if (target.Rows.Skip((int)order.From).FirstOrDefault(r => !own.Contains(r.Envelope.Metadata.EventId)) is { } other)
            throw new SetupException($"{target.Name}@{other.Revision} is not of this replay: {Cli.Say.OneLine(other.Envelope.Metadata.Actor)} wrote to the timeline before it was done.", "choose another name, and replay anew");
    }

    private CommandContext By(int step) => new(author, correlation, $"replay|{timeline}|{step}");

    private async Task<ReplayTimeline.Line?> TakeAsync(ReplayStep step, CommandContext by, CancellationToken token)
    {
        try
        {
            switch (step)
            {
                case ReplayStep.Make make:
                    return await MakeAsync(make, by, token);
                case ReplayStep.Release release when order.Rules.Mode == ReplayMode.Optimise && replayer.Releases(release):
                    var record = target.Record(replayer.Named(release.Edit));
                    var (made, candidate, _) = bench!.Optimise(target, record, order.Rules.Variant ?? release.Making.Variant, token);
                    using (candidate) await AppendAsync(replayer.Release(release, made, ReleaseMode.Optimise, candidate?.With), candidate, by, token);
                    return null;
                default:
                    await AppendAsync(replayer.Next(step), null, by, token);
                    return null;
            }
        }
        catch (TimelineConflictException conflict)
        {
            throw conflict.Advising($"somebody else writes to {target.Name} while it is replayed; what was done stays");
        }
    }

    private async Task<ReplayTimeline.Line> MakeAsync(ReplayStep.Make make, CommandContext by, CancellationToken token)
    {
        var mode = order.Rules.Mode;
        if (mode == ReplayMode.Factors)
        {
            var e = (EditJudged)replayer.Next(make)!;
            await AppendAsync(e, null, by, token);
            return Told(make, e, ReplayMode.Factors, null);
        }
        if (mode != ReplayMode.Optimise)
        {
            var made = replayer.Values(make);
            var shift = Replayer.Shift(lineage.FoundOn(make.Record, make.Making), made.Solution.M0);
            if (mode == ReplayMode.Values || !(shift > Replayer.DifferentModel))
            {
                var e = replayer.Make(make, made);
                await AppendAsync(e, null, by, token);
                return Told(make, e, ReplayMode.Values, shift);
            }
        }
        var (found, candidate, now) = bench!.Optimise(target, make.Record, order.Rules.Variant ?? make.Making.Variant, token);
        using (candidate)
        {
            var e = replayer.Make(make, found, candidate?.With, now, bench.Engine);
            await AppendAsync(e, candidate, by, token);
            return Told(make, e, ReplayMode.Optimise, null);
        }
    }

    private async Task AppendAsync(TimelineEvent? e, Workbench.Candidate? candidate, CommandContext by, CancellationToken token)
    {
        if (e is null) return;
        e = milestones.Marked(target, e, null, token);
        await session.AppendAsync(target.Tip, e, by, token);
        if (candidate is not null && e is EditApplied or EditReleased) bench!.Keep(candidate!, target.Timeline.State);
    }

    private ReplayTimeline.Line Told(ReplayStep.Make make, EditJudged e, ReplayMode how, double? shift)
    {
        var (record, own) = (e.Record, e.Record.Signals.Own);
        return new ReplayTimeline.Line(
            target.Timeline.Revision, record.Edit, make.Edit, record.Request.Prompt, record.Request.Subject, record.Request.Target, how, make.Making.Variant, record.Variant,
            make.Making.Delta.AbsDelta, own.AbsDelta, own.KuU, own.KvU, shift, shift > Replayer.DifferentModel, make.Outcome, record.Verdict.Outcome,
            record.Verdict.Caught.FirstOrDefault()?.InWords());
    }
}
