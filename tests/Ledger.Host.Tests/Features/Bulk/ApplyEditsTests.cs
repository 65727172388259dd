using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Features;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Tests.Features.Bulk;

/// <summary>What others do while a file's records are edited.</summary>
public sealed class ApplyEditsTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_timeline_that_is_closed_meanwhile_ends_the_run_and_no_record_is_blamed(bool skipBad)
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], new[] { "Ada", "Bob", "Cleo" }.Select(s => Cli.MainJobTests.Fact(s, "Rome")), Token);
        (await ledger.RunAsync("branch", "what-if")).ShouldEndWith(0);
        var paths = new LedgerPaths(ledger["tiny.ledger"]);
        await using var services = Wiring.Build(TimeProvider.System, "cpu");
        var mediator = services.GetRequiredService<IMediator>();
        var told = new Told(async step =>
        {
            if (step.Edit is null) return;
            await using var other = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, Token);
            await other.AppendAsync(other.Setup.Close(other.Setup.Timeline("what-if").Started.Timeline, "seen enough"), CommandContext.For("ben"), Token);
        });

        var fault = await Should.ThrowAsync<SetupException>(() => mediator.Send(
            new ApplyEdits.Request(paths, "what-if", ledger["model"], ledger["facts.jsonl"], null, null, skipBad, OnConflict.Fail, Variant.RRome, "ana", null, null, GateOff: true, told), Token));

        fault.Message.ShouldBe("what-if is closed: seen enough");
        fault.Remedy.ShouldNotBeNull().ShouldStartWith("branch from it");
        (await ledger.RunAsync("log", "-T", "what-if", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(["Ada"]);
    }

    private sealed class Told(Func<ApplyEdits.Step, Task> tell) : IProgress<ApplyEdits.Step>
    {
        // The run waits, as it does for whoever draws a line of progress.
        public void Report(ApplyEdits.Step value) => Task.Run(() => tell(value)).GetAwaiter().GetResult();
    }
}
