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

        // An editor put a byte order mark before it.
        await File.WriteAllTextAsync(ledger["team.ledger"], $"\uFEFF{pointer}", Token);
        (await ledger.RunAsync("log", "-l", "team")).ShouldEndWith(0);

        // Another folder, which knows nothing but the server.
        var (elsewhere, live) = (tiny.Copy(), address.Replace($"localhost:{cluster.Ports[0]},", "", StringComparison.Ordinal));
        (await elsewhere.RunAsync("connect", "--server", live, "--json")).ShouldEndWith(0).Json[0].GetProperty("name").GetString().ShouldBe("team");
        (await elsewhere.RunAsync("connect", "mine", "--server", live)).ShouldEndWith(0);
        (await elsewhere.RunAsync("log", "-l", "mine", "--json")).ShouldEndWith(0).Json.Select(l => l.GetProperty("what").GetString()).ShouldBe(["applied", "reverted"]);
        (await elsewhere.RunAsync("copy", "local", "-l", "mine")).ShouldEndWith(0);
        (await elsewhere.RunAsync("verify", "-l", "local")).ShouldEndWith(0);
    }

    [Theory]
    [InlineData("{\"format\":\"ledger-pointer.v1\"}", "does not say which server")]
    [InlineData("{\"format\":\"ledger-pointer.v1\",\"server\":null,\"ledger\":\"x\"}", "does not say which server")]
    [InlineData("{\"format\":\"ledger-pointer.v1\",\"server\":[]}", "has another form")]
    [InlineData("\uFEFF \n{\"format\":\"ledger-pointer.v9\"}", "format is not")]
    [InlineData("{\"format\":\"ledger-pointer.v9\",\"server\":\"esdb://h\",\"ledger\":\"x\"}", "format is not")]
    [InlineData("{\"format\":\"ledger-pointer.v1\",\"server\":\"esdb://h?x=1\",\"ledger\":\"00000000000000000000000007\"}", "no option \"x\"")]
    public async Task A_file_that_does_not_say_where_a_ledger_is_is_bad_input(string text, string says)
    {
        var ledger = new LedgerProcess(Directory.CreateTempSubdirectory("ledger-pointer-").FullName);
        await File.WriteAllTextAsync(ledger["a.ledger"], text, Token);
        (await ledger.RunAsync("log")).ShouldEndWith(2).Err.ShouldContain(says);
        Directory.Delete(ledger.Folder, recursive: true);
    }

    [Fact]
    public async Task A_timeline_that_somebody_deleted_or_cut_on_the_server_is_noticed_by_whoever_needs_it()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        var ledger = tiny.Copy();
        (await ledger.RunAsync("open", "team", "--layer", "1", "--seed", "4", "--gate", "observe", "--server", cluster.Address())).ShouldEndWith(0);
        (await ledger.RunAsync("keystats", "--from", "tiny", "-l", "team")).ShouldEndWith(0);
        foreach (var person in new[] { "Ada", "Bob", "Cleo" }) (await ledger.RunAsync("edit", "{} lives in", "--subject", person, "--to", "Rome", "-l", "team")).ShouldEndWith(0);
        (await ledger.RunAsync("evaluate", "--text", "text.txt", "-l", "team")).ShouldEndWith(0);
        var streams = cluster.Log.From(0, 1_000).Select(e => e.Stream).Distinct().Where(s => s.Contains(".timeline-", StringComparison.Ordinal) || s.Contains(".observations-", StringComparison.Ordinal)).ToArray();
        streams.Length.ShouldBe(2);
        foreach (var stream in streams)
            foreach (var (limit, says) in new[] { ($"{{\"$tb\":{long.MaxValue}}}", "it was deleted"), ("{\"$tb\":1}", stream == streams[0] ? "event 0 is gone" : "$tb 1") })
            {
                var writes = cluster.Appends;
                SetMetadata(stream, limit);
                (await ledger.RunAsync("verify", "-l", "team")).ShouldEndWith(5).Err.ShouldContain(says);
                if (stream == streams[0]) (await ledger.RunAsync("edit", "{} lives in", "--subject", "Dan", "--to", "Rome", "-l", "team")).ShouldEndWith(5).Err.ShouldContain(says);
                cluster.Appends.ShouldBe(writes);
                SetMetadata(stream, "{}");
                (await ledger.RunAsync("verify", "-l", "team")).ShouldEndWith(0);
            }

        void SetMetadata(string stream, string metadata) =>
            cluster.Log.Append($"$${stream}", (cluster.Log.Stream($"$${stream}")?.Count ?? 0) - 1, Guid.NewGuid(), "$metadata", "application/json", [], System.Text.Encoding.UTF8.GetBytes(metadata)).Event.ShouldNotBeNull();
    }
}
