using System.CommandLine;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class VerifyCommand
{
    public static Command Create(Face face)
    {
        var deep = new Option<bool>("--deep") { Description = "Recompute the weight fingerprint at every revision that recorded one." };
        var command = new Command("verify", "Recompute the hash chain, the states, the fingerprints and the base's digest; exit code 5 names the first wrong event.") { deep };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var r = await face.Mediator.Send(new Verify.Request(CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), parsed.GetValue(deep)), token);
            if (printer.IsJson)
            {
                printer.Json(r);
                return Errors.Done;
            }
            printer.Line($"sound: {Say.Count(r.Events, "event")} in an unbroken chain, {Say.Count(r.Revisions, "revision")} folded, {Say.Count(r.Fingerprints, "weight fingerprint")} recomputed, base {r.Base} unchanged");
            foreach (var line in r.Timelines)
            {
                printer.Field(line.Name, $"{line.Name}@{line.Revision}");
                printer.Field("head", line.Head.ToString());
                printer.Field("state", line.State.ToString());
            }
            return Errors.Done;
        });
        return command;
    }
}
