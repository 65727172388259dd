using System.Diagnostics;
using System.Globalization;
using Ledger.Engine;
using Ledger.Host.Cli;
using static TorchSharp.torch;

namespace Ledger.Bench;

/// <summary>
/// What opening a ledger and an edit hold in memory at most, as a ratio to the model's size in float32:
/// (peak RSS − RSS once the tensor library is loaded − file pages mapped since) / (4 bytes × weights). The pages of a mapped file are the system's to take back.
/// </summary>
/// <remarks>
/// Linux. Each command runs in a process of its own, as it does for a user. There a thread reads VmRSS and RssFile of /proc/self/status every two
/// milliseconds, both from one reading; their difference is what belongs to no file, and its highest value is the numerator's peak. VmHWM beside it is the system's own.
/// </remarks>
public static class MemoryBench
{
    private const double Mebi = 1 << 20;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length != 2)
        {
            Console.Error.WriteLine("usage: Ledger.Bench memory MODEL LAYER   a model folder, and the layer that is edited");
            return 2;
        }
        string model = Path.GetFullPath(args[0]), layer = args[1];
        var folder = Directory.CreateTempSubdirectory("ledger-memory-").FullName;
        try
        {
            await File.WriteAllLinesAsync(Path.Combine(folder, "text.txt"), Enumerable.Range(0, 64).Select(i => $"Line {i} of a text that is only there to be measured over, {i * i} letters or so."));
            var weights = new ModelLibrary("cpu").Describe(model, CancellationToken.None).Parameters;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(model)}, layer {layer}: {weights:N0} weights, {4 * weights / Mebi:0} MiB in float32"));
            Console.WriteLine($"{"MiB",-20} {"VmHWM",8} {"at the start",13} {"of it files",12} {"peak without files",19} {"over the start",15} {"ratio",6}");
            return await InProcessAsync("open", "memory", "--model", model, "--layer", layer)
                && await InProcessAsync("keystats", "text.txt")
                && await InProcessAsync("edit", "The mother tongue of {} is", "--subject", "Danielle Darrieux", "--to", "English") ? 0 : 1;

            async Task<bool> InProcessAsync(params string[] command)
            {
                using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["memory-of", weights.ToString(CultureInfo.InvariantCulture), .. command]) { WorkingDirectory = folder })!;
                await process.WaitForExitAsync();
                return process.ExitCode == 0;
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Runs one command of the program in this process and prints its line.</summary>
    public static async Task<int> OneAsync(string[] args)
    {
        var size = 4.0 * long.Parse(args[0], CultureInfo.InvariantCulture);
        using (zeros(1)) { }                                                                // loads the library
        var start = Memory.Now();
        using var said = new StringWriter();
        using var peak = new Peak();
        var ended = await LedgerCli.RunAsync(args[1..], said, said, TimeProvider.System, CancellationToken.None);
        var most = peak.Stop();
        if (ended is not (0 or 4))
        {
            Console.Error.WriteLine(said);
            return ended;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{args[1],-20} {Memory.Now().Highest / Mebi,8:0} {start.Rss / Mebi,13:0} {start.Files / Mebi,12:0} {most / Mebi,19:0} {(most - start.Own) / Mebi,15:0} {(most - start.Own) / size,6:0.00}"));
        return 0;
    }

    /// <param name="Highest">VmHWM: the most resident bytes there ever were.</param>
    /// <param name="Rss">Resident bytes now.</param>
    /// <param name="Files">Of them, pages of mapped files: the weights' and the programs'.</param>
    private readonly record struct Memory(long Highest, long Rss, long Files)
    {
        public long Own => Rss - Files;

        public static Memory Now()
        {
            var lines = File.ReadAllLines("/proc/self/status");
            return new Memory(Bytes("VmHWM:"), Bytes("VmRSS:"), Bytes("RssFile:"));

            long Bytes(string name) => 1024 * long.Parse(lines.First(l => l.StartsWith(name, StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
    }

    /// <summary>The most bytes that were no file's.</summary>
    private sealed class Peak : IDisposable
    {
        private readonly Thread thread;
        private long most;
        private volatile bool stop;

        public Peak()
        {
            thread = new Thread(() =>
            {
                for (; !stop; Thread.Sleep(2)) most = Math.Max(most, Memory.Now().Own);
            });
            thread.Start();
        }

        public long Stop()
        {
            Dispose();
            return most;
        }

        public void Dispose()
        {
            stop = true;
            thread.Join();
        }
    }
}
