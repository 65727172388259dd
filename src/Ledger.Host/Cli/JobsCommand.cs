using System.CommandLine;
using Ledger.Host.Features.Working;

namespace Ledger.Host.Cli;

internal static class JobsCommand
{
    public static Command Create(Face face)
    {
        var command = new Command("jobs", "The ledger's queue: what waits, what is under way, what came of the rest, and why some were parked.") { Show(face), Retry(face) };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var lines = await face.Mediator.Send(new ShowJobs.Request(CommonOptions.LedgerOf(parsed)), token);
            if (printer.IsJson)
                foreach (var line in lines) printer.Json(line);
            else if (lines.Count == 0)
                printer.Line("No job was ever queued.   Next: ledger edit … --queue      ledger worker");
            else
                Print(printer, lines, face.Time.GetUtcNow());
            return Errors.Done;
        });
        return command;
    }

    private static Command Show(Face face)
    {
        var job = Job();
        var command = new Command("show", "One job, with all that it asks for.") { job };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var r = await face.Mediator.Send(new ShowJob.Request(CommonOptions.LedgerOf(parsed), parsed.GetRequiredValue(job)), token);
            if (printer.IsJson)
            {
                printer.Json(r);
                return Errors.Done;
            }
            var line = r.Job;
            printer.Line($"{line.Kind} on {line.Timeline}: {Say.Short(line.What)}      {State(line)}");
            printer.Line();
            printer.Field("job", line.Job.ToString());
            printer.Field("asked", $"by {Say.OneLine(line.By)}, {Say.Ago(line.Asked, face.Time.GetUtcNow())}" + (line.Attempt > 0 ? $"; queued again {Times(line.Attempt)}" : ""));
            if (line.Worker is { } worker) printer.Field(line.Settled is null ? "with" : "by", $"{Say.OneLine(worker)}" + (line.Settled is { } at ? $", {Say.Ago(at, face.Time.GetUtcNow())}" : $", given out {Times(line.Given ?? 1)}"));
            if (line.Result is { } result) printer.Field(line.State == "parked" ? "why" : "result", Say.OneLine(result));
            if (line.Revision is { } revision) printer.Field("revision", $"{line.On}@{revision}" + (line.Edit is { } edit ? $", edit {edit.Short()}" : ""));
            printer.Line();
            printer.Line(line.State switch
            {
                "parked" => $"Next: ledger jobs retry {line.Job.Short()}      all that it asks for: --json",
                "done" => line.Edit is { } made ? $"Next: ledger show {made.Short()}{Say.On(line.On!)}      all that it asks for: --json" : "Next: ledger jobs      all that it asks for: --json",
                _ => "Next: ledger worker      all that it asks for: --json",
            });
            return Errors.Done;
        });
        return command;
    }

    private static Command Retry(Face face)
    {
        var job = Job();
        var command = new Command("retry", "Queue a parked job again, when what it was parked for is mended.") { job };
        face.Bind(command, async (parsed, printer, token) =>
            QueueOption.Print(printer, await face.Mediator.Send(new RetryJob.Request(CommonOptions.LedgerOf(parsed), parsed.GetRequiredValue(job), CommonOptions.AuthorOf(parsed)), token)));
        return command;
    }

    private static Argument<string> Job() => new("JOB") { Description = "Its id, or the beginning of it." };

    private static void Print(Printer printer, IReadOnlyList<ShowJobs.Line> lines, DateTimeOffset now)
    {
        printer.Table(
            ["job", "state", "kind", "timeline", "what", "came of it", "by", "asked"],
            [.. lines.Select(l => new[]
            {
                l.Job.Short(), State(l), l.Kind, l.Timeline, Say.Short(l.What),
                (l.State, l.Revision) switch { ("done", { } revision) => Say.Short($"{l.On}@{revision} {l.Result}", 64), ("parked", _) => Say.Short(l.Result!, 64), _ => "" },
                Say.OneLine(l.Worker ?? ""), Say.Ago(l.Asked, now),
            })],
            flexible: 4);
        printer.Line();
        printer.Line(string.Join(", ", lines.GroupBy(l => l.State).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{Say.Count(g.Count())} {g.Key}")));
    }

    private static string State(ShowJobs.Line line) => line.State == "under-way" && line.Given > 1 ? $"under-way, {Times(line.Given.Value)}" : line.State;

    private static string Times(int n) => n == 1 ? "once" : $"{n} times";
}
