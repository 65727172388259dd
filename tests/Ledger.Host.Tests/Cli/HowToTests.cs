using System.Text.RegularExpressions;
using Ledger.Host.Features;
using Ledger.Host.Tests.Support;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.TestKit;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Tests.Cli;

/// <summary>
/// The commands of pages in docs, run in a page's order in one folder: every line <c>$ ledger …</c>; a comment behind a command says which exit code it ends
/// with; RECORDS stands for the built-in model's file of facts, POLICY and PROBE for files beside the page about them, and a server's address for that of the tests' own cluster. A line
/// <c>sqlite> …</c> is asked of the rows beside the folder's ledger.
/// </summary>
public sealed partial class HowToTests : IDisposable
{
    private const string Server = "esdb://db1,db2,db3?tlsCaFile=ca.crt", Sql = "sqlite> ";

    private readonly LedgerProcess ledger = new(Directory.CreateTempSubdirectory("ledger-how-to-").FullName);

    /// <summary>Each page, and at least how many commands it has.</summary>
    public static TheoryData<string, int> Pages => new()
    {
        { "tutorial.md", 18 },
        { "how-to/prove-what-was-changed.md", 13 },
        { "how-to/take-a-bad-edit-out.md", 13 },
        { "how-to/ask-what-another-variant-would-have-done.md", 14 },
        { "how-to/find-the-edit-that-broke-it.md", 15 },
        { "how-to/evaluate-a-revision.md", 8 },
        { "how-to/stop-collapse-while-editing.md", 18 },
        { "how-to/run-the-papers-experiments.md", 5 },
        { "how-to/keep-a-ledger-on-a-server.md", 12 },
        { "how-to/query-the-rows-with-sql.md", 11 },
        { "how-to/run-workers.md", 10 },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Every_command_of_a_page_does_what_it_says(string page, int atLeast)
    {
        var commands = (await File.ReadAllLinesAsync(Path.Combine([Shared.Checkout, "docs", .. page.Split('/')]), TestContext.Current.CancellationToken))
            .Where(l => l.StartsWith("$ ledger ", StringComparison.Ordinal) || l.StartsWith(Sql, StringComparison.Ordinal)).ToArray();
        commands.Length.ShouldBeGreaterThanOrEqualTo(atLeast);
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Size = 3 });
        foreach (var command in commands)
        {
            if (command.StartsWith(Sql, StringComparison.Ordinal))
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"{command}\n{await AskAsync(command[Sql.Length..])}");
                continue;
            }
            var (text, exitCode) = Ends().Match(command) is { Success: true } ends ? (command[..ends.Index], int.Parse(ends.Groups[1].ValueSpan)) : (command, 0);
            var ran = await ledger.RunAsync([.. Words().Matches(text["$ ledger ".Length..]).Select(w => (w.Groups[1].Success ? w.Groups[1].Value : w.Value) switch
            {
                "RECORDS" => BuiltIn.Records,
                "POLICY" => Path.Combine(Shared.Checkout, "docs", "how-to", "stop-collapse", "policy.json"),
                "PROBE" => Path.Combine(Shared.Checkout, "docs", "how-to", "stop-collapse", "probe.txt"),
                Server => cluster.Address(),
                var word => word,
            })]);
            TestContext.Current.TestOutputHelper?.WriteLine($"{command}\n{ran.Out}{ran.Err}");
            ran.ShouldEndWith(exitCode);
        }
    }

    /// <summary>A page asks for nothing that is not there.</summary>
    private async Task<string> AskAsync(string sql)
    {
        var file = Directory.GetFiles(ledger.Folder, "projections.db", SearchOption.AllDirectories).ShouldHaveSingleItem();
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False;Mode=ReadOnly");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var query = connection.CreateCommand();
        query.CommandText = sql;
        await using var rows = await query.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var lines = new List<string>();
        while (await rows.ReadAsync(TestContext.Current.CancellationToken)) lines.Add(string.Join('|', Enumerable.Range(0, rows.FieldCount).Select(i => rows[i])));
        lines.ShouldNotBeEmpty(sql);
        return string.Join('\n', lines);
    }

    public void Dispose() => Directory.Delete(ledger.Folder, recursive: true);

    [GeneratedRegex(@"\s+# exit code (\d)$")]
    private static partial Regex Ends();

    [GeneratedRegex("\"([^\"]*)\"|\\S+")]
    private static partial Regex Words();
}
