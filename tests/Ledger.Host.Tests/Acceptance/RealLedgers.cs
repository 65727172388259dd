using System.Diagnostics;
using System.Globalization;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>One after the other: each holds a model in memory and uses every core; C is taken once for all.</summary>
[CollectionDefinition(Name)]
public sealed class RealModel : ICollectionFixture<MeasuredLedger>
{
    public const string Name = "the real model";
}

/// <summary>A ledger over the real model that others take C from. By scripts/accept it lies in a folder that stays.</summary>
public sealed class MeasuredLedger : IDisposable
{
    private readonly string? temporary;

    public MeasuredLedger()
    {
        if (Environment.GetEnvironmentVariable("LEDGER_ACCEPT_WORK") is { Length: > 0 } stays) Folder = stays;
        else Folder = temporary = Directory.CreateTempSubdirectory("ledger-accept-").FullName;
    }

    internal string Folder { get; }

    /// <summary>By scripts/accept, C is of our own measuring; what CI waits for takes the reference's.</summary>
    internal bool Stays => temporary is null;

    public void Dispose()
    {
        if (temporary is not null) Directory.Delete(temporary, recursive: true);
    }
}

/// <summary>
/// Ledgers over the real model at the reference's layer, with the reference's templates: one is opened and takes C over, the others are copies of it before its first edit. By scripts/accept they lie in a folder that stays, and a run goes on there.
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
        await ledgers.MakeAsync(measured.Stays, gate, names);
        return ledgers;
    }

    public Task<Ran> RunAsync(string ledger, params string[] args) => process.RunAsync([.. args, "--ledger", ledger]);

    private async Task MakeAsync(bool measure, string gate, string[] names)
    {
        if (names.All(n => File.Exists(this[n + ".ledger"]))) return;
        await MeasureAsync(measure);
        if (!File.Exists(this["base.ledger"])) await OpenAsync(process, "base", gate);
        Say((await process.RunAsync("keystats", "--from", all[Measured], "--ledger", "base")).ShouldEndWith(0));
        foreach (var name in names.Where(n => !File.Exists(this[n + ".ledger"])))
        {
            Directory.CreateDirectory(this[name + ".ledger.d/keystats"]);
            foreach (var file in Directory.GetFiles(this["base.ledger.d/keystats"])) File.Copy(file, Path.Combine(this[name + ".ledger.d/keystats"], Path.GetFileName(file)), overwrite: true);
            File.Copy(this["base.ledger"], this[name + ".ledger"]);
        }
    }

    private async Task MeasureAsync(bool measure)
    {
        if (!File.Exists(all[Measured + ".ledger"])) await OpenAsync(all, Measured, "observe");
        else if (!measure) return;
        if (!measure)
        {
            await File.WriteAllBytesAsync(all["C.npz"], GoldenMoment());
            Say((await all.RunAsync("keystats", "import", "C.npz", "--ledger", Measured)).ShouldEndWith(0));
            return;
        }
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

    /// <summary>The reference's C as ROME publishes it.</summary>
    private static byte[] GoldenMoment()
    {
        var file = Shared.RequireGolden("smollm2", $"C_layer{GoldenLayer()}.safetensors");
        using var about = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".json")));
        var (n, tokens) = (about.RootElement.GetProperty("shape")[0].GetInt32(), about.RootElement.GetProperty("tokens").GetInt64());
        return Npz.Moment(Npz.Doubles(GoldenTensors.Read(file)["C"].Select(x => x * tokens), n), tokens);
    }

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
