using System.CommandLine;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class CopyCommand
{
    public static Command Create(Face face)
    {
        var name = new Argument<string>("NAME") { Description = "The copy's name: NAME.ledger in this folder. A copy that is there is brought up to date." };
        var server = ServerOption.Create("Put the copy's events on this EventStoreDB or KurrentDB; NAME.ledger then says where they are.");
        var command = new Command("copy", "Copy the ledger to another file, or to or from a server: same bytes, same hashes, both sides verified; stopped or killed, the same command goes on.") { name, server };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var line = new ProgressLine(face);
            var request = new CopyLedger.Request(CommonOptions.LedgerOf(parsed), Directory.GetCurrentDirectory(), parsed.GetRequiredValue(name), ServerOption.Of(parsed, server), printer.IsJson ? null : new Steps(line));
            var r = await face.Mediator.Send(request, token);
            line.Clear();
            if (printer.IsJson)
            {
                printer.Json(new { r.Paths.File, r.Where, r.Events, r.Copied, r.Streams, r.Keys });
                return Errors.Done;
            }
            printer.Line($"copied: {Say.Count(r.Copied, "event")} written, {Say.Count(r.Events)} there in {Say.Count(r.Streams, "stream")}, each with its hash; both chains are unbroken{(r.Keys ? ", C is beside it" : "")}");
            printer.Field("file", r.Paths.File);
            if (r.Where != r.Paths.File) printer.Field("server", r.Where);
            printer.Line();
            printer.Line($"Next: ledger verify -l {Path.GetFileNameWithoutExtension(r.Paths.File)}      the same command again takes over what is appended from now on");
            return Errors.Done;
        });
        return command;
    }

    private sealed class Steps(ProgressLine line) : IProgress<CopyLedger.Step>
    {
        public void Report(CopyLedger.Step s) => line.Show(s.Done, s.Total, $"{Say.Count(s.Done)} of {Say.Count(s.Total, "event")}", "event");
    }
}
