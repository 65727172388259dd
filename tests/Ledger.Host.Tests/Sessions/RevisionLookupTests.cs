using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Engine;
using Ledger.Host.Features.Comparing;
using Ledger.Host.Features.Past;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Sessions;

public sealed class RevisionLookupTests : IDisposable
{
    private static readonly Digest One = Some.Digest("with the first"), Both = Some.Digest("with both"), Three = Some.Digest("at the replay's end");
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-lookup-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Every_face_knows_a_state_s_fingerprint_whichever_event_recorded_it()
    {
        var paths = await GrownLedger.OpenAsync(folder, "a", Token);
        await using (var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token))
        {
            var main = await session.HistoryAsync(LedgerSetup.Main, Token);
            foreach (var decide in new Func<Timeline, TimelineEvent>[]
            {
                t => t.Record(Some.Record(1), One, null),
                t => t.Record(Some.Record(2), null, null),
                t => t.Record(Some.Record(3), null, null),
                t => t.Revert(Some.Edit(3), "why", Both),
            }) await session.AppendAsync(main.Tip, decide(main.Timeline), CommandContext.For("ana"), Token);
            await session.AppendAsync(new ReplayCompleted(new TimelineId(7), 3, main.At(3).Timeline.State, Three, 3, 0), CommandContext.For("ana"), Token);
        }

        var expected = new Digest?[] { Some.BaseMatrix, One, Both, Three, Both };
        foreach (var (fingerprint, revision) in expected.Select((f, i) => (f, i)))
        {
            var (at, head) = (new RevisionName("main", revision), RevisionName.Head("main"));
            var library = new ModelLibrary("cpu");
            var guard = new BaseGuard(library);
            var compared = await new CompareRevisions.Handler(new LedgerSessions(TimeProvider.System), library, guard).Handle(new CompareRevisions.Request(paths, at, head, null, Answers: false, [], [], null), Token);
            (compared.A.Fingerprint, compared.B.Fingerprint).ShouldBe((fingerprint, Both), $"compare main@{revision}");
            var differ = await new DiffStates.Handler(new LedgerSessions(TimeProvider.System), library, guard).Handle(new DiffStates.Request(paths, null, at, head, Answers: false, null, null), Token);
            (differ.A.Fingerprint, differ.B.Fingerprint).ShouldBe((fingerprint, Both), $"diff main@{revision}");
        }
    }
}
