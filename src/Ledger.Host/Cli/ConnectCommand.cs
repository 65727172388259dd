using System.CommandLine;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class ConnectCommand
{
    public static Command Create(Face face)
    {
        var name = new Argument<string?>("NAME") { Description = "The name here: NAME.ledger will say where the ledger is. Left out, the server's ledgers are listed.", Arity = ArgumentArity.ZeroOrOne };
        var server = ServerOption.Create("The EventStoreDB or KurrentDB that holds it.");
        server.Required = true;
        var id = new Option<string?>("--id") { Description = "Which ledger, by its id or the beginning of it; default the only one.", HelpName = "ID" };
        var command = new Command("connect", "Work from this folder on a ledger that lies on a server, or list the ledgers there.") { name, server, id };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var address = ServerOption.Of(parsed, server)!;
            if (parsed.GetValue(name) is { } called)
            {
                var (paths, setup) = await face.Mediator.Send(new ConnectLedger.Request(address, Directory.GetCurrentDirectory(), called, parsed.GetValue(id)), token);
                if (printer.IsJson) printer.Json(new { paths.File, setup.Base.Ledger, setup.Base.Name, Server = address.ToString() });
                else
                {
                    printer.Line($"{setup.Base.Name} over {setup.Base.Base.Name}, at {address}");
                    printer.Field("file", paths.File);
                    printer.Field("ledger", setup.Base.Ledger.ToString());
                    printer.Line();
                    printer.Line("Next: ledger log      ledger keystats --from LEDGER, or over the same texts, before edits are computed here");
                }
                return Errors.Done;
            }
            var r = await face.Mediator.Send(new ListServer.Request(address), token);
            if (printer.IsJson)
                foreach (var line in r.Ledgers) printer.Json(line);
            else if (r.Ledgers.Count == 0) printer.Line($"{r.Server} holds no ledger.   Open one there: ledger open NAME --server ADDRESS");
            else
            {
                printer.Table(["ledger", "name", "base"], [.. r.Ledgers.Select(l => new[] { l.Ledger.ToString(), l.Name, l.Base })], 2);
                printer.Line();
                printer.Line($"Next: ledger connect {r.Ledgers[0].Name} --server ADDRESS --id {r.Ledgers[0].Ledger.ToString()[..8]}");
            }
            return Errors.Done;
        });
        return command;
    }
}
