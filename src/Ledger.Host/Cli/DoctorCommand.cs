using System.CommandLine;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class DoctorCommand
{
    public static Command Create(Face face)
    {
        var command = new Command("doctor", "What is installed, whether it works here, what is missing and how to get it.");
        face.Bind(command, async (_, printer, token) =>
        {
            var result = await face.Mediator.Send(new Doctor.Request(), token);
            if (printer.IsJson)
            {
                printer.Json(result);
            }
            else
            {
                foreach (var check in result.Checks)
                {
                    printer.Line($"{check.Works switch { true => "✓", false => "✗", null => " " }} {check.What,-11} {Say.OneLine(check.Found)}");
                    if (check.Remedy is { } remedy) printer.Line($"  {"",-11} get it: {remedy}");
                }
                printer.Line();
                printer.Line(result.Works ? "Everything that ledger needs works.   Next: ledger demo" : "Something that ledger needs does not work.");
            }
            return result.Works ? Errors.Done : Errors.Failed;
        });
        return command;
    }
}
