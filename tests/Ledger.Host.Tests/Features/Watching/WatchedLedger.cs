using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Engine;
using Ledger.Host.Features;
using Ledger.Host.Features.Watching;
using Ledger.Host.Sessions;
using Ledger.Projections.Merging;
using Ledger.Projections.Timelines;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Features.Watching;

/// <summary>A ledger in memory whose edits are of known sizes in random directions, under a policy that watches the distance alone.</summary>
internal sealed class WatchedLedger(IEventStore store)
{
    public const int Dv = 16, Dk = 32;

    public static GatePolicy Policy { get; } = new("watching", 1, [], null, [new(StreamRules.CumulativeDistance, 3, 10, GateAction.Quarantine)]);

    private static readonly LedgerPaths Paths = new(Path.Combine(Path.GetTempPath(), "nowhere.ledger"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public IEventStore Store => store;

    /// <param name="sizes">‖ΔW‖_F of each edit, in order.</param>
    public static async Task<WatchedLedger> OpenAsync(params IEnumerable<double> sizes)
    {
        var ledger = new WatchedLedger(new InMemoryEventStore());
        await using var session = await ledger.SessionAsync();
        foreach (var e in new SetupEvent[] { Some.Opened with { Matrix = Some.Matrix with { Dv = Dv, Dk = Dk } }, Some.TemplatesDrawn, new GatePolicySet(Policy), Some.MainStarted })
            await session.AppendAsync(e, CommandContext.For("ana"), Token);
        await ledger.EditAsync(LedgerSetup.Main, sizes);
        return ledger;
    }

    /// <summary>The same events in another store.</summary>
    public async Task<WatchedLedger> CopyAsync()
    {
        var copy = new InMemoryEventStore();
        await foreach (var e in store.ReadAllAsync(StorePosition.Start, Token)) await RandomLedger.AppendAsync(copy, e, Token);
        return new WatchedLedger(copy);
    }

    public Task<LedgerSession> SessionAsync() => LedgerSession.ReadAsync(Paths, store, TimeProvider.System, Token);

    public async Task EditAsync(string timeline, params IEnumerable<double> sizes)
    {
        await using var session = await SessionAsync();
        var tip = await session.TipAsync(timeline, Token);
        foreach (var size in sizes)
        {
            var n = (int)tip.Timeline.Revision + 1;
            var (random, record) = (new Random(n), Some.Record(n, Variant.Rome));
            Float32Vector u = Vector(random, Dk, 1), k = Vector(random, Dk, 1), r = Vector(random, Dv, size), v = Vector(random, Dv, 1);
            record = record with { Edit = NewIds.Edit(), Keys = new EditKeys(k, k, u, u, v, v), Solution = new EditSolution(v, v, v, r, FactorU.UBar) };
            await session.AppendAsync(tip, tip.Timeline.Record(record, null, null), CommandContext.For("ana"), Token);
        }
    }

    /// <summary>One more edit in the direction of an earlier one.</summary>
    /// <param name="size">In that one's.</param>
    public async Task EditAlongAsync(int revision, double size)
    {
        await using var session = await SessionAsync();
        var history = await session.HistoryAsync(LedgerSetup.Main, Token);
        var record = history.Record(history.Rows[revision - 1].Edits.Single());
        record = record with { Edit = NewIds.Edit(), Solution = record.Solution with { R = new Float32Vector([.. Enumerable.Range(0, Dv).Select(i => (float)(size * record.Solution.R[i]))]) } };
        await session.AppendAsync(history.Tip, history.Timeline.Record(record, null, null), CommandContext.For("ana"), Token);
    }

    /// <summary>A person decides.</summary>
    public async Task DecideAsync(Func<TimelineHistory, TimelineEvent> decide, string timeline = LedgerSetup.Main)
    {
        await using var session = await SessionAsync();
        var history = await session.HistoryAsync(timeline, Token);
        await session.AppendAsync(history.Tip, decide(history), CommandContext.For("ben"), Token);
    }

    /// <summary>A third person takes over all that a branch has and main lacks.</summary>
    public async Task MergeAsync(string branch)
    {
        await using var session = await SessionAsync();
        TimelineHistory target = await session.HistoryAsync(LedgerSetup.Main, Token), source = await session.HistoryAsync(branch, Token);
        var plan = MergePlan.Of(target, source, MergeItem.Lacking(target, source, new KnownDecisions(session.Read)), 1e6, MergeChoices.None, Token);
        var e = target.Timeline.Merge(source.Timeline.Id, source.Name, source.Timeline.Revision, ReplayMode.Factors, Takeover.Factors(plan), "wanted", null);
        await session.AppendAsync(target.Tip, e, CommandContext.For("cleo"), Token);
    }

    /// <summary>As <c>ledger watch</c> looks.</summary>
    public async Task<WatchReport> LookAsync(string timeline = LedgerSetup.Main, bool dryRun = false)
    {
        await using var session = await SessionAsync();
        return await Watch(session, timeline).LookAsync(dryRun, null, Token);
    }

    /// <summary>As a run of edits looks after each.</summary>
    public async Task<WatchReport?> LookIfDueAsync(string timeline = LedgerSetup.Main)
    {
        await using var session = await SessionAsync();
        return await Watch(session, timeline).LookIfDueAsync(Token);
    }

    public static StreamWatch Watch(LedgerSession session, string timeline, OnConflict onConflict = OnConflict.Fail) =>
        new(session, timeline, new BaseGuard(new ModelLibrary("cpu")), null, () => throw new InvalidOperationException("No rule needs the model."), onConflict);

    public async Task<TimelineHistory> HistoryAsync(string timeline = LedgerSetup.Main)
    {
        await using var session = await SessionAsync();
        return await session.HistoryAsync(timeline, Token);
    }

    public async Task<IReadOnlyList<LedgerEvent>> ObservationsAsync() =>
        await store.ReadStreamAsync(StreamName.ObservationsOf(Some.MainId), 0, Token).Select(e => EventJson.Current.Read(e).Event).ToListAsync(Token);

    private static Float32Vector Vector(Random random, int dimensions, double length)
    {
        double[] values = [.. Enumerable.Range(0, dimensions).Select(_ => random.NextDouble() - 0.5)];
        var norm = Math.Sqrt(values.Sum(x => x * x));
        return new Float32Vector([.. values.Select(x => (float)(length * x / norm))]);
    }
}
