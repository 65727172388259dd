using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Features.Past;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Watching;

/// <summary>
/// The process manager behind a policy's stream rules: looks at a timeline, records what it saw, bisects to the edits that are to blame and withholds them, one at a time, until the rule is content. It
/// remembers nothing: what was looked at and what came of it stands in the observations, ids of all it records derive from timeline, revision, policy and rule, and so a killed run is gone on with and nothing is
/// withheld twice.
/// </summary>
/// <param name="bench">The model, for a rule that needs it; afterwards it runs with the timeline's present state.</param>
internal sealed class StreamWatch(LedgerSession session, string timeline, BaseGuard guard, string? model, Func<Workbench> bench, OnConflict onConflict)
{
    private readonly LedgerSession session = session;
    private readonly BaseGuard guard = guard;
    private readonly string? model = model;
    private readonly Func<Workbench> bench = bench;
    private readonly Guid correlation = Guid.NewGuid();
    private TimelineHistory? history;
    private WatchLog? log;

    /// <summary>Looks at the rules that are due since their last look.</summary>
    /// <returns>Null where none is.</returns>
    /// <exception cref="WatchOvertakenException">Somebody else appended meanwhile; what was recorded so far stays.</exception>
    public async Task<WatchReport?> LookIfDueAsync(CancellationToken token)
    {
        var due = await DueAsync(token);
        try
        {
            return due.Count == 0 ? null : await LookAsync(due, dryRun: false, null, token);
        }
        catch (TimelineConflictException conflict)
        {
            throw new WatchOvertakenException(conflict);
        }
    }

    /// <summary>Whether a rule is due since its last look, or a look left something undone.</summary>
    public async Task<bool> IsDueAsync(CancellationToken token) => (await DueAsync(token)).Count > 0;

    /// <summary>Looks at all rules, unless they were looked at where the timeline stands now.</summary>
    /// <exception cref="SetupException">The policy has no stream rules.</exception>
    public async Task<WatchReport> LookAsync(bool dryRun, IProgress<WatchStep>? progress, CancellationToken token)
    {
        var policy = session.Setup.Policy;
        if (policy.Stream.IsEmpty) throw new SetupException($"The policy {policy} has no stream rules.", "set one that has:  ledger gate set FILE   (docs/how-to/stop-collapse-while-editing.md)");
        await CatchUpAsync(token);
        var known = policy.Stream.Select(r => (Rule: r, Look: log!.LastLook(policy, r.Rule))).ToArray();
        var done = true;
        foreach (var (rule, at) in known) done &= at?.Revision == history!.Timeline.Revision && !await IsOpenAsync(rule, at, token);
        if (done)
        {
            var findings = known.Select(k => k.Look!.Findings.First(f => f.Rule == k.Rule.Rule)).ToArray();
            return new WatchReport(history!.Name, history.Timeline.Revision, policy.ToString(), Recorded: !dryRun, Before: true, findings.All(f => f.Result != FindingResult.Quarantine), findings, [], await StandingAsync(known.Select(k => k.Look!).Zip(findings), token));
        }
        return await LookAsync([.. policy.Stream], dryRun, progress, token);
    }

    /// <summary>Who was left alone by looks that are done: what the figure would be without them is not recorded.</summary>
    private async Task<IReadOnlyList<WatchReport.Stand>> StandingAsync(IEnumerable<(StabilityObserved Look, Finding Finding)> looks, CancellationToken token)
    {
        var released = await ReleasedAsync(history!, token);
        return [.. from seen in looks
                   where seen.Finding.Result == FindingResult.Quarantine
                   from suspect in log!.Collapse(seen.Look, seen.Finding.Rule)?.Suspects ?? []
                   where released.ContainsKey(suspect) && history!.Timeline.Known(suspect).Status == EditStatus.InEffect
                   select new WatchReport.Stand(NamedEdit.Of(history!, suspect), seen.Finding.Rule, released[suspect], Without: null)];
    }

    private async Task<WatchReport> LookAsync(IReadOnlyList<StreamRule> rules, bool dryRun, IProgress<WatchStep>? progress, CancellationToken token)
    {
        var look = new Look(this, dryRun, progress);
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await look.AtHeadAsync(rules, token);
            }
            catch (TimelineConflictException) when (onConflict == OnConflict.Rebase && tries < EditPipeline.MostRebases)
            {
                await CatchUpAsync(token);
                rules = session.Setup.Policy.Stream;
            }
        }
    }

    private async Task<IReadOnlyList<StreamRule>> DueAsync(CancellationToken token)
    {
        var due = new List<StreamRule>();
        if (session.Setup.Policy.Stream.IsEmpty) return due;
        await CatchUpAsync(token);
        foreach (var rule in session.Setup.Policy.Stream)
            if (await IsDueAsync(rule, token)) due.Add(rule);
        return due;
    }

    private async Task<bool> IsDueAsync(StreamRule rule, CancellationToken token)
    {
        var last = log!.LastLook(session.Setup.Policy, rule.Rule);
        return history!.Timeline.Revision - (last?.Revision ?? 0) >= rule.Every || (last is not null && await IsOpenAsync(rule, last, token));
    }

    /// <summary>Whether a look left something to do that nobody did: the program that looked was killed, or stopped by a conflict.</summary>
    private async Task<bool> IsOpenAsync(StreamRule rule, StabilityObserved look, CancellationToken token)
    {
        if (look.Findings.First(f => f.Rule == rule.Rule).Result != FindingResult.Quarantine) return false;
        if (log!.Collapse(look, rule.Rule) is not { } collapse) return true;
        var standing = collapse.Suspects.Where(s => history!.Timeline.Known(s).Status == EditStatus.InEffect).ToArray();
        if (standing.Length == 0) return false;
        var released = await ReleasedAsync(history!, token);
        return standing.Any(s => !released.ContainsKey(s));
    }

    private async Task CatchUpAsync(CancellationToken token)
    {
        history ??= await session.HistoryAsync(timeline, token);
        await session.CatchUpAsync(history.Tip, token);
        var entry = session.Setup.Timelines[history.Timeline.Id];
        if (log is null) log = await WatchLog.ReadAsync(session, entry, token);
        else await log.CatchUpAsync(session, history.Timeline.Id, token);
    }

    /// <summary>Edits that a person let in after they had been stopped, and who did: that decision stands. A merge brings it along, and is one itself of an edit that waits here.</summary>
    private async Task<IReadOnlyDictionary<EditId, string>> ReleasedAsync(TimelineHistory of, CancellationToken token)
    {
        var (released, waiting) = (new Dictionary<EditId, string>(), new HashSet<EditId>());
        foreach (var row in of.Rows)
        {
            var (actor, person) = (row.Envelope.Metadata.Actor, !GatePolicy.IsActor(row.Envelope.Metadata.Actor));
            switch (row.Event)
            {
                case EditQuarantined x: waiting.Add(x.Record.Edit); break;
                case EditWithheld x: waiting.Add(x.Edit); break;
                case EditReleased x:
                    waiting.Remove(x.Edit);
                    if (person) released[x.Edit] = actor;
                    break;
                case EditsTaken x:
                    var there = await ReleasedAsync((await session.HistoryAsync(session.Setup.Timelines[x.Source], x.SourceRevision, token)).At(x.SourceRevision), token);
                    foreach (var taken in x.Edits.Where(t => t.IsTaken))
                        if (taken.Status == EditStatus.Quarantined) waiting.Add(taken.Edit);
                        else if (taken.Status == EditStatus.InEffect && there.TryGetValue(taken.Edit, out var by)) released[taken.Edit] = by;
                        else if (taken.Status == EditStatus.InEffect && waiting.Remove(taken.Edit) && person) released[taken.Edit] = actor;
                    break;
            }
        }
        return released;
    }

    /// <summary>One look, with what it leads to; begun again behind somebody else's revision it keeps what it did.</summary>
    private sealed class Look(StreamWatch watch, bool dryRun, IProgress<WatchStep>? progress)
    {
        private readonly List<WatchReport.Stop> withheld = [];
        private readonly List<WatchReport.Stand> standing = [];
        private readonly HashSet<EditId> wouldBeGone = [];
        private bool usedBench;

        private TimelineHistory History => watch.history!;

        private LedgerSession Session => watch.session;

        public async Task<WatchReport> AtHeadAsync(IReadOnlyList<StreamRule> rules, CancellationToken token)
        {
            var policy = Session.Setup.Policy;
            for (; ; rules = policy.Stream)
            {
                var edits = Edits();
                var figures = rules.Select(r => StreamFigure.At(r, policy, edits, Bench, token)).ToArray();
                await ObserveAsync(policy, figures, token);
                standing.Clear();
                var (content, moved) = (true, false);
                foreach (var over in figures.Where(f => f.IsOver))
                {
                    content &= over.Rule.Action == GateAction.Observe;
                    moved = await StopAsync(policy, over, edits, token);
                    if (moved) break;       // the other figures are of edits that are gone
                }
                if (moved) continue;
                if (usedBench) watch.bench().Install(History, token);
                return new WatchReport(History.Name, History.Timeline.Revision, policy.ToString(), !dryRun, Before: false, content, [.. figures.Select(f => f.Finding)], withheld, standing);
            }
        }

        private IReadOnlyList<EffectiveEdit> Edits() => [.. History.EditsInEffect().Where(e => !wouldBeGone.Contains(e.Edit))];

        /// <summary>Finds who is to blame and withholds them until the figure is not too large.</summary>
        /// <returns>Whether something was withheld.</returns>
        private async Task<bool> StopAsync(GatePolicy policy, StreamFigure figure, IReadOnlyList<EffectiveEdit> edits, CancellationToken token)
        {
            var (rule, value, revision) = (figure.Rule, figure.Value!.Value, History.Timeline.Revision);
            var lastContent = watch.log!.LastContent(policy, rule.Rule);
            var good = edits.TakeWhile(e => History.Tip.PutInEffect(e.Edit) <= lastContent).Count();
            var search = CollapseSearch.Of(edits, good, value, rule.Threshold, Counted(figure, edits.Count), token);
            var released = await watch.ReleasedAsync(History, token);
            var (stands, suspects) = (search.Suspects.Where(s => released.ContainsKey(s.Edit)).ToArray(), search.Suspects.Where(s => !released.ContainsKey(s.Edit)).ToArray());
            // Whoever takes a twentieth of a released edit's damage away is not to blame for it.
            if (stands.Length > 0 && suspects.Length > 0 && !CollapseSearch.IsOver(figure.Of(Aside(edits)), rule.Threshold)) suspects = [];
            if (!dryRun)
                await watch.RecordAsync(
                    new CollapseDetected(
                        History.Timeline.Id, revision, policy.ToString(), rule.Rule, value, rule.Threshold, search.Good, search.First, [.. search.Suspects.Where(s => stands.Contains(s) || suspects.Contains(s)).Select(s => s.Edit)]),
                    policy, $"collapse|{rule.Rule}", revision, token);
            if (rule.Action == GateAction.Observe) return false;

            foreach (var stand in stands) standing.Add(new WatchReport.Stand(NamedEdit.Of(History, stand.Edit), rule.Rule, released[stand.Edit], stand.Without));
            var (left, moved) = (edits.ToList(), false);
            foreach (var suspect in suspects)
            {
                left.RemoveAll(e => e.Edit == suspect.Edit);
                // What stands keeps the figure too large: whether enough is gone shows without it.
                double? aside = stands.Length > 0 ? figure.Of(Aside(left)) : null;
                var without = figure.Of(left);
                await WithholdAsync(policy, figure, suspect.Edit, value, without, revision, token);
                (moved, value) = (true, without);
                if (!CollapseSearch.IsOver(aside ?? value, rule.Threshold)) break;
            }
            return moved;

            IReadOnlyList<EffectiveEdit> Aside(IEnumerable<EffectiveEdit> of) => [.. of.Where(e => !stands.Any(s => s.Edit == e.Edit))];
        }

        private async Task WithholdAsync(GatePolicy policy, StreamFigure figure, EditId edit, double value, double without, long lookedAt, CancellationToken token)
        {
            var rule = figure.Rule;
            if (dryRun)
            {
                wouldBeGone.Add(edit);
            }
            else
            {
                var reason = string.Create(CultureInfo.InvariantCulture, $"{rule.Rule} is {value:G3}, over {rule.Threshold:G3}; without this edit it is {without:G3}");
                Digest? fingerprint = figure.Probe is null ? null : watch.bench().Fingerprint;       // the model runs without it now
                TimelineEvent e = History.Timeline.Withhold(edit, reason, [figure.Finding], fingerprint);
                e = new Milestones(Session, watch.guard, watch.model).Marked(History, e, null, token);
                await Session.AppendAsync(History.Tip, e, watch.By(policy, $"withheld|{rule.Rule}|{edit}", lookedAt), token);
            }
            withheld.Add(new WatchReport.Stop(NamedEdit.Of(History, edit), History.Timeline.Revision, rule.Rule, value, without, rule.Threshold));
        }

        private async Task ObserveAsync(GatePolicy policy, IReadOnlyList<StreamFigure> figures, CancellationToken token)
        {
            if (dryRun) return;
            var engine = usedBench ? watch.bench().Editor.Engine : null;
            var seen = new StabilityObserved(
                History.Timeline.Id, History.Timeline.Revision, History.Timeline.State, policy.ToString(), [.. figures.Select(f => f.Finding)], [.. figures.Select(f => f.Probe).OfType<Domain.Editing.ProbeReading>()], engine);
            await watch.RecordAsync(seen, policy, $"look|{string.Join(',', figures.Select(f => f.Rule.Rule))}", seen.Revision, token);
        }

        private Workbench Bench()
        {
            usedBench = true;
            return watch.bench();
        }

        private Func<IReadOnlyList<EffectiveEdit>, double> Counted(StreamFigure figure, int edits)
        {
            var (measured, atMost) = (0, Bisection.Most(edits) + Math.Min(edits, CollapseSearch.MostLeftOut) + 1);
            return some =>
            {
                progress?.Report(new WatchStep(figure.Rule.Rule, measured++, atMost));
                return figure.Of(some);
            };
        }
    }

    /// <summary>Into the observations and the log. What the same look recorded before is not recorded again.</summary>
    private async Task RecordAsync(ObservationEvent e, GatePolicy policy, string what, long revision, CancellationToken token)
    {
        await session.ObserveAsync(history!.Timeline.Id, e, By(policy, what, revision), token);
        await log!.CatchUpAsync(session, history.Timeline.Id, token);
    }

    private CommandContext By(GatePolicy policy, string what, long revision) => new(policy.Actor, correlation, $"watch|{history!.Timeline.Id}|{revision}|{policy}|{what}");
}
