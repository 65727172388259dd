using System.Text.Json;
using Ledger.Host.Tests.Support;
using Ledger.Host.Tests.Support.EventStoreDb;

namespace Ledger.Host.Tests.Cli;

/// <summary>The main job through the real program with the events on a server: the commands are the same.</summary>
public sealed class ServerLedgerTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ledger_is_opened_edited_reviewed_verified_and_found_again_on_a_server()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Size = 3, OnAppend = n => n % 4 == 0 ? AppendFault.BrokenAfter : AppendFault.None });
        var ledger = tiny.Copy();
        var address = cluster.Address(user: "ann:geheim@");
        var opened = (await ledger.RunAsync("open", "team", "--layer", "1", "--seed", "4", "--gate", "observe", "--server", address)).ShouldEndWith(0);
        var pointer = await File.ReadAllTextAsync(ledger["team.ledger"], Token);
        $"{opened.Out}{pointer}".ShouldNotContain("geheim");
        using (var json = JsonDocument.Parse(pointer)) json.RootElement.GetProperty("format").GetString().ShouldBe("ledger-pointer.v1");
        (await ledger.RunAsync("keystats", "--from", "tiny", "-l", "team")).ShouldEndWith(0);

        var edits = new List<JsonElement>();
        foreach (var subject in new[] { "Ada", "Bob" })
            edits.Add((await ledger.RunAsync("edit", "{} lives in", "--subject", subject, "--to", "Rome", "-l", "team", "--json")).ShouldEndWith(0).Json[0]);
        (await ledger.RunAsync("revert", edits[0].GetProperty("edit").GetString()!, "--reason", "it was wrong", "-l", "team")).ShouldEndWith(0);
        (await ledger.RunAsync("branch", "what-if", "--from", "1", "-l", "team")).ShouldEndWith(0);
        await cluster.KillAsync(0);
        (await ledger.RunAsync("verify", "--deep", "-l", "team")).ShouldEndWith(0).Out.ShouldContain("unbroken chain");

        // The same on a file: an equal base, the same edits' keys.
        var rebuilt = (await ledger.RunAsync("rebuild", "main@2", "-l", "team", "--json")).ShouldEndWith(0).Json[0];
        rebuilt.GetProperty("fingerprint").GetString().ShouldBe(edits[1].GetProperty("fingerprint").GetString());

        // Another folder, which knows nothing but the server.
        var (elsewhere, live) = (tiny.Copy(), address.Replace($"localhost:{cluster.Ports[0]},", "", StringComparison.Ordinal));
        (await elsewhere.RunAsync("connect", "--server", live, "--json")).ShouldEndWith(0).Json[0].GetProperty("name").GetString().ShouldBe("team");
        (await elsewhere.RunAsync("connect", "mine", "--server", live)).ShouldEndWith(0);
        (await elsewhere.RunAsync("log", "-l", "mine", "--json")).ShouldEndWith(0).Json.Select(l => l.GetProperty("what").GetString()).ShouldBe(["applied", "applied", "reverted"]);
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
