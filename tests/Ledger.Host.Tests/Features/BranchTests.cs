using Ledger.Domain;
using Ledger.Domain.Validation;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Tests.Support;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Tests.Features;

/// <summary>What a branch costs; bench/ measures the time.</summary>
public sealed class BranchTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-branch-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_branch_reads_as_little_of_a_long_history_as_of_a_short_one_and_adds_one_event()
    {
        RevisionName[] from = [RevisionName.Head("main"), new("main", 3), new("main", 0), new(null, null, null, "here")];
        var (few, many) = (await BranchAsync(10), await BranchAsync(1_000));
        many.ShouldBe(few);

        // For each place: the events read to open the session and to branch, and the streams appended to.
        async Task<string> BranchAsync(int edits)
        {
            var paths = await GrownLedger.OpenAsync(folder, $"with-{edits}", Token);
            await GrownLedger.EditAsync(paths, "main", edits, Token);
            await new Tag.Handler(new LedgerSessions(TimeProvider.System)).Handle(new Tag.Request(paths, "here", new RevisionName("main", 5), false, "ana"), Token);
            var costs = new List<string>();
            foreach (var (at, i) in from.Select((at, i) => (at, i)))
            {
                var store = new CountingEventStore(await SqliteEventStore.OpenAsync(paths.File, OpenMode.Open, TimeProvider.System, Token));
                await using var session = await LedgerSession.ReadAsync(paths, store, TimeProvider.System, Token);
                var opened = store.Read;
                var branch = await Branch.StartAsync(session, new StartBranch($"b{i}", at, null, "ana"), Token);
                branch.Revision.ShouldBe(at.Name is null ? at.Revision ?? edits : 5);
                costs.Add($"{opened} + {store.Read - opened} read, to {string.Join(" ", store.Appended.Select(a => a.Stream))}");
                (store.Read - opened).ShouldBeLessThanOrEqualTo(3);       // one of them is the event that is continued
                store.Appended.ShouldHaveSingleItem().Stream.ShouldBe(session.SetupStream);
            }
            return string.Join('\n', costs);
        }
    }

    [Fact]
    public async Task What_is_wrong_with_a_closing_is_said_all_at_once_and_nothing_is_appended()
    {
        var paths = await GrownLedger.OpenAsync(folder, "c", Token);
        await new Branch.Handler(new LedgerSessions(TimeProvider.System)).Handle(new Branch.Request(new StartBranch("what-if", RevisionName.Head("main"), null, "ana"), paths), Token);
        await using var services = Wiring.Build(TimeProvider.System, "cpu");
        var mediator = services.GetRequiredService<IMediator>();
        foreach (var (reason, author, faults) in new[]
        {
            (" ", "", new[] { "Author", "Reason" }),
            (new string('x', 401), "ana", ["Reason"]),
            ("half \ud800", "ana", ["Reason"]),
            (new string('x', 401) + "\ud800", "ana", ["Reason", "Reason"]),
        })
        {
            var refused = await Should.ThrowAsync<ValidationFailedException>(() => mediator.Send(new CloseTimeline.Request(new EndTimeline("what-if", reason, author), paths), Token));
            refused.Faults.Select(f => f.Field).ShouldBe(faults);
        }
        (await mediator.Send(new CloseTimeline.Request(new EndTimeline("what-if", new string('x', 400), "ana"), paths), Token)).Timeline.ShouldBe("what-if");
    }

    [Theory]
    [InlineData("x")]
    [InlineData("\u0001")]
    [InlineData("\U0001F600")]
    [InlineData("é")]
    public async Task A_branch_s_event_has_less_than_4_KiB_with_the_longest_texts_that_are_allowed(string text)
    {
        var paths = await GrownLedger.OpenAsync(folder, "a", Token);
        var command = new StartBranch("n" + new string('a', 63), RevisionName.Head("main"), Long(400), "a" + Long(98));
        new StartBranchValidator().Validate(command).IsValid.ShouldBeTrue();
        foreach (var longer in new[] { command with { Name = command.Name + "a" }, command with { Purpose = command.Purpose + text }, command with { Author = command.Author + text + text } })
            Should.Throw<ValidationFailedException>(() => ValidationFailedException.ThrowIfInvalid(new StartBranchValidator(), longer)).Faults.ShouldHaveSingleItem().Remedy.ShouldNotBeNull();

        var store = new CountingEventStore(await SqliteEventStore.OpenAsync(paths.File, OpenMode.Open, TimeProvider.System, Token));
        await using var session = await LedgerSession.ReadAsync(paths, store, TimeProvider.System, Token);
        await Branch.StartAsync(session, command, Token);
        var e = store.Appended.ShouldHaveSingleItem().Event;
        (e.Metadata.Length + e.Data.Length).ShouldBeLessThan(4096);
        TestContext.Current.TestOutputHelper?.WriteLine($"payload {e.Data.Length} bytes, metadata {e.Metadata.Length}");

        string Long(int length) => string.Concat(Enumerable.Repeat(text, length / text.Length));
    }
}
