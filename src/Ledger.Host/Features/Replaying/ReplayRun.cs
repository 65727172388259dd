using Ledger.Domain;
using Ledger.Domain.Editing;
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
        var byEvent = steps.Select((step, i) => (step, i)).ToDictionary(s => By(s.i).EventId, s => s.step);
        RequireAlone(byEvent);
        // Steps that made no event leave no trace: all before the last one that did are done.
        var done = steps.Length;
        while (done > 0 && !target.Tip.Has(By(done - 1).EventId)) done--;
        var before = done;
        for (; done < steps.Length && !token.IsCancellationRequested; done++)
        {
            RevisionRow? row;
            try
            {
                row = await TakeAsync(steps[done], By(done), token);
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                break;
            }
            progress?.Report(new ReplayTimeline.Step(done + 1, steps.Length, row is null ? null : Told(steps[done], row)));
        }
        // From the events, whichever run made them: a replay that was stopped says in the end what it says when it is not.
        var lines = Own().Select(r => Told(byEvent[r.Envelope.Metadata.EventId], r)).OfType<ReplayTimeline.Line>().ToList();
        var counts = ReplayCounts.Of(Own().Select(r => r.Event));
        return new ReplayTimeline.Result(
            target.Name, order.Source.Name, order.From, order.Started.To, order.Rules.Mode, steps.Length, before, counts.LetIn, counts.Released, counts.Quarantined, counts.Rejected,
            lines.Where(l => l.DifferentModel).DistinctBy(l => l.Edit).Count(), lines.Count(l => l is { Released: false, Outcome: Outcome.Applied, Caught: not null }),
            Own().Select(r => r.Event).OfType<EditJudged>().Count(e => e.Record.Verdict.Findings.Any(f => f is { Rule: Rules.Unreached, Result: FindingResult.NotEvaluated })),
            target.Timeline.Revision, target.Timeline.State, null, null, Stopped: false);
    }

    private IEnumerable<RevisionRow> Own() => target.Rows.Skip((int)order.From);

    /// <exception cref="SetupException">Somebody wrote to the timeline before its replay was done: what comes next would not be the replay's.</exception>
    private void RequireAlone(Dictionary<Guid, ReplayStep> byEvent)
    {
        if (Own().FirstOrDefault(r => !byEvent.ContainsKey(r.Envelope.Metadata.EventId)) is { } other)
            throw new SetupException($"{target.Name}@{other.Revision} is not of this replay: {Cli.Say.OneLine(other.Envelope.Metadata.Actor)} wrote to the timeline before it was done.", "choose another name, and replay anew");
    }

    private CommandContext By(int step) => new(author, correlation, $"replay|{timeline}|{step}");

    private async Task<RevisionRow?> TakeAsync(ReplayStep step, CommandContext by, CancellationToken token)
    {
        try
        {
            Remade? values = null;
            if (step is ReplayStep.Factored factored && !(step is ReplayStep.Release release && !replayer.Releases(release)))
            {
                if (order.Rules.Mode == ReplayMode.Auto) values = replayer.Values(factored);
                if (IsFoundAnew(factored, values)) return await OptimiseAsync(factored, by, token);
            }
            return await AppendAsync(replayer.Next(step, values), by, token);
        }
        catch (TimelineConflictException conflict)
        {
            throw conflict.Advising($"somebody else writes to {target.Name} while it is replayed; what was done stays");
        }
    }

    /// <summary>Whether v_e is searched for: always in mode <c>optimise</c>, in mode <c>auto</c> where it was found on a different model.</summary>
    /// <param name="values">In mode <c>auto</c>: the factors with v_e as it is.</param>
    private bool IsFoundAnew(ReplayStep.Factored step, Remade? values) =>
        order.Rules.Mode == ReplayMode.Optimise || (values is { } made && Replayer.Shift(lineage.FoundOn(step.Edit, step.Making), made.Solution.M0) > Replayer.DifferentModel);

    private async Task<RevisionRow?> OptimiseAsync(ReplayStep.Factored step, CommandContext by, CancellationToken token)
    {
        var (made, candidate, now) = bench!.Optimise(target, replayer.Recorded(step), order.Rules.Variant ?? step.Making.Variant, token);
        using (candidate)
        {
            TimelineEvent? e = step is ReplayStep.Release release
                ? replayer.Release(release, made, ReleaseMode.Optimise, candidate?.With)
                : replayer.Make((ReplayStep.Make)step, made, candidate?.With, now, bench.Engine);
            var row = await AppendAsync(e, by, token);
            if (e is EditApplied or EditReleased) bench.Keep(candidate!, target.Timeline.State);
            return row;
        }
    }

    private async Task<RevisionRow?> AppendAsync(TimelineEvent? e, CommandContext by, CancellationToken token) =>
        e is null ? null : await session.AppendAsync(target.Tip, milestones.Marked(target, e, null, token), by, token);

    /// <summary>What a step did with an edit, from its event alone; null for a decision without factors.</summary>
    private ReplayTimeline.Line? Told(ReplayStep step, RevisionRow row) => (step, row.Event) switch
    {
        (ReplayStep.Make x, EditJudged { Record: var e }) => Told(x, row, e, e.Variant, e.Solution, e.Signals, e.Verdict, x.Outcome, e.Verdict.Outcome, released: false),
        (ReplayStep.Release x, EditReleased e) => Told(x, row, target.Record(e.Edit), e.Variant, e.Solution, e.Signals, e.Verdict, Outcome.Applied, Outcome.Applied, released: true),
        _ => null,
    };

    private ReplayTimeline.Line Told(
        ReplayStep.Factored step, RevisionRow row, EditRecord record, Variant variant, EditSolution solution, Signals signals, Verdict verdict, Outcome recorded, Outcome outcome, bool released)
    {
        var (own, making) = (signals.Own, step.Making);
        // Mode auto: a v_e that was searched for on another model is another.
        var how = order.Rules.Mode != ReplayMode.Auto ? order.Rules.Mode : solution.VE.Equals(making.Solution.VE) ? ReplayMode.Values : ReplayMode.Optimise;
        double? shift = how == ReplayMode.Values ? Replayer.Shift(lineage.FoundOn(step.Edit, making), solution.M0) : null;
        return new ReplayTimeline.Line(
            row.Revision, record.Edit, step.Edit, record.Request.Prompt, record.Request.Subject, record.Request.Target, how, making.Variant, variant,
            making.Delta.AbsDelta, own.AbsDelta, own.KuU, own.KvU, shift, shift > Replayer.DifferentModel, recorded, outcome, released, verdict.Caught.FirstOrDefault()?.InWords());
    }
}
