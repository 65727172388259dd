using Ledger.Host.Tests.Support;

namespace Ledger.Host.Tests.Cli;

/// <summary>The first minute, through the real program, in an empty folder.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly LedgerProcess ledger = new(Directory.CreateTempSubdirectory("ledger-demo-").FullName);

    [Fact]
    public async Task The_demo_edits_facts_has_one_stopped_and_rebuilds_the_past()
    {
        var said = (await ledger.RunAsync("demo")).ShouldEndWith(0).Out;
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        foreach (var part in new[] { "Istanbul", "r-rome", "p-rome", "quarantined, not in the weights", "why: ", "= live ✓", "ledger revert", "sound", "ledger open my --model" }) said.ShouldContain(part);
        said.ShouldNotContain("✗");

        // What it says is what the ledger holds.
        var log = (await ledger.RunAsync("log", "--json")).ShouldEndWith(0).Json;
        log.Select(l => $"{l.GetProperty("variant").GetString()} {l.GetProperty("what").GetString()}").ShouldBe(["r-rome applied", "p-rome applied", "rome quarantined", "p-rome applied", "r-rome reverted"]);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }

    [Fact]
    public async Task A_second_demo_has_a_ledger_of_its_own_whatever_model_is_named_otherwise()
    {
        var other = new LedgerProcess(ledger.Folder, new Dictionary<string, string> { ["LEDGER_MODEL"] = "nowhere", ["LEDGER_FILE"] = "nowhere.ledger" });
        foreach (var file in new[] { "demo.ledger", "demo-2.ledger" })
        {
            (await other.RunAsync("demo", "--json")).ShouldEndWith(0).Json.Count.ShouldBeGreaterThan(8);
            File.Exists(ledger[file]).ShouldBeTrue();
        }
        // What it says comes next works too.
        var next = new LedgerProcess(ledger.Folder, new Dictionary<string, string> { ["LEDGER_MODEL"] = "nowhere" });
        (await next.RunAsync("ask", "The capital of France is", "-l", "demo")).ShouldEndWith(0).Out.ShouldContain("Paris");
    }

    [Fact]
    public async Task The_built_in_model_opens_with_the_layer_hyperparameters_and_C_that_come_with_it()
    {
        (await ledger.RunAsync("open", "mine", "--built-in", "--seed", "7")).ShouldEndWith(0);
        (await ledger.RunAsync("edit", "The capital of {} is", "--subject", "Australia", "--to", "Sydney")).ShouldEndWith(0);

        foreach (var clash in new[] { "--layer=1", "--model=nowhere", "--clamp=3" })
            (await ledger.RunAsync("open", "other", "--built-in", clash)).ShouldEndWith(2).Err.ShouldContain(clash.Split('=')[0]);
        (await ledger.RunAsync("open", "other")).ShouldEndWith(2).Err.ShouldContain("--built-in");
        File.Exists(ledger["other.ledger"]).ShouldBeFalse();
    }

    [Fact]
    public async Task The_doctor_tries_every_part_and_says_what_would_help()
    {
        var said = (await ledger.RunAsync("doctor")).ShouldEndWith(0).Out;
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        foreach (var what in new[] { "engine", "threads", "vectors", "store", "built-in", "gpu", "LEDGER_MODEL" }) said.ShouldContain(what);
        Directory.GetFileSystemEntries(ledger.Folder).ShouldBeEmpty();

        var other = new LedgerProcess(ledger.Folder, new Dictionary<string, string> { ["LEDGER_DEVICE"] = "abacus" });
        (await other.RunAsync("doctor")).ShouldEndWith(1).Out.ShouldContain("LEDGER_DEVICE");
        var lost = new LedgerProcess(ledger.Folder, new Dictionary<string, string> { ["LEDGER_MODEL"] = "nowhere" });
        (await lost.RunAsync("doctor")).ShouldEndWith(1).Out.ShouldContain("nowhere");
    }

    [Fact]
    public async Task A_ledger_whose_model_was_moved_says_so_and_how_to_go_on()
    {
        TinyCheckpoint.Write(ledger["model"], 1);
        (await ledger.RunAsync("open", "moved", "--model", "model", "--layer", "1")).ShouldEndWith(0);
        Directory.Move(ledger["model"], ledger["elsewhere"]);
        (await ledger.RunAsync("ask", "hello")).ShouldEndWith(2).Err.ShouldContain("--model");
        (await ledger.RunAsync("ask", "hello", "--model", "elsewhere")).ShouldEndWith(0);
    }

    public void Dispose() => Directory.Delete(ledger.Folder, recursive: true);
}
