using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Features;

public sealed class EditNamesTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-names-").FullName;
    private readonly List<EditId> main = [], branch = [], later = [];
    private LedgerSession session = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Ten edits, a branch with five of its own, and five more that only <c>main</c> has.</summary>
    public async ValueTask InitializeAsync()
    {
        var paths = await GrownLedger.OpenAsync(folder, "a", Token);
        main.AddRange(await GrownLedger.EditAsync(paths, "main", 10, Token));
        await new Branch.Handler(new LedgerSessions(TimeProvider.System)).Handle(new Branch.Request(new StartBranch("what-if", RevisionName.Head("main"), null, "ana"), paths), Token);
        branch.AddRange(await GrownLedger.EditAsync(paths, "what-if", 5, Token));
        later.AddRange(await GrownLedger.EditAsync(paths, "main", 5, Token));
        session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
    }

    public async ValueTask DisposeAsync()
    {
        await session.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_edit_is_named_by_its_id_by_a_beginning_of_it_and_by_its_revision()
    {
        foreach (var (edit, i) in main.Concat(branch).Select((e, i) => (e, i)))
            foreach (var name in new[] { edit.ToString(), edit.Short(), edit.Short().ToUpperInvariant(), $" {edit.ToString()[..7]} ", $"what-if@{i + 1}" })
                (await FindAsync("what-if", name)).ShouldBe(edit, name);
        var id = session.Setup.Timeline("what-if").Started.Timeline.ToString();
        (await FindAsync("what-if", $"{id[..12].ToUpperInvariant()}@3")).ShouldBe(main[2]);
        (await FindAsync("what-if", "what-if@head")).ShouldBe(branch[^1]);
    }

    [Fact]
    public async Task An_edit_of_another_timeline_is_answered_with_that_timeline()
    {
        var elsewhere = await Should.ThrowAsync<EditElsewhereException>(() => FindAsync("main", branch[2].Short()));
        (elsewhere.Message, elsewhere.Remedy).ShouldBe(($"Edit {branch[2].Short()} is on what-if, not on main.", "add -T what-if"));
        (await Should.ThrowAsync<EditElsewhereException>(() => FindAsync("what-if", later[0].ToString().ToUpperInvariant()))).Remedy.ShouldBe("add -T main");
        new EditElsewhereException("9m", "main", [("9mt4h0ra", "what-if"), ("9mzzzzzz", "b")]).Message.ShouldBe("\"9m\" fits no edit of main, but 9mt4h0ra on what-if, 9mzzzzzz on b.");
    }

    [Fact]
    public async Task An_edit_that_is_nowhere_is_answered_with_ids_near_it()
    {
        var slip = main[4].Short()[..7] + (main[4].Short()[7] == 'z' ? 'y' : 'z');
        (await Should.ThrowAsync<EditUnknownException>(() => FindAsync("main", slip))).Remedy.ShouldBe($"did you mean {main[4].Short()}?");
        (await Should.ThrowAsync<EditUnknownException>(() => FindAsync("main", "zzzzzzzz"))).Remedy.ShouldBe("`ledger log` lists the edits");
        await Should.ThrowAsync<EditUnknownException>(() => FindAsync("main", ""));
        await Should.ThrowAsync<EditUnknownException>(() => FindAsync("main", "\"edit\":"));
    }

    [Fact]
    public async Task A_beginning_of_several_ids_is_answered_with_more_of_them()
    {
        var several = main.Concat(later).GroupBy(e => e.ToString()[..1]).First(g => g.Count() > 1);
        var ambiguous = await Should.ThrowAsync<EditAmbiguousException>(() => FindAsync("main", several.Key));
        ambiguous.Message.ShouldBe($"\"{several.Key}\" fits {several.Count()} edits of main.");
        foreach (var edit in several) ambiguous.Remedy!.ShouldContain(edit.ToString()[..7]);
    }

    [Fact]
    public async Task What_a_branch_inherited_goes_by_the_parents_name_too_up_to_its_fork()
    {
        foreach (var (edit, i) in main.Select((e, i) => (e, i))) (await FindAsync("what-if", $"main@{i + 1}")).ShouldBe(edit);
        (await FindAsync("main", "what-if@10")).ShouldBe(main[9]);
        (await FindAsync("what-if", $"{session.Setup.Timeline("main").Started.Timeline.ToString()[..12]}@3")).ShouldBe(main[2]);

        var beyond = await Should.ThrowAsync<RevisionUnknownException>(() => FindAsync("what-if", "main@11"));
        (beyond.Message, beyond.Remedy).ShouldBe(("main@11 is not a revision of what-if, which left main at main@10.", "add -T main, or name a revision of what-if"));
        await Should.ThrowAsync<RevisionUnknownException>(() => FindAsync("what-if", "main@head"));
        (await Should.ThrowAsync<RevisionUnknownException>(() => FindAsync("main", "what-if@11"))).Message.ShouldBe("what-if@11 is a revision of what-if, and this is about main.");
        (await Should.ThrowAsync<RevisionUnknownException>(() => FindAsync("what-if", "main@16"))).Message.ShouldBe("main has no revision 16.");
        (await Should.ThrowAsync<RevisionUnknownException>(() => FindAsync("what-if", "main@0"))).Message.ShouldBe("main@0 is about no edit.");
        (await Should.ThrowAsync<RevisionUnknownException>(() => FindAsync("what-if", "mein@3"))).Remedy!.ShouldContain("main");
    }

    [Fact]
    public async Task Who_may_not_read_all_of_a_server_is_told_of_an_unknown_edit_as_such()
    {
        await using var refused = await LedgerSession.ReadAsync(session.Paths, new OwnStreamsOnly(session.Store, session.Setup.Base.Ledger), TimeProvider.System, Token);
        var history = await refused.HistoryAsync("what-if", Token);
        (await refused.FindEditAsync(history, branch[0].Short(), Token)).ShouldBe(branch[0]);
        await Should.ThrowAsync<EditUnknownException>(() => refused.FindEditAsync(history, later[0].Short(), Token));
    }

    private async Task<EditId> FindAsync(string timeline, string name) => await session.FindEditAsync(await session.HistoryAsync(timeline, Token), name, Token);

    /// <summary>As a server shows itself to an ordinary user.</summary>
    private sealed class OwnStreamsOnly(IEventStore store, LedgerId ledger) : PassingStore(store)
    {
        public override LedgerId? Ledger => ledger;

        public override IAsyncEnumerable<RecordedEvent> ReadAllAsync(StorePosition after, CancellationToken token) => throw new ServerAccessException(ServerAddress.Parse("esdb://localhost?tls=false"), anonymous: false);
    }
}
