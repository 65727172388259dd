using Ledger.Host.Tests.Support;
using Ledger.Host.Tests.Support.EventStoreDb;

namespace Ledger.Host.Tests.Cli;

public sealed class TimelineCommandsTests(TinyLedger tiny) : TimelineCommands(tiny), IClassFixture<TinyLedger>;

public sealed class TimelineCommandsOnServerTests(TinyLedgerOnServer tiny) : TimelineCommands(tiny), IClassFixture<TinyLedgerOnServer>;

/// <summary>Branches through the real program: what they share, what is their own, and what is refused.</summary>
public abstract class TimelineCommands(TinyLedger tiny)
{
    [Fact]
    public async Task A_branch_goes_on_from_its_fork_and_the_parent_does_not_notice()
    {
        var ledger = tiny.Copy();
        foreach (var subject in new[] { "Ada", "Bob", "Cleo" }) await EditAsync(ledger, subject);
        (await ledger.RunAsync("tag", "before", "main@2")).ShouldEndWith(0);
        (await ledger.RunAsync("branch", "what-if", "--from", "before", "--purpose", "another third")).ShouldEndWith(0).Out.ShouldContain("what-if begins at main@2");
        (await ledger.RunAsync("revert", "main@3", "--reason", "only here", "-T", "what-if")).ShouldEndWith(2).Err.ShouldContain("which left main at main@2");
        (await ledger.RunAsync("revert", "main@1", "--reason", "only here", "-T", "what-if")).ShouldEndWith(0).Out.ShouldContain("what-if@3");
        await EditAsync(ledger, "Dan", "-T", "what-if");
        (await ledger.RunAsync("branch", "deeper", "-T", "what-if")).ShouldEndWith(0);
        await EditAsync(ledger, "Eve", "-T", "deeper");
        await EditAsync(ledger, "Fay");

        (await SubjectsAsync(ledger, "main")).ShouldBe(["Ada", "Bob", "Cleo", "Fay"]);
        (await SubjectsAsync(ledger, "what-if")).ShouldBe(["Ada", "Bob", "Ada", "Dan"]);
        (await SubjectsAsync(ledger, "deeper")).ShouldBe(["Ada", "Bob", "Ada", "Dan", "Eve"]);
        var rebuilt = (await ledger.RunAsync("rebuild", "main@4", "what-if@4", "deeper", "deeper@2", "before", "deeper@{2001-01-01}", "--json")).ShouldEndWith(0).Json;
        rebuilt.Select(r => r.GetProperty("edits").GetInt32()).ShouldBe([4, 2, 3, 2, 2, 0]);
        rebuilt[3].GetProperty("fingerprint").GetString().ShouldBe(rebuilt[4].GetProperty("fingerprint").GetString());
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0).Out.ShouldContain("6 weight fingerprints recomputed");
    }

    [Fact]
    public async Task Names_that_are_not_there_or_not_clear_are_answered_with_those_that_are()
    {
        var ledger = tiny.Copy();
        await EditAsync(ledger, "Ada");
        (await ledger.RunAsync("branch", "what-if")).ShouldEndWith(0);
        var before = await File.ReadAllBytesAsync(ledger["tiny.ledger"]);

        await RefusedAsync("main, what-if", "log", "-T", "wat");
        await RefusedAsync("did you mean what-if", "rebuild", "what");
        await RefusedAsync("revisions 0 (the base) to 1", "branch", "b", "--from", "main@2");
        await RefusedAsync("revisions 0 (the base) to 1", "tag", "b", "what-if@7");
        await RefusedAsync("choose another name", "branch", "what-if");
        await RefusedAsync("use letters", "branch", "17");
        await RefusedAsync("use letters", "tag", "a b");
        await RefusedAsync("choose another name", "tag", "main");
        await RefusedAsync("close a branch", "close", "main", "--reason", "why");
        (await File.ReadAllBytesAsync(ledger["tiny.ledger"])).ShouldBe(before);

        (await ledger.RunAsync("close", "what-if", "--reason", "it was only a try")).ShouldEndWith(0);
        await RefusedAsync("branch from it", "revert", "what-if@1", "-T", "what-if", "--reason", "late");
        (await ledger.RunAsync("timelines", "--json")).ShouldEndWith(0).Json.Select(t => t.GetProperty("closed").GetString()).ShouldBe([null, "it was only a try"]);

        async Task RefusedAsync(string remedy, params string[] command)
        {
            var ran = (await ledger.RunAsync(command)).ShouldEndWith(2);
            ran.Err.ShouldContain(remedy);
            ran.Out.ShouldBeEmpty();
        }
    }

    private static async Task EditAsync(LedgerProcess ledger, string subject, params string[] more) =>
        (await ledger.RunAsync(["edit", "The mother tongue of {} is", "--subject", subject, "--to", "English", .. more])).ShouldEndWith(0);

    private static async Task<IEnumerable<string?>> SubjectsAsync(LedgerProcess ledger, string timeline) =>
        (await ledger.RunAsync("log", "--json", "-T", timeline)).ShouldEndWith(0).Json.Select(l => l.GetProperty("subject").GetString());
}
