using System.CommandLine;
using System.Globalization;
using Ledger.Host.Features.Projecting;

namespace Ledger.Host.Cli;

internal static class ProjectionsCommand
{
    public static Command Create(Face face)
    {
        var command = new Command("projections", "The rows that are kept beside the ledger to answer from (audit does, and so can any SQLite program): how many, and how far behind the events. They may be dropped at any time.")
        {
            Run(face), Drop(face),
        };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var r = await face.Mediator.Send(new ShowProjections.Request(CommonOptions.LedgerOf(parsed)), token);
            if (printer.IsJson) printer.Json(r);
            else Print(printer, r);
            return Errors.Done;
        });
        return command;
    }

    private static Command Run(Face face)
    {
        var follow = new Option<bool>("--follow") { Description = "Stay, and take in whatever anybody appends from now on, until stopped; a line for each batch." };
        var command = new Command("run", "Take in what the rows lack. audit does so by itself: running it beside makes the audit quicker, and keeps rows that other programs read up to date.") { follow };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var stays = parsed.GetValue(follow);
            try
            {
                var r = await face.Mediator.Send(new RunProjections.Request(CommonOptions.LedgerOf(parsed), stays, stays ? new Batches(printer) : null, new ServerAwayLines(face)), token);
                if (printer.IsJson) printer.Json(r);
                else
                {
                    printer.Line($"{Say.Count(r.Events, "event")} taken in");
                    Print(printer, r.Now);
                }
            }
            catch (OperationCanceledException) when (stays && token.IsCancellationRequested)
            {
                // To be stopped is how this ends: what is there stays, and the next run goes on from it.
            }
            return Errors.Done;
        });
        return command;
    }

    private static Command Drop(Face face)
    {
        var command = new Command("drop", "Forget the rows. They are made anew when they are next needed, the same ones.");
        face.Bind(command, async (parsed, printer, token) =>
        {
            var r = await face.Mediator.Send(new DropProjections.Request(CommonOptions.LedgerOf(parsed)), token);
            if (printer.IsJson) printer.Json(r);
            else printer.Line($"dropped: {Say.Count(r.Rows.Changes, "change")} of {Say.Count(r.Rows.Edits, "edit")}. They are made again from the events when they are next needed, or now: ledger projections run");
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, ShowProjections.Result r)
    {
        printer.Table(
            ["name", "changes", "edits", "timelines", "position", "behind"],
            [[
                r.Name, Say.Count(r.Rows.Changes), Say.Count(r.Rows.Edits), Say.Count(r.Rows.Timelines), r.Position?.ToString(CultureInfo.InvariantCulture) ?? "not made yet",
                $"{Say.Count(r.Behind, "event")}{(r.OrMore ? " and more" : "")}{(r.Since is { } since ? string.Create(CultureInfo.InvariantCulture, $", since {since.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z: {Say.Seconds(r.Lag)}") : "")}",
            ]],
            flexible: 5);
        printer.Field("file", r.File);
    }

    private sealed class Batches(Printer printer) : IProgress<RunProjections.Batch>
    {
        public void Report(RunProjections.Batch b)
        {
            if (printer.IsJson) printer.Json(b);
            else printer.Line($"{b.Name}   {Say.Count(b.Events, "event")} taken in, up to position {b.Position.ToString(CultureInfo.InvariantCulture)}{(b.Lag is { } lag ? $"   lag {Say.Seconds(lag)}" : "")}");
        }
    }
}
