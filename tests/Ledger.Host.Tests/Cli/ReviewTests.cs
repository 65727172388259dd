using Ledger.Domain;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Tests.Cli;

public sealed class ReviewTests(EditedLedger edited) : IClassFixture<EditedLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_waits_is_shown_with_who_stopped_it_why_and_what_a_release_would_be()
    {
        var ledger = edited.Copy();
        (await ledger.RunAsync("withhold", "main@3", "--reason", "it looks odd", "--author", "ben")).ShouldEndWith(0);
        var waiting = (await ledger.RunAsync("review", "--json")).ShouldEndWith(0).Json.Single();
        (waiting.GetProperty("stoppedBy").GetString(), waiting.GetProperty("reason").GetString(), waiting.GetProperty("author").GetString()).ShouldBe(("ben", "it looks odd", "ana"));
        var releases = waiting.GetProperty("releases").EnumerateArray().ToArray();
        releases.Length.ShouldBe(3);
        releases.ShouldAllBe(r => r.GetProperty("absDelta").GetDouble() > 0 && r.GetProperty("moves").GetArrayLength() == 3 && r.GetProperty("with").ValueKind == System.Text.Json.JsonValueKind.Null);

        // What a release then records is what was shown.
        var shown = releases.Single(r => r.GetProperty("variant").GetString() == "p-rome").GetProperty("absDelta").GetDouble();
        (await ledger.RunAsync("review", "release", "main@3", "--variant", "p-rome", "--reason", "it is fine")).ShouldEndWith(0);
        (await ledger.RunAsync("audit", "--json")).Json[^1].GetProperty("absDelta").GetDouble().ShouldBe(shown);
    }

    [Fact]
    public async Task Review_of_an_edit_that_is_not_quarantined_is_refused()
    {
        var ledger = edited.Copy();
        await Failing.ShouldFailAsync(ledger, ["review", "--edit", "main@2"], 2, "is in effect and cannot be reviewed");
        await Failing.ShouldFailAsync(ledger, ["review", "release", "main@2", "--reason", "x"], 2, "is in effect and cannot be released");
        await Failing.ShouldFailAsync(ledger, ["review", "dismiss", "main@2", "--reason", "x"], 2, "is in effect and cannot be dismissed");
        await Failing.ShouldFailAsync(ledger, ["review", "--edit", "nobody"], 2, "no edit");
    }

    [Fact]
    public async Task Of_two_reviewers_at_once_one_decides_and_the_other_is_told_and_nothing_is_lost()
    {
        var ledger = edited.Copy();
        (await ledger.RunAsync("withhold", "main@3", "--reason", "it looks odd")).ShouldEndWith(0);
        var paths = new LedgerPaths(ledger["tiny.ledger"]);
        await using var services = Wiring.Build(TimeProvider.System, "cpu");
        await using var slow = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
        var history = await slow.HistoryAsync(LedgerSetup.Main, Token);
        var edit = history.Rows[2].Edits.Single();

        (await services.GetRequiredService<IMediator>().Send(new Decide.Request(Decide.Kind.Dismiss, new DecideOnEdit(edit.ToString(), "ben", "useless"), paths, LedgerSetup.Main, null, DryRun: false), Token)).Recorded.ShouldBeTrue();
        var release = history.Timeline.Release(
            edit, history.Present(edit).Variant, Domain.Events.ReleaseMode.Verbatim, history.Present(edit).Solution, history.Present(edit).Delta, history.Record(edit).Signals, history.Record(edit).Verdict, "it is fine", null);
        var told = await Should.ThrowAsync<TimelineConflictException>(() => slow.AppendAsync(history.Tip, release, CommandContext.For("ana"), Token));

        Errors.ExitCode(told).ShouldBe(3);
        Errors.Lines(told).First().ShouldContain("somebody else has made main@7");
        (await ledger.RunAsync("review", "release", edit.ToString(), "--reason", "it is fine")).ShouldEndWith(2).Err.ShouldContain("is dismissed and cannot be released");
        (await ledger.RunAsync("log", "--json")).Json.Count.ShouldBe(7);
    }
}
