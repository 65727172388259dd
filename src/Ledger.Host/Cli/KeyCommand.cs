using System.CommandLine;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class KeyCommand
{
    public static Command Create(Face face)
    {
        var to = new Option<string>("--out", "-o") { Description = "The private key's file; the public key goes to FILE.pub.", Required = true, HelpName = "FILE" };
        var made = new Command("new", "Make a key to sign attestations with: ECDSA P-256, PEM.") { to };
        face.Bind(made, async (parsed, printer, token) =>
        {
            var r = await face.Mediator.Send(new NewKey.Request(parsed.GetRequiredValue(to)), token);
            if (printer.IsJson)
            {
                printer.Json(r);
                return Errors.Done;
            }
            printer.Line($"key {r.Key.Short()}");
            printer.Field("private", $"{r.Private}   signs; give it to nobody");
            printer.Field("public", $"{r.Public}   verifies; give it to everybody who shall");
            printer.Line();
            printer.Line($"Next: ledger attest --key {parsed.GetRequiredValue(to)} --out FILE");
            return Errors.Done;
        });
        return new Command("key", "Keys to sign with.") { made };
    }
}
