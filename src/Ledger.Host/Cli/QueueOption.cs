using System.CommandLine;
using Ledger.Host.Features.Working;

namespace Ledger.Host.Cli;

/// <summary>What edit, replay and evaluate have in common when a worker is to do it.</summary>
internal static class QueueOption
{
    public static Option<bool> Create() => new("--queue") { Description = "Have a worker do it (ledger worker): everything is checked now, and a job is put into the ledger's queue." };

    public static int Print(Printer printer, QueuedJob job)
    {
        if (printer.IsJson)
        {
            printer.Json(job);
            return Errors.Done;
        }
        printer.Line($"queued as job {job.Job.Short()}: {job.Kind}, {Say.Short(job.What)}");
        printer.Line();
        printer.Line($"Next: ledger worker      ledger jobs show {job.Job.Short()}");
        return Errors.Done;
    }
}
