using System.Diagnostics;
using System.Text.Json;

namespace Ledger.Host.Tests.Support;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record Ran(int ExitCode, string Out, string Err)
{
    /// <summary>One JSON document a line.</summary>
    public IReadOnlyList<JsonElement> Json => [.. Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement.Clone())];

    public Ran ShouldEndWith(int exitCode)
    {
        ExitCode.ShouldBe(exitCode, $"{Out}\n{Err}");
        return this;
    }
}

/// <summary>The real program, in a process and a folder of its own.</summary>
/// <param name="server">Where the ledgers that it opens go; null for their files.</param>
internal sealed class LedgerProcess(string folder, IReadOnlyDictionary<string, string>? environment = null, string? server = null)
{
    /// <summary>As it was built, not the copy beside the tests: those bring a web server along, and with it another set of files.</summary>
    private static readonly string Program = new DirectoryInfo(AppContext.BaseDirectory) is var own ? Path.Combine(own.Parent!.Parent!.FullName, "Ledger.Host", own.Name, "ledger.dll") : "";

    public string Folder { get; } = folder;

    public string this[string file] => Path.Combine(Folder, file);

    public async Task<Ran> RunAsync(params string[] args) => await WaitAsync(Start(args));

    /// <summary>
    /// Runs a command with <c>--on-conflict rebase</c>, and again for as long as it gave up because others overtook it each time: edits of a
    /// tiny model overtake each other that often by chance, and its message says to repeat the command.
    /// </summary>
    public async Task<Ran> RebaseAsync(params string[] args)
    {
        Ran ran;
        do ran = await RunAsync([.. args, "--on-conflict", "rebase"]);
        while (ran.ExitCode == 3 && ran.Err.Contains("was overtaken each time", StringComparison.Ordinal));
        return ran.ShouldEndWith(0);
    }

    public Process Start(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Program, .. args, .. server is not null && args[0] == "open" ? ["--server", server] : Array.Empty<string>()])
        {
            WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var name in new[] { "LEDGER_FILE", "LEDGER_MODEL", "LEDGER_AUTHOR", "LEDGER_TIMELINE", "LEDGER_DEVICE", "LEDGER_CACHE_BYTES", "LEDGER_SERVER_USER", "LEDGER_SERVER_PASSWORD" }) start.Environment.Remove(name);
        // Two programs with a model each on few cores: threads that spin while they wait would take the other's time.
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static async Task<Ran> WaitAsync(Process process)
    {
        using (process)
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return new Ran(process.ExitCode, await output, await error);
        }
    }
}
