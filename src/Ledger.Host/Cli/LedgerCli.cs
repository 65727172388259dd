using System.CommandLine;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Cli;

/// <summary>The command line: parses, asks a use case, prints. No rule of the ledger lives here.</summary>
public static class LedgerCli
{
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, TimeProvider time, CancellationToken token)
    {
        var device = Environment.GetEnvironmentVariable("LEDGER_DEVICE") is { Length: > 0 } named ? named : "cpu";
        await using var services = Wiring.Build(time, device);
        var face = new Face(services.GetRequiredService<IMediator>(), output, error, time, token);
        var parsed = Root(face).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var fault in parsed.Errors) await error.WriteLineAsync($"error: {string.Join(' ', fault.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}");
            await error.WriteLineAsync("  ledger --help lists the commands, ledger COMMAND --help its options");
            return Errors.BadInput;
        }
        return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, token);
    }

    private static RootCommand Root(Face face)
    {
        var root = new RootCommand("An event-sourced ledger of knowledge edits to language models.")
        {
            OpenCommand.Create(face), KeystatsCommand.Create(face), EditCommand.Create(face), LogCommand.Create(face), ShowCommand.Create(face),
            AskCommand.Create(face), ReviewCommand.Create(face), DecisionCommands.Revert(face), DecisionCommands.Reinstate(face),
            RebuildCommand.Create(face), VerifyCommand.Create(face),
        };
        root.Options.Add(CommonOptions.Ledger);
        root.Options.Add(CommonOptions.Model);
        root.Options.Add(CommonOptions.Json);
        root.Options.Add(CommonOptions.Author);
        return root;
    }
}
