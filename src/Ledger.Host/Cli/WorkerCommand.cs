using System.CommandLine;
using Ledger.Host.Features.Working;

namespace Ledger.Host.Cli;

internal static class WorkerCommand
{
    public static Command Create(Face face)
    {
        var name = new Option<string?>("--name") { Description = "What the jobs' results say of who did it; default the machine's name and the process's number.", HelpName = "NAME" };
        var untilEmpty = new Option<bool>("--until-empty") { Description = "End when nothing waits and nothing is under way, here or at another worker." };
        var data = new Option<string>("--data") { Description = "The folder where files are looked for that jobs name: records, texts and tasks of evaluations.", HelpName = "FOLDER", DefaultValueFactory = _ => "." };
        name.Check(given =>
        {
            if (given.GetValueOrDefault<string?>() is { } text && (text.Trim().Length == 0 || text.Length > 64 || text.Any(c => char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format)))
                given.AddError("--name takes 1 to 64 characters, none of which are invisible.");
        });
        var command = new Command("worker", "Do the jobs that edit, replay and evaluate put into the ledger's queue with --queue; as many workers as wanted, on as many machines as reach the ledger. Told to stop it gives back what it was doing.")
        {
            name, untilEmpty, data,
        };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var worker = parsed.GetValue(name) ?? $"{Environment.MachineName}-{Environment.ProcessId}";
            var result = await face.Mediator.Send(
                new RunWorker.Request(CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), worker, parsed.GetValue(untilEmpty), parsed.GetRequiredValue(data), new Steps(printer), new ServerAwayLines(face)), token);
            if (printer.IsJson) printer.Json(result);
            else printer.Line($"{Say.OneLine(result.Worker)}: {result.Done} done, {result.Parked} parked, {result.GivenBack} given back" + (result.Stopped ? "; stopped" : "; nothing is left"));
            if (!printer.IsJson && result.Parked > 0) printer.Line("Next: ledger jobs");
            return Errors.Done;
        });
        return command;
    }

    private sealed class Steps(Printer printer) : IProgress<RunWorker.Step>
    {
        public void Report(RunWorker.Step step)
        {
            if (printer.IsJson) printer.Json(step);
            else printer.Field(step.Became, $"{step.Job.Short()}  {step.Kind}  {Say.Short(step.What)}   {Say.Seconds(step.Seconds)}{(step.Result is { } result ? $"   {Say.Short(result, 200)}" : "")}");
        }
    }
}
