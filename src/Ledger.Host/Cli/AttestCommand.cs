using System.CommandLine;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class AttestCommand
{
    public static Command Create(Face face)
    {
        var key = new Option<string>("--key") { Description = "The private key to sign with: ECDSA P-256, PEM.", Required = true, HelpName = "FILE" };
        var to = new Option<string?>("--out", "-o") { Description = "Where the attestation goes; default standard output.", HelpName = "FILE" };
        var command = new Command("attest", "Sign how far the ledger goes: a DSSE envelope over each stream's size and hash, for ledger verify --against.") { key, to };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var file = parsed.GetValue(to);
            var (a, envelope) = await face.Mediator.Send(new Attest.Request(CommonOptions.LedgerOf(parsed), parsed.GetRequiredValue(key), file), token);
            if (file is null) printer.Line(envelope);
            else if (printer.IsJson) printer.Json(new { Out = file, a.Digest, a.Events, Attestation = a });
            else
            {
                printer.Line($"signed: {Say.Count(a.Events, "event")} in {Say.Count(a.Streams.Length, "stream")}, written to {file}");
                printer.Field("digest", a.Digest.ToString());
                printer.Field("key", a.Key.ToString());
                printer.Line();
                printer.Line($"Next: keep {file} where nobody who can write to the ledger can;  ledger verify --against {file} --key {parsed.GetRequiredValue(key)}.pub");
            }
            return Errors.Done;
        });
        return command;
    }
}
