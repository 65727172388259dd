using System.Text.RegularExpressions;
using Ledger.Host.Features;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Cli;

/// <summary>The tutorial's commands, run in its order in one folder; a comment behind a command says which exit code it ends with.</summary>
public sealed partial class TutorialTests : IDisposable
{
    private readonly LedgerProcess ledger = new(Directory.CreateTempSubdirectory("ledger-tutorial-").FullName);

    [Fact]
    public async Task Every_command_of_the_tutorial_does_what_it_says()
    {
        var commands = (await File.ReadAllLinesAsync(Path.Combine(Shared.Checkout, "docs", "tutorial.md"), TestContext.Current.CancellationToken))
            .Where(l => l.StartsWith("$ ledger ", StringComparison.Ordinal)).ToArray();
        commands.Length.ShouldBeGreaterThan(10);
        foreach (var command in commands)
        {
            var (text, exitCode) = Ends().Match(command) is { Success: true } ends ? (command[..ends.Index], int.Parse(ends.Groups[1].ValueSpan)) : (command, 0);
            var ran = await ledger.RunAsync([.. Words().Matches(text["$ ledger ".Length..]).Select(w => (w.Groups[1].Success ? w.Groups[1].Value : w.Value) switch
            {
                "RECORDS" => BuiltIn.Records,
                var word => word,
            })]);
            TestContext.Current.TestOutputHelper?.WriteLine($"{command}\n{ran.Out}{ran.Err}");
            ran.ShouldEndWith(exitCode);
        }
    }

    public void Dispose() => Directory.Delete(ledger.Folder, recursive: true);

    [GeneratedRegex(@"\s+# exit code (\d)$")]
    private static partial Regex Ends();

    [GeneratedRegex("\"([^\"]*)\"|\\S+")]
    private static partial Regex Words();
}
