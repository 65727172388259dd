using System.Text.Json;
using Ledger.Host.Tests.Support;
using Ledger.Host.Tests.Support.EventStoreDb;

namespace Ledger.Host.Tests.Cli;

/// <summary>Ledgers on a server through the real program: opened there, found again from elsewhere, copied to a file.</summary>
public sealed class ServerLedgerTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ledger_is_opened_on_a_cluster_outlives_its_leader_and_is_found_again_from_elsewhere()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Size = 3, OnAppend = n => n % 4 == 0 ? AppendFault.BrokenAfter : AppendFault.None });
        var ledger = tiny.Copy();
        var address = cluster.Address(user: "ann:geheim@");
        var opened = (await ledger.RunAsync("open", "team", "--layer", "1", "--seed", "4", "--gate", "observe", "--server", address)).ShouldEndWith(0);
        var pointer = await File.ReadAllTextAsync(ledger["team.ledger"], Token);
        $"{opened.Out}{pointer}".ShouldNotContain("geheim");
        using (var json = JsonDocument.Parse(pointer)) json.RootElement.GetProperty("format").GetString().ShouldBe("ledger-pointer.v1");
        (await ledger.RunAsync("keystats", "--from", "tiny", "-l", "team")).ShouldEndWith(0);

        (await ledger.RunAsync("edit", "{} lives in", "--subject", "Ada", "--to", "Rome", "-l", "team")).ShouldEndWith(0);
        await cluster.KillAsync(0);
        (await ledger.RunAsync("revert", "main@1", "--reason", "it was wrong", "-l", "team")).ShouldEndWith(0);

        // Another folder, which knows nothing but the server.
        var (elsewhere, live) = (tiny.Copy(), address.Replace($"localhost:{cluster.Ports[0]},", "", StringComparison.Ordinal));
        (await elsewhere.RunAsync("connect", "--server", live, "--json")).ShouldEndWith(0).Json[0].GetProperty("name").GetString().ShouldBe("team");
        (await elsewhere.RunAsync("connect", "mine", "--server", live)).ShouldEndWith(0);
        (await elsewhere.RunAsync("log", "-l", "mine", "--json")).ShouldEndWith(0).Json.Select(l => l.GetProperty("what").GetString()).ShouldBe(["applied", "reverted"]);
        (await elsewhere.RunAsync("copy", "local", "-l", "mine")).ShouldEndWith(0);
        (await elsewhere.RunAsync("verify", "-l", "local")).ShouldEndWith(0);
    }

    [Theory]
    [InlineData("{\"format\":\"ledger-pointer.v1\"}", "has another form")]
    [InlineData("{\"format\":\"ledger-pointer.v9\",\"server\":\"esdb://h\",\"ledger\":\"x\"}", "format is not")]
    [InlineData("{\"format\":\"ledger-pointer.v1\",\"server\":\"esdb://h?x=1\",\"ledger\":\"00000000000000000000000007\"}", "no option \"x\"")]
    public async Task A_file_that_does_not_say_where_a_ledger_is_is_bad_input(string text, string says)
    {
        var ledger = new LedgerProcess(Directory.CreateTempSubdirectory("ledger-pointer-").FullName);
        await File.WriteAllTextAsync(ledger["a.ledger"], text, Token);
        (await ledger.RunAsync("log")).ShouldEndWith(2).Err.ShouldContain(says);
        Directory.Delete(ledger.Folder, recursive: true);
    }
}
