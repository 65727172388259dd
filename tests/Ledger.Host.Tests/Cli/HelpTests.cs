using System.Text.RegularExpressions;
using Ledger.Host.Cli;

namespace Ledger.Host.Tests.Cli;

public sealed partial class HelpTests
{
    [Fact]
    public async Task Every_command_s_help_lists_each_option_once()
    {
        var asked = 0;
        var waiting = new Queue<string[]>([[]]);
        while (waiting.TryDequeue(out var command))
        {
            var help = await HelpAsync(command);
            Option().Matches(help).Select(m => m.Groups[1].Value).ShouldBeUnique($"ledger {string.Join(' ', command)}");
            var at = help.IndexOf("\nCommands:", StringComparison.Ordinal);
            if (at >= 0) foreach (Match sub in Command().Matches(help[at..])) waiting.Enqueue([.. command, sub.Groups[1].Value]);
            asked++;
        }
        asked.ShouldBeGreaterThan(30);
    }

    private static async Task<string> HelpAsync(string[] command)
    {
        using var output = new StringWriter();
        (await LedgerCli.RunAsync([.. command, "--help"], output, output, TimeProvider.System, TestContext.Current.CancellationToken)).ShouldBe(0);
        return output.ToString().ReplaceLineEndings("\n");
    }

    [GeneratedRegex(@"^  (?:-\S+, )*(--[a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex Option();

    [GeneratedRegex(@"^  ([a-z][a-z-]*)", RegexOptions.Multiline)]
    private static partial Regex Command();
}
