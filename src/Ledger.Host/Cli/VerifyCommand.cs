using System.CommandLine;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class VerifyCommand
{
    public static Command Create(Face face)
    {
        var deep = new Option<bool>("--deep") { Description = "Recompute the weight fingerprint at every revision that recorded one." };
        var against = new Option<string?>("--against") { Description = "An attestation: every stream must go at least as far as was signed, and have the signed hash there.", HelpName = "ATTESTATION" };
        var key = new Option<string?>("--key") { Description = "The public key that must have signed it.", HelpName = "FILE" };
        var command = new Command("verify", "Recompute the hash chains, the states, the fingerprints and the base's digest; exit code 5 names the first wrong event.") { deep, against, key };
        command.Check(parsed =>
        {
            if (parsed.GetValue(against) is not null && parsed.GetValue(key) is null) parsed.AddError("--against needs the public key of whom you trust: an attestation is worth what its key is. Add --key FILE.pub");
            if (parsed.GetValue(key) is not null && parsed.GetValue(against) is null) parsed.AddError("--key goes with --against ATTESTATION.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            var signed = parsed.GetValue(against) is { } file ? new Verify.Signed(file, parsed.GetRequiredValue(key)!) : null;
            var r = await face.Mediator.Send(new Verify.Request(CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), parsed.GetValue(deep), signed), token);
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
            if (r.Against is { } a)
                printer.Field("signed", $"{a.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC by key {a.Key.Short()}: all {Say.Count(a.Events, "event")} as signed, {(a.Since == 0 ? "none" : Say.Count(a.Since, "event"))} since");
            return Errors.Done;
        });
        return command;
    }
}
