using System.CommandLine;
using System.Text.RegularExpressions;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Cli;

/// <summary>The command line: parses, asks a use case, prints. No rule of the ledger lives here.</summary>
public static partial class LedgerCli
{
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, TimeProvider time, CancellationToken token)
    {
        var device = Environment.GetEnvironmentVariable("LEDGER_DEVICE") is { Length: > 0 } named ? named : "cpu";
        await using var services = Wiring.Build(time, device);
        var face = new Face(services.GetRequiredService<IMediator>(), output, error, time, token);
        // Text that begins with @ is text, not the name of a file to read arguments from.
        var parsed = Root(face).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var fault in parsed.Errors) await error.WriteLineAsync($"error: {Say.OneLine(Plain(fault.Message))}");
            await error.WriteLineAsync("  ledger --help lists the commands, ledger COMMAND --help its options");
            return Errors.BadInput;
        }
        return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, token);
    }

    /// <summary>The parser's words on one line, without the names of types.</summary>
    private static string Plain(string message) =>
        TypeName().Replace(string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), ": a number is expected.");

    [GeneratedRegex(@" as expected type '[^']*'\.?")]
    private static partial Regex TypeName();

    private static RootCommand Root(Face face)
    {
        var root = new RootCommand("An event-sourced ledger of knowledge edits to language models.")
        {
            DemoCommand.Create(face),
            DoctorCommand.Create(face),
            OpenCommand.Create(face),
            ConnectCommand.Create(face),
            CopyCommand.Create(face),
            KeystatsCommand.Create(face),
            EditCommand.Create(face),
            LogCommand.Create(face),
            AuditCommand.Create(face),
            ProjectionsCommand.Create(face),
            ShowCommand.Create(face),
            AskCommand.Create(face),
            GateCommand.Create(face),
            ReviewCommand.Create(face),
            WatchCommand.Create(face),
            StabilityCommand.Create(face),
            DecisionCommands.Revert(face),
            DecisionCommands.Reinstate(face),
            DecisionCommands.Withhold(face),
            TimelineCommands.Branch(face),
            TimelineCommands.List(face),
            TimelineCommands.Tag(face),
            TimelineCommands.Close(face),
            MergeCommands.Merge(face),
            MergeCommands.CherryPick(face),
            ReplayCommand.Create(face),
            CompareCommand.Create(face),
            DiffCommand.Create(face),
            BlameCommand.Create(face),
            BisectCommand.Create(face),
            DriftCommands.Drift(face),
            DriftCommands.Interference(face),
            EvaluateCommands.Evaluate(face),
            EvaluateCommands.List(face),
            PaperCommand.Create(face),
            WorkerCommand.Create(face),
            JobsCommand.Create(face),
            RebuildCommand.Create(face),
            VerifyCommand.Create(face),
            AttestCommand.Create(face),
            KeyCommand.Create(face),
        };
        root.Options.Add(CommonOptions.Ledger);
        root.Options.Add(CommonOptions.Timeline);
        root.Options.Add(CommonOptions.Model);
        root.Options.Add(CommonOptions.Json);
        root.Options.Add(CommonOptions.Author);
        return root;
    }
}
