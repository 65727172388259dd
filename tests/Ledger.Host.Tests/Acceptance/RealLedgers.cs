using System.Diagnostics;
using System.Globalization;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>One after the other: each holds a model in memory and uses every core; C is measured once for all.</summary>
[CollectionDefinition(Name)]
public sealed class RealModel : ICollectionFixture<MeasuredLedger>
{
    public const string Name = "the real model";
}

/// <summary>A ledger over the real model whose C is measured over the reference's text. By scripts/accept it lies in a folder that stays.</summary>
public sealed class MeasuredLedger : IDisposable
{
    private readonly string? temporary;

    public MeasuredLedger()
    {
        if (Environment.GetEnvironmentVariable("LEDGER_ACCEPT_WORK") is { Length: > 0 } stays) Folder = stays;
        else Folder = temporary = Directory.CreateTempSubdirectory("ledger-accept-").FullName;
    }

    internal string Folder { get; }

    public void Dispose()
    {
        if (temporary is not null) Directory.Delete(temporary, recursive: true);
    }
}

/// <summary>
/// Ledgers over the real model at the reference's layer, with the reference's templates and a C of our own measuring: one is opened and takes
/// C over, the others are copies of it before its first edit. By scripts/accept they lie in a folder that stays, and a run goes on there.
/// </summary>
internal sealed class RealLedgers
{
    private const string Measured = "measured";
    private static readonly Dictionary<string, string> Author = new() { ["LEDGER_AUTHOR"] = "acceptance" };

    private readonly LedgerProcess all, process;

    private RealLedgers(string folder, string name)
    {
        all = new LedgerProcess(folder, Author);
        process = new LedgerProcess(Directory.CreateDirectory(Path.Combine(folder, name)).FullName, Author);
    }

    /// <summary>How many records a run takes: few in CI, LEDGER_ACCEPT_COUNT by scripts/accept.</summary>
    public static int Count(int inCi) => Environment.GetEnvironmentVariable("LEDGER_ACCEPT_COUNT") is { Length: > 0 } n ? int.Parse(n, CultureInfo.InvariantCulture) : inCi;

    public string this[string file] => process[file];

    /// <param name="name">Of the folder they go into.</param>
    /// <param name="gate">default or observe.</param>
    /// <param name="names">The ledgers to make.</param>
    public static async Task<RealLedgers> OpenAsync(MeasuredLedger measured, string name, string gate, params string[] names)
    {
        Shared.RequireGolden("smollm2");
        var ledgers = new RealLedgers(measured.Folder, name);
        await ledgers.MakeAsync(gate, names);
        return ledgers;
    }

    public Task<Ran> RunAsync(string ledger, params string[] args) => process.RunAsync([.. args, "--ledger", ledger]);

    private async Task MakeAsync(string gate, string[] names)
    {
        if (names.All(n => File.Exists(this[n + ".ledger"]))) return;
        await MeasureAsync();
        if (!File.Exists(this["base.ledger"])) await OpenAsync(process, "base", gate);
        Say((await process.RunAsync("keystats", "--from", all[Measured], "--ledger", "base")).ShouldEndWith(0));
        foreach (var name in names.Where(n => !File.Exists(this[n + ".ledger"])))
        {
            Directory.CreateDirectory(this[name + ".ledger.d/keystats"]);
            foreach (var file in Directory.GetFiles(this["base.ledger.d/keystats"])) File.Copy(file, Path.Combine(this[name + ".ledger.d/keystats"], Path.GetFileName(file)), overwrite: true);
            File.Copy(this["base.ledger"], this[name + ".ledger"]);
        }
    }

    private async Task MeasureAsync()
    {
        if (!File.Exists(all[Measured + ".ledger"])) await OpenAsync(all, Measured, "observe");
        var started = Stopwatch.GetTimestamp();
        var ran = await all.RunAsync("keystats", Shared.RequireShared("data", "text", "wikitext2_raw_test.txt"), "--ledger", Measured);
        if (ran.Err.Contains("has its key statistics already", StringComparison.Ordinal)) return;
        Say(ran.ShouldEndWith(0));
        Print($"C measured in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s");
    }

    private static async Task OpenAsync(LedgerProcess process, string name, string gate)
    {
        await File.WriteAllTextAsync(process["templates.json"], Templates());
        Say((await process.RunAsync("open", name, "--model", await ModelAsync(), "--layer", $"{GoldenLayer()}", "--templates", "templates.json", "--gate", gate)).ShouldEndWith(0));
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
