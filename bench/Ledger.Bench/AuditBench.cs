using System.Diagnostics;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Cli;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Tests.Support;
using Ledger.Projections.Timelines;
using Ledger.TestKit;

namespace Ledger.Bench;

/// <summary>
/// An audit's and a graph's time as ratios to reading and understanding every event once, in one run: from rows that are there, with the rows made first, and from a fold over every history, as it was before
/// there were rows and as the tests still do it.
/// </summary>
public static class AuditBench
{
    private const int Rounds = 5;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length > 0)
        {
            Console.Error.WriteLine("usage: Ledger.Bench audit");
            return 2;
        }
        var folder = Directory.CreateTempSubdirectory("ledger-audit-").FullName;
        try
        {
            Console.WriteLine($"median of {Rounds} in turns; ratios are to reading every event");
            Console.WriteLine($"{"ledger",-42} {"reading",9} {"fold",6} {"rows made",10} {"rows there",11} {"one subject",12} {"everything, csv",16} {"graph, printed",15} {"fold / rows",12} {"bytes a change",15}");
            await CompareAsync(folder, "10,000 edits", 10_000, 1);
            await CompareAsync(folder, "10,000 edits on 20 timelines", 10_000, 20);
            await CompareAsync(folder, "1,000 edits of a real size on 20 timelines", 1_000, 20, 1_536, 576);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static async Task CompareAsync(string folder, string name, int edits, int timelines, int dk = Some.Dk, int dv = Some.Dv)
    {
        var paths = await GrownLedger.OpenAsync(folder, $"{edits}-{timelines}", CancellationToken.None);
        var sessions = new LedgerSessions(TimeProvider.System);
        var branch = new Branch.Handler(sessions);
        await GrownLedger.EditAsync(paths, LedgerSetup.Main, edits / timelines, CancellationToken.None, dk, dv);
        for (var t = 1; t < timelines; t++)
        {
            await branch.Handle(new Branch.Request(new StartBranch($"b{t}", new RevisionName(LedgerSetup.Main, edits / timelines * t / timelines), null, "bench"), paths), CancellationToken.None);
            await GrownLedger.EditAsync(paths, $"b{t}", edits / timelines, CancellationToken.None, dk, dv);
        }

        var audit = new ShowAudit.Handler(sessions);
        var (nothing, subject) = (new AuditFilter { Author = "nobody" }, new AuditFilter { Subject = "nobody" });
        if (!(await audit.Handle(new ShowAudit.Request(paths, null, new AuditFilter()), CancellationToken.None)).SequenceEqual(await FoldedAsync(new AuditFilter()))) throw new InvalidOperationException("The rows say something else than the fold.");
        Func<Task>[] ways =
        [
            async () =>
            {
                await using var store = await sessions.StoreAsync(paths, CancellationToken.None);
                await foreach (var e in store.ReadAllAsync(StorePosition.Start, CancellationToken.None)) EventJson.Current.Read(e);
            },
            () => FoldedAsync(nothing),
            () =>
            {
                SqliteEventStore.Delete(paths.Projections);
                return audit.Handle(new ShowAudit.Request(paths, null, nothing), CancellationToken.None);
            },
            () => audit.Handle(new ShowAudit.Request(paths, null, nothing), CancellationToken.None),
            () => audit.Handle(new ShowAudit.Request(paths, null, subject), CancellationToken.None),
            () => CliAsync("audit", "--format", "csv"),
            () => CliAsync("log", "--graph"),
        ];
        var took = ways.Select(_ => new List<double>()).ToArray();
        for (var round = -1; round < Rounds; round++)
            for (var way = 0; way < ways.Length; way++)
            {
                var start = Stopwatch.GetTimestamp();
                await ways[way]();
                if (round >= 0) took[way].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        var medians = took.Select(t => t.Order().ElementAt(Rounds / 2)).ToArray();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-42} {medians[0],6:0} ms {medians[1] / medians[0],6:0.00} {medians[2] / medians[0],10:0.00} {medians[3] / medians[0],11:0.000} {medians[4] / medians[0],12:0.000} {medians[5] / medians[0],16:0.00} {medians[6] / medians[0],15:0.0} {medians[1] / medians[3],12:0} {new FileInfo(paths.Projections).Length / edits,15}"));

        async Task<IReadOnlyList<ShowAudit.Line>> FoldedAsync(AuditFilter filter)
        {
            await using var session = await sessions.OpenAsync(paths, CancellationToken.None);
            return await NaiveLines.OfAsync(session, null, filter, CancellationToken.None);
        }

        async Task CliAsync(params string[] command)
        {
            using var output = new StringWriter();
            if (await LedgerCli.RunAsync([.. command, "--ledger", paths.File], output, Console.Error, TimeProvider.System, CancellationToken.None) != 0) throw new InvalidOperationException($"{command[0]} failed.");
        }
    }
}
