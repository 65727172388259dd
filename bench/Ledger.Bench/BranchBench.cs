using System.Diagnostics;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Features;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Bench;

/// <summary>
/// A branch's time as a ratio to one durable append of as many bytes to the same file, in turns in one run: in a session that is open, and as the whole use case beside an
/// append that opens and closes the file too. The parents have few edits, many, and many bytes of them.
/// </summary>
public static class BranchBench
{
    private const double Most = 3;
    private const int Rounds = 200, EventBytes = 600;
    private const string Purpose = "what the same facts would have done under another variant";

    /// <returns>0 when each median ratio stays under the bound, else 1.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length > 0)
        {
            Console.Error.WriteLine("usage: Ledger.Bench branch");
            return 2;
        }
        var folder = Directory.CreateTempSubdirectory("ledger-branch-").FullName;
        try
        {
            Parent[] parents =
            [
                await Parent.GrowAsync(folder, "500 edits", 500),
                await Parent.GrowAsync(folder, "50,000 edits", 50_000),
                await Parent.GrowAsync(folder, "2,000 edits of a real size", 2_000, 1_536, 576),
            ];
            Console.WriteLine($"{Rounds} of each in turns, median / 90th percentile; ratios are to the append on their left");
            Console.WriteLine($"{"main has",-27} {"file",8} {"one append",17} {"a branch",13}   {"with opening and closing the file: append",42} {"branch",13}");
            foreach (var parent in parents) await parent.OpenAsync();
            // In turns, so that what else the machine does meets all alike.
            for (var round = -5; round < Rounds; round++)
                foreach (var parent in parents) await parent.RoundAsync(round);
            var holds = true;
            foreach (var parent in parents) holds &= await parent.PrintAsync();
            return holds ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Two copies of a ledger with a history on <c>main</c>: one stays open, the other is opened anew each time.</summary>
    private sealed class Parent(string name, LedgerPaths open, LedgerPaths shut)
    {
        private static readonly LedgerSessions Sessions = new(TimeProvider.System);
        private static readonly StreamName Other = StreamName.ObservationsOf(Some.MainId);
        private readonly List<double> append = [], branch = [], whole = [], wholeAppend = [];
        private readonly byte[] bytes = new byte[EventBytes];
        private LedgerSession session = null!;
        private Chain there = null!;
        private (long Number, Digest Head) elsewhere = (-1, default);

        public static async Task<Parent> GrowAsync(string folder, string name, int edits, int dk = Some.Dk, int dv = Some.Dv)
        {
            var open = await GrownLedger.OpenAsync(folder, $"open-{edits}", CancellationToken.None);
            await GrownLedger.EditAsync(open, LedgerSetup.Main, edits, CancellationToken.None, dk, dv);
            var shut = new LedgerPaths(Path.Combine(folder, $"shut-{edits}.ledger"));
            File.Copy(open.File, shut.File);
            return new Parent(name, open, shut);
        }

        public async Task OpenAsync()
        {
            session = await Sessions.OpenAsync(open, CancellationToken.None);
            there = new Chain(session.Store, Other);
        }

        public async Task RoundAsync(int round)
        {
            var command = new StartBranch($"branch-{round + 100}", RevisionName.Head(LedgerSetup.Main), Purpose, "ana");
            double[] took =
            [
                await TimeAsync(() => there.AppendAsync(bytes, CancellationToken.None)),
                await TimeAsync(() => Branch.StartAsync(session, command, CancellationToken.None)),
                await TimeAsync(AppendAsync),
                await TimeAsync(() => new Branch.Handler(Sessions).Handle(new Branch.Request(command, shut), CancellationToken.None)),
            ];
            if (round < 0) return;                                                              // warm
            foreach (var (times, t) in new[] { append, branch, wholeAppend, whole }.Zip(took)) times.Add(t);
        }

        public async Task<bool> PrintAsync()
        {
            await session.DisposeAsync();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name,-27} {new FileInfo(open.File).Length / 1048576.0,4:0} MiB {Times(append),17} {Ratio(branch, append),13}   {Times(wholeAppend),42} {Ratio(whole, wholeAppend),13}"));
            return Percentile(branch, 0.5) <= Most * Percentile(append, 0.5) && Percentile(whole, 0.5) <= Most * Percentile(wholeAppend, 0.5);
        }

        private async Task AppendAsync()
        {
            await using var store = await Sessions.StoreAsync(shut, CancellationToken.None);
            var e = Chain.Event(Other, elsewhere.Number + 1, elsewhere.Head, bytes);
            await store.AppendAsync(Other, new ExpectedRevision(elsewhere.Number), e, CancellationToken.None);
            elsewhere = (elsewhere.Number + 1, e.Hash);
        }

        private static string Ratio(List<double> times, List<double> to) => string.Create(CultureInfo.InvariantCulture, $"{Percentile(times, 0.5) / Percentile(to, 0.5):0.00} / {Percentile(times, 0.9) / Percentile(to, 0.9):0.00}");

        private static string Times(List<double> times) => string.Create(CultureInfo.InvariantCulture, $"{Percentile(times, 0.5):0.00} / {Percentile(times, 0.9):0.00} ms");

        private static double Percentile(List<double> times, double p) => times.Order().ElementAt((int)(p * (times.Count - 1)));

        private static async Task<double> TimeAsync(Func<Task> work)
        {
            var start = Stopwatch.GetTimestamp();
            await work();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }
}
