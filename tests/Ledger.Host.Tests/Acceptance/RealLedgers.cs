using System.Diagnostics;
using System.Globalization;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>
/// Ledgers over the real model at the reference's layer, with the reference's templates and a C of our own measuring: one is opened and
/// measured, the others are copies of it before its first edit. By scripts/accept they lie in a folder that stays, and a run goes on there.
/// </summary>
internal sealed class RealLedgers : IDisposable
{
    private readonly string folder;
    private readonly bool temporary;
    private readonly LedgerProcess process;

    private RealLedgers(string folder, bool temporary)
    {
        (this.folder, this.temporary) = (folder, temporary);
        process = new LedgerProcess(folder, new Dictionary<string, string> { ["LEDGER_AUTHOR"] = "acceptance" });
    }

    /// <summary>How many records a run takes: few in CI, LEDGER_ACCEPT_COUNT by scripts/accept.</summary>
    public static int Count(int inCi) => Environment.GetEnvironmentVariable("LEDGER_ACCEPT_COUNT") is { Length: > 0 } n ? int.Parse(n, CultureInfo.InvariantCulture) : inCi;

    public string this[string file] => process[file];

    /// <param name="gate">default or observe.</param>
    /// <param name="names">The ledgers to make.</param>
    public static async Task<RealLedgers> OpenAsync(string gate, params string[] names)
    {
        Shared.RequireGolden("smollm2");
        var work = Environment.GetEnvironmentVariable("LEDGER_ACCEPT_WORK");
        var ledgers = work is { Length: > 0 } ? new RealLedgers(work, temporary: false) : new RealLedgers(Directory.CreateTempSubdirectory("ledger-accept-").FullName, temporary: true);
        await ledgers.MakeAsync(gate, names);
        return ledgers;
    }

    public Task<Ran> RunAsync(string ledger, params string[] args) => process.RunAsync([.. args, "--ledger", ledger]);

    public void Dispose()
    {
        if (temporary) Directory.Delete(folder, recursive: true);
    }

    private async Task MakeAsync(string gate, string[] names)
    {
        if (names.All(n => File.Exists(this[n + ".ledger"]))) return;
        var layer = GoldenLayer();
        await File.WriteAllTextAsync(this["templates.json"], Templates());
        if (!File.Exists(this["base.ledger"]))
            Say((await process.RunAsync("open", "base", "--model", await ModelAsync(), "--layer", $"{layer}", "--templates", "templates.json", "--gate", gate)).ShouldEndWith(0));
        if (!Directory.Exists(this["base.ledger.d/keystats"]) || Directory.GetFiles(this["base.ledger.d/keystats"], "*.cholesky.safetensors").Length == 0)
        {
            var started = Stopwatch.GetTimestamp();
            Say((await process.RunAsync("keystats", Shared.RequireShared("data", "text", "wikitext2_raw_test.txt"), "--ledger", "base")).ShouldEndWith(0));
            Print($"C measured in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s");
        }
        foreach (var name in names.Where(n => !File.Exists(this[n + ".ledger"])))
        {
            Directory.CreateDirectory(this[name + ".ledger.d/keystats"]);
            foreach (var file in Directory.GetFiles(this["base.ledger.d/keystats"])) File.Copy(file, Path.Combine(this[name + ".ledger.d/keystats"], Path.GetFileName(file)), overwrite: true);
            File.Copy(this["base.ledger"], this[name + ".ledger"]);
        }
    }

    public static void Print(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    public static void Say(Ran ran)
    {
        foreach (var line in ran.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Print(line);
    }

    /// <summary>The layer the reference edited: C's own.</summary>
    private static int GoldenLayer() =>
        int.Parse(Path.GetFileNameWithoutExtension(Directory.GetFiles(Shared.RequireGolden("smollm2"), "C_layer*.safetensors").Single())["C_layer".Length..], CultureInfo.InvariantCulture);

    private static string Templates()
    {
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Shared.RequireGolden("smollm2", "templates.json")));
        return json.RootElement.GetProperty("templates").GetRawText();
    }

    private static async Task<string> ModelAsync()
    {
        using var unpack = Process.Start(new ProcessStartInfo("bash", [Shared.RequireShared("models", "unpack")]) { RedirectStandardOutput = true })!;
        var path = (await unpack.StandardOutput.ReadToEndAsync()).Trim();
        await unpack.WaitForExitAsync();
        unpack.ExitCode.ShouldBe(0);
        return path;
    }
}
