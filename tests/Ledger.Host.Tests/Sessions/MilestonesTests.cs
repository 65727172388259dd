using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Engine;
using Ledger.Host.Features;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Tests.Sessions;

/// <summary>What needs no model records the weight fingerprint all the same, at each 1,000th revision.</summary>
public sealed class MilestonesTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private const int Last = Milestones.Every - 1;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_thousandth_revision_has_the_fingerprint_of_its_weights_whatever_makes_it()
    {
        var ledger = tiny.Copy();
        var paths = new LedgerPaths(ledger["tiny.ledger"]);
        await using var services = Wiring.Build(TimeProvider.System, "cpu");
        var mediator = services.GetRequiredService<IMediator>();
        await GrownLedger.EditAsync(paths, "main", Last, Token, TinyCheckpoint.Inner, TinyCheckpoint.Hidden);
        await BranchAsync("other", Last);
        await GrownLedger.EditAsync(paths, "other", 3, Token, TinyCheckpoint.Inner, TinyCheckpoint.Hidden);
        var (standing, stopped) = await EditsAsync();

        foreach (var (name, kind, edit) in new[] { ("revert", Decide.Kind.Revert, standing), ("withhold", Decide.Kind.Withhold, standing), ("dismiss", Decide.Kind.Dismiss, stopped) })
        {
            await BranchAsync(name, Last);
            await DecideAsync(name, kind, edit, ledger["model"]);
            // A dismissal changes no weights, and its event has no place for a fingerprint.
            await MarkedAsync(name, isMarked: kind != Decide.Kind.Dismiss);
        }

        await BranchAsync("reinstate", Last - 1);
        await DecideAsync("reinstate", Decide.Kind.Revert, standing, ledger["model"]);
        await DecideAsync("reinstate", Decide.Kind.Reinstate, standing, ledger["model"]);
        await MarkedAsync("reinstate");

        await BranchAsync("release", Last);
        await mediator.Send(new ReleaseEditFeature.Request(new DecideOnEdit($"{stopped}", "ana", "why"), paths, "release", ledger["model"], null, ReleaseMode.Values, DryRun: false), Token);
        await MarkedAsync("release");

        foreach (var mode in new[] { ReplayMode.Factors, ReplayMode.Values })
        {
            await BranchAsync($"merge-{mode}", Last);
            await TakeAsync($"merge-{mode}", null, mode);
            await MarkedAsync($"merge-{mode}");
            await BranchAsync($"pick-{mode}", Last);
            await TakeAsync($"pick-{mode}", ["other@1001"], mode);
            await MarkedAsync($"pick-{mode}");
            await mediator.Send(
                new ReplayTimeline.Request(
                    paths, RevisionName.Head("other"), new RevisionName("main", Last), $"replay-{mode}", mode, null, [], [], [], null, OutcomesAsRecorded: false, null, ledger["model"], "ana", null),
                Token);
            await MarkedAsync($"replay-{mode}");
        }

        // Others have none, and nothing fails where the base is not at hand.
        await DecideAsync("revert", Decide.Kind.Reinstate, standing, ledger["model"]);
        (await FingerprintAsync("revert", Last + 2)).Recorded.ShouldBeNull();
        await BranchAsync("away", Last);
        await DecideAsync("away", Decide.Kind.Revert, standing, ledger["nowhere"]);
        await MarkedAsync("away", isMarked: false);

        Task<Branch.Result> BranchAsync(string name, long at) => mediator.Send(new Branch.Request(new StartBranch(name, new RevisionName("main", at), null, "ana"), paths), Token);

        Task<DecisionResult> DecideAsync(string timeline, Decide.Kind kind, EditId edit, string model) =>
            mediator.Send(new Decide.Request(kind, new DecideOnEdit($"{edit}", "ana", "why"), paths, timeline, model, DryRun: false), Token);

        Task<Merge.Result> TakeAsync(string timeline, string[]? edits, ReplayMode mode) =>
            mediator.Send(new Merge.Request(new TakeEdits(RevisionName.Head("other"), edits, mode, double.PositiveInfinity, [], "ana", "why"), paths, timeline, ledger["model"], DryRun: false), Token);

        async Task<(EditId Standing, EditId Stopped)> EditsAsync()
        {
            await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
            var main = (await session.HistoryAsync("main", Token)).Timeline;
            return (main.InEffect[4], main.Edits.Values.First(e => e.Status == EditStatus.Quarantined).Edit);
        }

        async Task MarkedAsync(string timeline, bool isMarked = true)
        {
            var (recorded, folded) = await FingerprintAsync(timeline, Milestones.Every);
            recorded.ShouldBe(isMarked ? folded : null, timeline);
        }

        async Task<(Digest? Recorded, Digest Folded)> FingerprintAsync(string timeline, long revision)
        {
            await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
            var past = await session.AtAsync(new RevisionName(timeline, revision), Token);
            var w = new BaseGuard(new ModelLibrary("cpu")).ReadMatrix(session, ledger["model"]);
            Fold.Apply(w, TinyCheckpoint.Hidden, TinyCheckpoint.Inner, past.DeltasInEffect(), Token);
            return (RevisionFacts.After(past.Rows[^1].Event).Fingerprint, WeightFingerprint.Of(w));
        }
    }
}
