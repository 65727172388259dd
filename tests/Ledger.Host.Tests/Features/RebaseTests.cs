using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Engine;
using Ledger.Engine.Statistics;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Tests.Features;

/// <summary>Somebody else appends in the moment before an edit does: what --on-conflict makes of it.</summary>
public sealed class RebaseTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_edit_that_was_overtaken_goes_onto_the_new_history_and_holds_there()
    {
        var ledger = tiny.Copy();
        await using var other = await Desk.OpenAsync(ledger);
        EditJudged? bob = null;
        await using var desk = await Desk.OpenAsync(ledger, async n =>
        {
            if (n == 1) bob = (await other.EditAsync("Bob", OnConflict.Fail)).Event;
        });

        var (ada, rebases) = await desk.EditAsync("Ada", OnConflict.Rebase);

        rebases.ShouldBe(1);
        var (keys, solution) = (ada!.Record.Keys, ada.Record.Solution);
        Difference(solution.M0, Rederive.Output(keys.BaseOutKO, keys.KO, [bob!.Record.Delta])).ShouldBeLessThan(1e-5);
        Difference(solution.M0, keys.BaseOutKO).ShouldBeGreaterThan(1e-3, "the other edit moved what W gives at the key");
        Difference(solution.VE, Rederive.Output(keys.BaseOutKBar, keys.KBar, [bob.Record.Delta, ada.Record.Delta])).ShouldBeLessThan(1e-4, "with both edits W gives v_e at k̄");
        await SoundAsync(ledger, "Bob", "Ada");
    }

    [Fact]
    public async Task Overtaken_by_a_decision_it_is_computed_on_what_is_in_effect_then()
    {
        var ledger = tiny.Copy();
        await using var other = await Desk.OpenAsync(ledger);
        var first = (await other.EditAsync("Bob", OnConflict.Fail)).Event!.Record;
        await using var desk = await Desk.OpenAsync(ledger, async n =>
        {
            if (n == 1) await other.Session.AppendAsync(other.Tip, other.Tip.Timeline.Revert(first.Edit, "it was wrong", null), CommandContext.For("ana"), Token);
        });

        var (ada, rebases) = await desk.EditAsync("Ada", OnConflict.Rebase);

        rebases.ShouldBe(1);
        ada!.Record.After.ShouldBe(StateId.Of(desk.Session.Setup.Base.BaseMatrix, [ada.Record.Delta.Digest]));
        Difference(ada.Record.Solution.M0, ada.Record.Keys.BaseOutKO).ShouldBeLessThan(1e-6);
        await SoundAsync(ledger, "Bob", "Bob", "Ada");
    }

    [Fact]
    public async Task Overtaken_every_time_it_gives_up_and_leaves_nothing()
    {
        var ledger = tiny.Copy();
        await using var other = await Desk.OpenAsync(ledger);
        await using var desk = await Desk.OpenAsync(ledger, n => other.EditAsync($"Bob {n}", OnConflict.Fail));
        var conflict = await Should.ThrowAsync<TimelineConflictException>(() => desk.EditAsync("Ada", OnConflict.Rebase));
        (conflict.Timeline, conflict.Expected, conflict.Actual).ShouldBe(("main", EditPipeline.MostRebases, EditPipeline.MostRebases + 1));
        await SoundAsync(ledger, [.. Enumerable.Range(1, EditPipeline.MostRebases + 1).Select(n => $"Bob {n}")]);
    }

    [Fact]
    public async Task Without_rebase_the_first_conflict_ends_it_and_names_the_revisions()
    {
        var ledger = tiny.Copy();
        await using var other = await Desk.OpenAsync(ledger);
        await using var desk = await Desk.OpenAsync(ledger, _ => other.EditAsync("Bob", OnConflict.Fail));
        (await Should.ThrowAsync<TimelineConflictException>(() => desk.EditAsync("Ada", OnConflict.Fail))).Message.ShouldContain("read at main@0, and somebody else has made main@1");
        await SoundAsync(ledger, "Bob");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_same_command_given_by_somebody_else_meanwhile_is_done(int overtakenBy)
    {
        var ledger = tiny.Copy();
        await using var other = await Desk.OpenAsync(ledger);
        await using var desk = await Desk.OpenAsync(ledger, async n =>
        {
            if (n > 1) return;
            if (overtakenBy > 1) await other.EditAsync("Bob", OnConflict.Fail);
            await other.EditAsync("Ada", OnConflict.Fail, "the same");
        });
        (await desk.EditAsync("Ada", OnConflict.Rebase, "the same")).ShouldBe(new EditPipeline.Recorded(null, 0));
        await SoundAsync(ledger, overtakenBy > 1 ? ["Bob", "Ada"] : ["Ada"]);
    }

    private static async Task SoundAsync(LedgerProcess ledger, params string[] subjects)
    {
        (await ledger.RunAsync("log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(subjects);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    /// <summary>‖a − b‖ / ‖b‖.</summary>
    private static double Difference(Float32Vector a, Float32Vector b) => a.DistanceTo(b) / b.Norm();

    /// <summary>A session with its model, as the program has them.</summary>
    private sealed class Desk(LedgerSession session, TimelineTip tip, Workbench bench, EditPipeline pipeline) : IAsyncDisposable
    {
        private static readonly ModelLibrary Library = new("cpu");

        public LedgerSession Session => session;

        public TimelineTip Tip => tip;

        /// <param name="beforeAppend">What happens before its append number n, from 1.</param>
        public static async Task<Desk> OpenAsync(LedgerProcess ledger, Func<int, Task>? beforeAppend = null)
        {
            var paths = new LedgerPaths(ledger["tiny.ledger"]);
            IEventStore store = await SqliteEventStore.OpenAsync(paths.File, OpenMode.Open, TimeProvider.System, Token);
            if (beforeAppend is not null) store = new Overtaken(store, beforeAppend);
            var session = await LedgerSession.ReadAsync(paths, store, TimeProvider.System, Token);
            var tip = await session.TipAsync(LedgerSetup.Main, Token);
            var bench = Workbench.Load(session, Library, new BaseGuard(Library), ledger["model"], Token);
            await bench.InstallAsync(session.DeltasInEffectAsync(tip, Token), Token);
            return new Desk(session, tip, bench, new EditPipeline(session, tip, bench, new KeyStatisticsStore(paths.KeyStatistics).Load(session.Setup.RequireStatistics())));
        }

        public Task<EditPipeline.Recorded> EditAsync(string subject, OnConflict onConflict, string? key = null) => pipeline.RecordAsync(
            new EditRequest("{} lives in", subject, "Rome"), Variant.RRome, new Provenance("ana", null, null, null), new CommandContext("ana", Guid.NewGuid(), key), onConflict, null, Token);

        public ValueTask DisposeAsync()
        {
            bench.Dispose();
            return session.DisposeAsync();
        }
    }

    private sealed class Overtaken(IEventStore store, Func<int, Task> beforeAppend) : PassingStore(store)
    {
        private int appends;

        public override async Task<AppendResult> AppendAsync(StreamName stream, ExpectedRevision expected, NewEvent e, CancellationToken token)
        {
            await beforeAppend(++appends);
            return await Inner.AppendAsync(stream, expected, e, token);
        }
    }
}
