using System.Diagnostics;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host;
using Ledger.Host.Features;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Sessions;
using Ledger.Host.Tests.Support;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Bench;

/// <summary>
/// Whether a long bulk run grows: this process's working set along thousands of edits of a tiny model, whose own weights take nothing, so that
/// what is kept of each edit would show.
/// </summary>
public static class GrowthBench
{
    private const string Usage = "usage: Ledger.Bench growth [EDITS]   how many edits (3000)";
    private const int Lines = 15;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length > 1)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }
        var edits = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 3000;
        var folder = Directory.CreateTempSubdirectory("ledger-growth-").FullName;
        try
        {
            await RunAsync(folder, edits);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static async Task RunAsync(string folder, int edits)
    {
        await using var services = Wiring.Build(TimeProvider.System, "cpu");
        var mediator = services.GetRequiredService<IMediator>();
        var model = TinyCheckpoint.Write(Path.Combine(folder, "model"));
        // What an edit keeps does not depend on how long its value was searched for.
        var command = new OpenLedger("growth", model, 1, 4, Hyperparameters.Published with { Evaluations = 3 }, "bench");
        var (paths, _) = await mediator.Send(new OpenLedgerFeature.Request(command, folder, null, GatePolicy.Observing));
        await mediator.Send(new MeasureKeys.Request(paths, model, new KeyStatisticsSource([TinyCheckpoint.Text(folder)]), "bench", null));
        var file = Path.Combine(folder, "facts.jsonl");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, edits).Select(i => $$"""{"prompt":"{} lives in","subject":"Person {{i}}","target":"Rome"}"""));

        Console.WriteLine($"{"edits",6} {"working set",12} {"managed heap",13} {"events",9} {"an edit",9}");
        var request = new ApplyEdits.Request(paths, LedgerSetup.Main, model, file, null, null, false, OnConflict.Fail, Variant.RRome, "bench", null, null, GateOff: false, new Samples(paths, Math.Max(1, edits / Lines)));
        var first = await mediator.Send(request);
        var again = await mediator.Send(request with { Progress = null });
        Console.WriteLine($"{first.Applied} applied, {first.Rejected} rejected; given again, {again.Before} done before, working set {Mib(Environment.WorkingSet)}");
    }

    private static string Mib(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB");

    private sealed class Samples(LedgerPaths paths, int every) : IProgress<ApplyEdits.Step>
    {
        private long last = Stopwatch.GetTimestamp();

        public void Report(ApplyEdits.Step step)
        {
            if (step.Done % every != 0) return;
            var took = Stopwatch.GetElapsedTime(last).TotalMilliseconds / every;
            last = Stopwatch.GetTimestamp();
            var events = new[] { paths.File, paths.File + "-wal" }.Where(File.Exists).Sum(f => new FileInfo(f).Length);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{step.Done,6} {Mib(Environment.WorkingSet),12} {Mib(GC.GetTotalMemory(forceFullCollection: false)),13} {Mib(events),9} {took,6:0} ms"));
        }
    }
}
