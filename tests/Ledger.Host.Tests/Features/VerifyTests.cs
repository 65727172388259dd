using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Features;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.Host.Trust;
using Ledger.TestKit;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Tests.Features;

/// <summary>What events claim of others; what happens to stored bytes is the acceptance run's.</summary>
public sealed class VerifyTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_end_of_a_replay_says_is_held_against_its_timeline()
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], new[] { "Ada", "Bob", "Cleo" }.Select(s => $$"""{"prompt":"{} lives in","subject":"{{s}}","target":"Rome"}"""), Token);
        (await ledger.RunAsync("edit", "--from", "facts.jsonl")).ShouldEndWith(0);
        var paths = new LedgerPaths(ledger["tiny.ledger"]);
        await using var services = Wiring.Build(TimeProvider.System, "cpu");
        var mediator = services.GetRequiredService<IMediator>();
        await mediator.Send(
            new ReplayTimeline.Request(paths, RevisionName.Head("main"), null, "again", ReplayMode.Values, null, [], [], [], null, OutcomesAsRecorded: false, null, ledger["model"], "ana", null), Token);
        foreach (var (deep, fingerprints) in new[] { (false, 2), (true, 4) }) (await VerifyAsync(deep)).Fingerprints.ShouldBe(fingerprints);      // main's newest or all three, and the replay's end

        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
        var right = session.Setup.Replayed.Values.ShouldHaveSingleItem();
        right.Fingerprint.ShouldNotBeNull();
        foreach (var (claim, says) in new[]
        {
            (right with { Revision = 4 }, "ended at revision 4, the timeline has 3"),
            (right with { Revision = -1 }, "ended at revision -1, the timeline has 3"),
            (right with { Revision = 2 }, "ended in the state"),
            (right with { State = new StateId(Some.Digest("another")) }, "ended in the state"),
            (right with { Applied = right.Applied - 1 }, "edits were let in"),
            (right with { Stopped = right.Stopped + 1 }, "edits were let in"),
            (right with { Fingerprint = Some.Digest("another") }, "records the weight fingerprint"),
        })
        {
            await session.AppendAsync(claim, CommandContext.For("ana"), Token);
            var fault = await Should.ThrowAsync<VerificationException>(() => VerifyAsync(deep: false));
            fault.Message.ShouldContain("the end of the replay again");
            fault.Message.ShouldContain(says);
            fault.Remedy.ShouldBe("restore the file from a backup that passes");
        }
        await session.AppendAsync(right, CommandContext.For("ana"), Token);
        (await VerifyAsync(deep: false)).Fingerprints.ShouldBe(2);

        Task<Verify.Result> VerifyAsync(bool deep) => mediator.Send(new Verify.Request(paths, ledger["model"], deep), Token);
    }
}
