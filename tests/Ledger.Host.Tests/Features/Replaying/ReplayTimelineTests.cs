using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Features;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Tests.Features.Replaying;

/// <summary>Replays from events alone, over histories that nobody computed: how they begin, how they go on, what they say in the end.</summary>
public sealed class ReplayTimelineTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-replay-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(ReplayMode.Factors, null, 1)]
    [InlineData(ReplayMode.Values, null, 1)]
    [InlineData(ReplayMode.Values, "off", 0)]                     // nothing is stopped, so nothing is released
    public async Task A_replay_that_was_stopped_says_in_the_end_what_one_in_a_single_run_says(ReplayMode mode, string? gate, int released)
    {
        var paths = await GrownAsync(30);
        await SetAsync(paths, new GatePolicy("tight", 1, [new GateRule(Rules.KeyAsymmetry, 0.9, GateAction.Quarantine)]));          // every edit as rome breaks it
        await ReleaseAsync(paths);
        var request = Replay(paths, "main") with { Mode = mode, Gate = gate };

        var whole = await SendAsync(request with { As = "whole" });
        var cut = await CutAsync(request with { As = "cut" }, after: 15);
        var resumed = await SendAsync(request with { As = "cut" });

        (cut.Stopped, cut.Steps, resumed.Before).ShouldBe((true, 31, 15));
        (resumed with { Timeline = "whole", Before = 0 }).ShouldBe(whole);
        (whole.Applied + whole.Quarantined + whole.Rejected, whole.Released).ShouldBe((30, released));
        if (mode == ReplayMode.Values) cut.Flagged.ShouldBeInRange(1, whole.Flagged - 1);
        if (gate is not null) cut.WouldStop.ShouldBeInRange(1, whole.WouldStop - 1);
        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
        foreach (var name in new[] { "whole", "cut" })
        {
            var end = session.Setup.Replayed[session.Setup.Timeline(name).Started.Timeline];
            (end.Applied, end.Stopped).ShouldBe((whole.Applied, whole.Quarantined + whole.Rejected));
        }
    }

    [Fact]
    public async Task A_replay_that_was_begun_goes_on_to_the_end_it_was_begun_with_and_to_no_other()
    {
        var paths = await GrownAsync(6);
        await using (var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token))
        {
            await Branch.StartAsync(session, new StartBranch("short", new RevisionName("main", 2), null, "ana"), Token);
            foreach (var (tag, at) in new[] { ("fifth", 5), ("third", 3) }) await session.DecideAsync(s => s.Tag(tag, s.Timeline("main").Started.Timeline, at, move: false), CommandContext.For("ana"), Token);
        }
        await CutAsync(Replay(paths, "main@5") with { As = "cut" }, after: 1);

        foreach (var other in new[] { "main@3", "main@6", "main@0", "third", "main@{2001-01-01}", "short", "short@1" })
            (await Should.ThrowAsync<SetupException>(() => SendAsync(Replay(paths, other) with { As = "cut" }), other)).Message.ShouldContain("other options", Case.Sensitive, other);
        foreach (var same in new[] { "main@5", "fifth", "main", "main@head" }) await CutAsync(Replay(paths, same) with { As = "cut" }, after: 1);
        (await SendAsync(Replay(paths, "main") with { As = "cut" })).To.ShouldBe(5);
    }

    [Fact]
    public async Task What_does_not_fit_its_source_is_refused_and_nothing_is_appended()
    {
        var paths = await GrownAsync(5);
        string[] edits;
        await using (var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token))
            edits = [.. (await session.HistoryAsync("main", Token)).Records.Select(r => r.Edit.ToString())];
        var before = await EventsAsync(paths);

        await RefusedAsync("twice", "main", r => r with { Order = [.. edits, edits[0]] });
        await RefusedAsync("no edit \"zzzz\"", "main", r => r with { Without = ["zzzz"] });
        await RefusedAsync("contradict", "main", r => r with { Without = ["main@1"], Only = ["main@2"] });
        await RefusedAsync("not among", "main", r => r with { From = new RevisionName("main", 2), Without = ["main@1"] });
        await RefusedAsync("not among", "main", r => r with { From = new RevisionName("main", 2), Only = ["main@1"] });
        await RefusedAsync("values", "main", r => r with { Mode = ReplayMode.Factors, Variant = Variant.Rome });
        await RefusedAsync("does not ask the gate", "main", r => r with { Gate = "off" });
        await RefusedAsync("no gate policy", "main", r => r with { Mode = ReplayMode.Values, Gate = "strict@9" });
        await RefusedAsync("nothing to replay", "main@0", r => r);
        await RefusedAsync("nothing to replay", "main", r => r with { From = new RevisionName("main", 5) });
        await RefusedAsync("has no revision 9", "main@9", r => r);
        await RefusedAsync("is not a revision of", "main@2", r => r with { From = new RevisionName("main", 3) });
        await RefusedAsync("cannot be a timeline's name", "main", r => r with { As = "17" });
        (await EventsAsync(paths)).ShouldBe(before);

        async Task RefusedAsync(string why, string source, Func<ReplayTimeline.Request, ReplayTimeline.Request> asked)
        {
            var refused = await Should.ThrowAsync<LedgerException>(() => SendAsync(asked(Replay(paths, source) with { As = "new" })), why);
            Errors.Lines(refused).ShouldContain(l => l.Contains(why, StringComparison.Ordinal));
            Errors.ExitCode(refused).ShouldBe(Errors.BadInput);
        }
    }

    [Fact]
    public async Task A_replay_that_names_more_than_an_event_holds_is_refused_before_anything_is_appended()
    {
        var paths = await GrownAsync(60);
        // 36,000 edits left out are as much as an event holds; behind a policy's name of that length there is room for fewer.
        await SetAsync(paths, new GatePolicy(new string('n', IEventStore.MaxEventBytes - 1_000), 1, []));
        var request = Replay(paths, "main") with { Mode = ReplayMode.Values, As = "one", Only = ["main@60"] };
        var before = await EventsAsync(paths);

        var refused = await Should.ThrowAsync<ReplayTooLargeException>(() => SendAsync(request));
        (await EventsAsync(paths)).ShouldBe(before);
        refused.Kind.ShouldBe(FailureKind.BadInput);
        refused.Message.ShouldContain("without 59 edits");
        refused.Remedy!.ShouldContain("cherry-pick");
    }

    [Fact]
    public async Task A_replay_says_what_it_is_for_in_the_words_it_was_asked_in()
    {
        var paths = await GrownAsync(5);
        (await PurposeAsync("only", r => r with { Only = ["main@2", "main@4", "main@2"] })).ShouldBe("replay of main@5, factors, only 2");
        (await PurposeAsync("without", r => r with { Without = ["main@1"], Variant = Variant.PRome })).ShouldBe("replay of main@5 as p-rome, values, without 1");
        (await PurposeAsync("said", r => r with { Only = ["main@2"], Purpose = "to see" })).ShouldBe("to see");

        async Task<string> PurposeAsync(string name, Func<ReplayTimeline.Request, ReplayTimeline.Request> asked)
        {
            await SendAsync(asked(Replay(paths, "main") with { As = name }));
            await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
            return session.Setup.Timeline(name).Started.Purpose;
        }
    }

    private static ReplayTimeline.Request Replay(LedgerPaths paths, string source) =>
        new(paths, RevisionName.Parse(source), null, "", null, null, [], [], [], null, OutcomesAsRecorded: false, null, null, "ana", null);

    private static async Task<ReplayTimeline.Result> SendAsync(ReplayTimeline.Request request, CancellationToken? token = null)
    {
        await using var services = Wiring.Build(TimeProvider.System, "cpu");
        return await services.GetRequiredService<IMediator>().Send(request, token ?? Token);
    }

    /// <summary>Stopped behind a step.</summary>
    private static async Task<ReplayTimeline.Result> CutAsync(ReplayTimeline.Request request, int after)
    {
        using var stop = new CancellationTokenSource();
        return await SendAsync(request with { Progress = new Reached(after, stop) }, stop.Token);
    }

    /// <summary>How many the ledger's own stream has: where a replay would be begun.</summary>
    private static async Task<long> EventsAsync(LedgerPaths paths)
    {
        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
        return session.Setup.Events;
    }

    private async Task<LedgerPaths> GrownAsync(int edits)
    {
        var paths = await GrownLedger.OpenAsync(folder, "grown", Token);
        await GrownLedger.EditAsync(paths, "main", edits, Token);
        return paths;
    }

    private static async Task SetAsync(LedgerPaths paths, GatePolicy policy)
    {
        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
        await session.DecideAsync(s => s.Set(policy), CommandContext.For("ana"), Token);
    }

    /// <summary>Lets the first quarantined edit in as it is.</summary>
    private static async Task ReleaseAsync(LedgerPaths paths)
    {
        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
        var main = await session.HistoryAsync("main", Token);
        var record = main.Rows.Select(r => r.Event).OfType<EditQuarantined>().First().Record;
        await session.AppendAsync(
            main.Tip, main.Timeline.Release(record.Edit, record.Variant, ReleaseMode.Verbatim, record.Solution, record.Delta, record.Signals, record.Verdict, "looked at", null), CommandContext.For("ana"), Token);
    }

    private sealed class Reached(int step, CancellationTokenSource stop) : IProgress<ReplayTimeline.Step>
    {
        private int steps;

        public void Report(ReplayTimeline.Step value)
        {
            if (++steps == step) stop.Cancel();
        }
    }
}
