using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Features;
using Ledger.Host.Features.Watching;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Timelines;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Tests.Features.Watching;

/// <summary>
/// Decisions of the gate, the stream rules and people, releases, reverts and branches in any order, through the use cases that the program has. Afterwards what is cached is deleted and everything is read anew:
/// the oracle follows each timeline's stored events with a list of its own.
/// </summary>
public sealed class RandomDecisionsTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private const int Histories = 3, Steps = 60;

    private static readonly GatePolicy Policy = new("random", 1, [new(Rules.Outlier, 5, GateAction.Quarantine)], null,
        [new(StreamRules.CumulativeDistance, 2.5, 5, GateAction.Quarantine), new(StreamRules.Drift, 1e6, 7, GateAction.Observe)]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_any_order_of_decisions_and_with_all_projections_rebuilt_state_projections_and_log_agree()
    {
        var seen = new Dictionary<string, int>();
        for (var seed = 1; seed <= Histories; seed++)
        {
            var ledger = tiny.Copy();
            var edit = (await ledger.RunAsync("edit", "The mother tongue of {} is", "--subject", "Ada", "--to", "English", "--json")).ShouldEndWith(0).Json[0].GetProperty("edit").GetString()!;
            await using var services = Wiring.Build(TimeProvider.System, "cpu");
            var run = new Run(services.GetRequiredService<IMediator>(), new LedgerPaths(ledger["tiny.ledger"]), ledger["model"], EditId.Parse(edit), new Random(seed));
            await run.StartAsync();
            for (var i = 0; i < Steps; i++) await run.StepAsync();
            foreach (var (what, count) in await run.CheckAsync()) seen[what] = seen.GetValueOrDefault(what) + count;
        }
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", seen.Select(s => $"{s.Value} {s.Key}")));
        // None of it is worth anything where it did not happen.
        foreach (var what in new[] { "applied", "quarantined", "released", "dismissed", "withheld", "withheld by policy", "reverted", "reinstated", "branches", "collapses" }) seen.GetValueOrDefault(what).ShouldBeGreaterThan(0, what);
    }

    private sealed class Run(IMediator mediator, LedgerPaths paths, string model, EditId like, Random random)
    {
        private readonly List<string> timelines = [LedgerSetup.Main];
        private int made;

        public async Task StartAsync()
        {
            await mediator.Send(new SetGate.Request(new SetGatePolicy(Policy, "ana"), paths, model, DryRun: false), Token);
            for (var i = 0; i < 22; i++) await EditAsync(LedgerSetup.Main, 1);         // so many that the gate knows what is usual
        }

        public async Task StepAsync()
        {
            var timeline = timelines[random.Next(timelines.Count)];
            switch (random.Next(20))
            {
                case < 7: await EditAsync(timeline, 0.5 + random.NextDouble()); break;
                case 7: await EditAsync(timeline, 200); break;                         // an outlier, which the gate stops
                case 8 or 9: await LetInAsync(timeline, 30 + 60 * random.NextDouble()); break;
                case 10 or 11: await WatchAsync(timeline); break;
                case 12: await DecideAsync(timeline, EditStatus.InEffect, Decide.Kind.Withhold); break;
                case 13 or 14: await DecideAsync(timeline, EditStatus.InEffect, Decide.Kind.Revert); break;
                case 15: await DecideAsync(timeline, EditStatus.Reverted, Decide.Kind.Reinstate); break;
                case 16 or 17: await DecideAsync(timeline, EditStatus.Quarantined, Decide.Kind.Dismiss); break;
                case 18: await ReleaseAsync(timeline); break;
                default: await BranchAsync(timeline); break;
            }
        }

        private Task WatchAsync(string timeline) => mediator.Send(new WatchTimeline.Request(paths, timeline, null, DryRun: false, OnConflict.Fail, null), Token);

        private Task EditAsync(string timeline, double length) => EditAsync(timeline, length, asked: true);

        /// <summary>As a policy that knew no outliers would have.</summary>
        private Task LetInAsync(string timeline, double length) => EditAsync(timeline, length, asked: false);

        private async Task EditAsync(string timeline, double length, bool asked)
        {
            await using var session = await SessionAsync();
            var history = await session.HistoryAsync(timeline, Token);
            var record = history.Record(like);
            var (u, r) = (Vector(record.Keys.UBar.Length, 1), Vector(record.Solution.R.Length, length));
            var next = record with { Edit = NewIds.Edit(), Request = record.Request with { Subject = $"Person {++made}" }, Variant = Variant.Rome, Keys = record.Keys with { UBar = u, UO = u }, Solution = record.Solution with { R = r, U = FactorU.UBar } };
            var signals = record.Signals.Sized(Variant.Rome, next.Delta);
            var verdict = asked ? EditGate.Judge(Policy, signals, next.Delta, history.Timeline.AcceptedAbsDeltas(Variant.Rome)) : new Verdict(Outcome.Applied, "none@1", []);
            await session.AppendAsync(history.Tip, history.Timeline.Record(next with { Signals = signals, Verdict = verdict }, null, null), CommandContext.For("ana"), Token);
            // As edit does, inline.
            await new StreamWatch(session, timeline, null!, null, () => throw new InvalidOperationException("No rule needs the model."), OnConflict.Fail).LookIfDueAsync(Token);
        }

        private async Task DecideAsync(string timeline, EditStatus status, Decide.Kind kind)
        {
            if (await AnyAsync(timeline, status) is { } edit)
                await mediator.Send(new Decide.Request(kind, new DecideOnEdit(edit.ToString(), "ben", "to see"), paths, timeline, model, DryRun: false), Token);
        }

        private async Task ReleaseAsync(string timeline)
        {
            if (await AnyAsync(timeline, EditStatus.Quarantined) is not { } edit) return;
            var mode = random.Next(2) == 0 ? ReleaseMode.Verbatim : ReleaseMode.Values;
            await mediator.Send(new ReleaseEditFeature.Request(new DecideOnEdit(edit.ToString(), "ben", "it is fine"), paths, timeline, model, null, mode, DryRun: false), Token);
        }

        private async Task BranchAsync(string from)
        {
            if (timelines.Count == 4) return;
            await using var session = await SessionAsync();
            var head = (await session.TipAsync(from, Token)).Timeline.Revision;
            timelines.Add($"branch-{timelines.Count}");
            await mediator.Send(new Branch.Request(new StartBranch(timelines[^1], RevisionName.Parse($"{from}@{head - random.NextInt64(4)}", from), null, "ana"), paths), Token);
        }

        private async Task<EditId?> AnyAsync(string timeline, EditStatus status)
        {
            await using var session = await SessionAsync();
            var some = (await session.TipAsync(timeline, Token)).Timeline.Edits.Values.Where(e => e.Status == status).Select(e => e.Edit).Order(Comparer<EditId>.Create((a, b) => a.Value.CompareTo(b.Value))).ToArray();
            return some.Length == 0 ? null : some[random.Next(some.Length)];
        }

        /// <returns>How often what happened.</returns>
        public async Task<Dictionary<string, int>> CheckAsync()
        {
            if (Directory.Exists(paths.Cache)) Directory.Delete(paths.Cache, recursive: true);
            var happened = new Dictionary<string, int> { ["branches"] = timelines.Count - 1 };
            // Chains, states and fingerprints, as anybody checks them.
            (await mediator.Send(new Verify.Request(paths, model, Deep: true), Token)).Timelines.Count.ShouldBe(timelines.Count);
            foreach (var timeline in timelines)
            {
                await using var session = await SessionAsync();
                var naive = await FollowedAsync(session, timeline);
                var history = await session.HistoryAsync(timeline, Token);
                history.Timeline.Edits.ToDictionary(e => e.Key, e => e.Value.Status).ShouldBe(naive.Status, ignoreOrder: true);
                history.Timeline.InEffect.ShouldBe(naive.InEffect.Select(e => e.Edit));
                history.DeltasInEffect().ShouldBe(naive.InEffect.Select(e => e.Delta));
                history.Timeline.State.ShouldBe(naive.States[^1]);
                await using (var other = await SessionAsync())
                    (await other.DeltasInEffectAsync(await other.TipAsync(timeline, Token), Token).ToListAsync(Token)).ShouldBe(naive.InEffect.Select(e => e.Delta));

                var log = await mediator.Send(new ShowLog.Request(paths, timeline), Token);
                log.Lines.Select(l => (l.Revision, l.What)).Order().ShouldBe(naive.Whats.Select((what, i) => (i + 1L, what)));
                var review = await mediator.Send(new ReviewEdits.Request(paths, timeline, null, Try: false, null), Token);
                review.Waiting.Select(w => w.Edit).ShouldBe(naive.Status.Where(s => s.Value == EditStatus.Quarantined).Select(s => s.Key), ignoreOrder: true);
                review.Waiting.ShouldAllBe(w => w.Releases.Count == 3 && (w.Why.Count > 0 || w.Reason != null));

                var stability = await mediator.Send(new ShowStability.Request(paths, RevisionName.Head(timeline), 3), Token);
                (await mediator.Send(new ShowStability.Request(paths, RevisionName.Head(timeline), 3), Token)).Points.ShouldBe(stability.Points);
                stability.Points.Select(p => p.What).ShouldBe(naive.Whats);
                stability.Points.Select(p => (int)p.InEffect).ShouldBe(naive.Counts);
                var farthest = naive.Distances.Max();
                foreach (var (point, distance) in stability.Points.Zip(naive.Distances)) Math.Abs(point.Distance - distance).ShouldBeLessThanOrEqualTo(1e-6 * farthest);

                var observations = await session.ObservationsAsync(session.Setup.Timeline(timeline).Started.Timeline, Token).Select(e => e.Event).ToListAsync(Token);
                foreach (var look in observations.OfType<StabilityObserved>()) look.State.ShouldBe(look.Revision == 0 ? StateId.Of(history.Timeline.BaseMatrix, []) : naive.States[(int)look.Revision - 1]);
                var own = history.Rows.Skip((int)session.Setup.Timelines[history.Timeline.Id].FirstRevision - 1).ToArray();
                foreach (var row in own.Where(r => r.Event is EditWithheld && GatePolicy.IsActor(r.Envelope.Metadata.Actor)))
                {
                    // What the policy withheld it had suspected, and no person had let it in before.
                    var withheld = (EditWithheld)row.Event;
                    observations.OfType<CollapseDetected>().ShouldContain(c => c.Revision < row.Revision && c.Suspects.Contains(withheld.Edit));
                    history.Rows.Take((int)row.Revision).ShouldNotContain(r => r.Event is EditReleased && ((EditReleased)r.Event).Edit == withheld.Edit);
                    happened["withheld by policy"] = happened.GetValueOrDefault("withheld by policy") + 1;
                }
                happened["collapses"] = happened.GetValueOrDefault("collapses") + observations.OfType<CollapseDetected>().Count();
                foreach (var row in own) happened[RevisionFacts.What(row.Event)] = happened.GetValueOrDefault(RevisionFacts.What(row.Event)) + 1;
            }
            return happened;
        }

        private sealed record Followed(
            Dictionary<EditId, EditStatus> Status, List<(EditId Edit, RankOneDelta Delta)> InEffect, List<StateId> States, List<string> Whats, List<int> Counts, List<double> Distances);

        /// <summary>A timeline's stored events one after the other, with nothing of the program but the reading of each.</summary>
        private async Task<Followed> FollowedAsync(LedgerSession session, string timeline)
        {
            var f = new Followed([], [], [], [], [], []);
            var (keys, deltas) = (new Dictionary<EditId, EditKeys>(), new Dictionary<EditId, RankOneDelta>());
            await foreach (var (_, recorded) in session.EventsAsync(session.Setup.Timeline(timeline), Token))
            {
                switch (EventJson.Current.Read(recorded).Event)
                {
                    case EditApplied x:
                        keys[x.Record.Edit] = x.Record.Keys;
                        Enter(x.Record.Edit, x.Record.Delta, "applied");
                        break;
                    case EditQuarantined x:
                        (keys[x.Record.Edit], deltas[x.Record.Edit]) = (x.Record.Keys, x.Record.Delta);
                        Leave(x.Record.Edit, EditStatus.Quarantined, "quarantined");
                        break;
                    case EditReleased x: Enter(x.Edit, x.Solution.Delta(keys[x.Edit]), "released"); break;
                    case EditReinstated x: Enter(x.Edit, deltas[x.Edit], "reinstated"); break;
                    case EditWithheld x: Leave(x.Edit, EditStatus.Quarantined, "withheld"); break;
                    case EditReverted x: Leave(x.Edit, EditStatus.Reverted, "reverted"); break;
                    case EditDismissed x: Leave(x.Edit, EditStatus.Dismissed, "dismissed"); break;
                    case var other: throw new InvalidOperationException(other.ToString());
                }
                f.States.Add(StateId.Of(session.Setup.Base.BaseMatrix, f.InEffect.Select(e => e.Delta.Digest)));
                f.Counts.Add(f.InEffect.Count);
                f.Distances.Add(Distance(f.InEffect.Select(e => e.Delta)));
            }
            return f;

            void Enter(EditId edit, RankOneDelta delta, string what)
            {
                (f.Status[edit], deltas[edit]) = (EditStatus.InEffect, delta);
                f.InEffect.Add((edit, delta));
                f.Whats.Add(what);
            }

            void Leave(EditId edit, EditStatus status, string what)
            {
                f.Status[edit] = status;
                f.InEffect.RemoveAll(e => e.Edit == edit);
                f.Whats.Add(what);
            }
        }

        /// <summary>Of the matrix that is the sum, over numel(W).</summary>
        private static double Distance(IEnumerable<RankOneDelta> deltas)
        {
            double[,]? w = null;
            foreach (var (r, u) in deltas)
            {
                w ??= new double[r.Length, u.Length];
                for (var i = 0; i < r.Length; i++)
                    for (var j = 0; j < u.Length; j++) w[i, j] += (double)r[i] * u[j];
            }
            return w is null ? 0 : Math.Sqrt(w.Cast<double>().Sum(x => x * x)) / w.Length;
        }

        private Float32Vector Vector(int dimensions, double length)
        {
            double[] values = [.. Enumerable.Range(0, dimensions).Select(_ => random.NextDouble() - 0.5)];
            var norm = Math.Sqrt(values.Sum(x => x * x));
            return new Float32Vector([.. values.Select(x => (float)(length * x / norm))]);
        }

        private Task<LedgerSession> SessionAsync() => new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
    }
}
