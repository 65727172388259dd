using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Tests.Features.Watching;
using Ledger.Projections.Merging;
using Ledger.Projections.Timelines;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Sessions;

/// <summary>Timelines that took from each other, read by a session that has seen nothing of it: each only as far as it must.</summary>
public sealed class MergedSessionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-merged-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Merges_to_and_fro_read_the_same_in_a_new_session_whichever_timeline_and_revision_is_asked_for_first()
    {
        var merges = 0;
        for (var seed = 1; seed <= 60; seed++)
        {
            var store = new InMemoryEventStore();
            merges += await CheckAsync(seed, () => Task.FromResult<IEventStore>(store));
        }
        merges.ShouldBeGreaterThan(200);
    }

    [Fact]
    public async Task So_they_do_from_a_file()
    {
        var file = Path.Combine(folder, "merged.ledger");
        await (await SqliteEventStore.OpenAsync(file, OpenMode.Create, TimeProvider.System, Token)).DisposeAsync();
        (await CheckAsync(seed: 1000, async () => await SqliteEventStore.OpenAsync(file, OpenMode.Open, TimeProvider.System, Token), steps: 60)).ShouldBeGreaterThan(5);
    }

    [Fact]
    public async Task A_session_that_stays_reads_a_merge_from_a_timeline_that_began_later()
    {
        var ledger = await WatchedLedger.OpenAsync(1, 1);
        await using var early = await ledger.SessionAsync();
        await using (var other = await ledger.SessionAsync())
            await Branch.StartAsync(other, new StartBranch("later", RevisionName.Parse("main@1", LedgerSetup.Main), null, "ben"), Token);
        await ledger.EditAsync("later", 1);
        await ledger.MergeAsync("later");

        var history = await early.HistoryAsync(LedgerSetup.Main, Token);

        (history.Timeline.Revision, history.Timeline.InEffect.Count).ShouldBe((3, 3));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task<int> CheckAsync(int seed, Func<Task<IEventStore>> open, int steps = 40)
    {
        var random = new Random(seed);
        var expected = new Dictionary<(string Timeline, long Revision), StateId>();
        var merges = 0;
        await using (var session = await OpenAsync(open))
        {
            foreach (var e in new SetupEvent[] { Some.Opened, Some.TemplatesDrawn, Some.StatisticsRecorded, Some.PolicySet, Some.MainStarted }) await session.AppendAsync(e, By, Token);
            for (var step = 0; step < steps; step++)
            {
                var names = session.Setup.Timelines.Values.Select(t => t.Started.Name).Order(StringComparer.Ordinal).ToArray();
                var history = await session.HistoryAsync(names[random.Next(names.Length)], Token);
                if (random.Next(8) == 0 && names.Length < 4) await BranchAsync(session, history, random.NextInt64(history.Timeline.Revision + 1), $"t{names.Length}");
                else if (random.Next(3) == 0 && names.Length > 1) merges += await MergeAsync(session, history, names.Where(n => n != history.Name).ToArray(), random) ? 1 : 0;
                else await session.AppendAsync(history.Tip, Edit(history, seed * 100 + step, random), By, Token);
            }
            foreach (var timeline in session.Setup.Timelines.Values)
            {
                var history = await session.HistoryAsync(timeline.Started.Name, Token);
                for (var revision = 0L; revision <= history.Timeline.Revision; revision++) expected.Add((history.Name, revision), history.At(revision).Timeline.State);
            }
        }

        var asked = expected.Keys.ToArray();
        for (var again = 0; again < 4; again++)
        {
            random.Shuffle(asked);
            await using var session = await OpenAsync(open);
            foreach (var (name, revision) in asked.Take(again == 0 ? asked.Length : 3))
            {
                var past = await session.AtAsync(new RevisionName(name, revision), Token);
                past.Timeline.State.ShouldBe(expected[(name, revision)], $"{name}@{revision}, seed {seed}");
                past.DeltasInEffect().Select(d => d.Digest).ShouldBe(past.Timeline.InEffect.Select(e => past.Timeline.Known(e).Delta));
            }
            var (last, _) = asked[^1];
            var tip = await session.TipAsync(last, Token);
            (await session.DeltasInEffectAsync(tip, Token).ToListAsync(Token)).ShouldBe((await session.HistoryAsync(last, Token)).DeltasInEffect());
        }
        return merges;
    }

    private static CommandContext By => CommandContext.For("ana");

    private async Task<LedgerSession> OpenAsync(Func<Task<IEventStore>> open) => await LedgerSession.ReadAsync(new LedgerPaths(Path.Combine(folder, "merged.ledger")), await open(), TimeProvider.System, Token);

    private static async Task BranchAsync(LedgerSession session, TimelineHistory parent, long revision, string name)
    {
        var fork = await session.ForkAsync(new RevisionPoint(session.Setup.Timeline(parent.Name), revision), Token);
        await session.DecideAsync(s => s.Start(new TimelineId((UInt128)(1000 + s.Timelines.Count)), name, fork, "", TimelineOrigin.Branched), By, Token);
    }

    private static async Task<bool> MergeAsync(LedgerSession session, TimelineHistory target, string[] others, Random random)
    {
        var other = await session.HistoryAsync(others[random.Next(others.Length)], Token);
        var source = other.At(other.Timeline.Revision - random.NextInt64(Math.Min(3, other.Timeline.Revision + 1)));
        var items = MergeItem.Lacking(target, source, new KnownDecisions(session.Read));
        if (items.IsEmpty) return false;
        var plan = MergePlan.Of(target, source, items, double.PositiveInfinity, MergeChoices.None with { Conflicts = Resolution.Theirs }, Token);
        var mode = random.Next(2) == 0 ? ReplayMode.Factors : ReplayMode.Values;
        var taken = mode == ReplayMode.Factors ? Takeover.Factors(plan) : Takeover.Values(plan, target, source, GatePolicy.Observing, Token);
        await session.AppendAsync(target.Tip, target.Timeline.Merge(source.Timeline.Id, source.Name, source.Timeline.Revision, mode, taken, "why", null), By, Token);
        return true;
    }

    private static TimelineEvent Edit(TimelineHistory history, int n, Random random)
    {
        var timeline = history.Timeline;
        var reverted = timeline.Edits.Values.Where(e => e.Status == EditStatus.Reverted).OrderBy(e => e.Edit.Value).ToArray();
        return random.Next(4) switch
        {
            0 when !timeline.InEffect.IsEmpty => timeline.Revert(timeline.InEffect[random.Next(timeline.InEffect.Count)], "why", null),
            1 when reverted.Length > 0 => timeline.Reinstate(reverted[random.Next(reverted.Length)].Edit, "why", null),
            _ => timeline.Record(Some.Record(n), null, null),
        };
    }
}
