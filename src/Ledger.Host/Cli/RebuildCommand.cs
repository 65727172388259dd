using System.CommandLine;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class RebuildCommand
{
    public static Command Create(Face face)
    {
        var at = new Argument<string[]>("REVISION") { Description = "One or more of main@17, 17, head, what-if, a tag; default head.", Arity = ArgumentArity.ZeroOrMore };
        var to = new Option<string?>("--out", "-o") { Description = "Write the matrix of one revision as safetensors, with where it came from in its metadata.", HelpName = "FILE" };
        var command = new Command("rebuild", "Rebuild the edited matrix from the base and the events, and compare with what was recorded live.") { at, to };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var names = CommonOptions.RevisionsOf(parsed, parsed.GetValue(at));
            var result = await face.Mediator.Send(new Rebuild.Request(CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), names, parsed.GetValue(to)), token);
            foreach (var r in result.Revisions)
            {
                if (printer.IsJson) printer.Json(r);
                else printer.Line(Sentence(r));
            }
            if (result.Out is { } file && !printer.IsJson) printer.Line($"written to {file}");
            return result.Revisions.Any(r => r.Agrees == false) ? Errors.VerificationFailed : Errors.Done;
        });
        return command;
    }

    private static string Sentence(Rebuild.Rebuilt r)
    {
        var live = r.Agrees switch
        {
            true => "= live ✓",
            false => $"≠ live {r.Recorded!.Value.Short()} ✗",
            null => "(this state was never live)",
        };
        return $"{r.Revision,-10} rebuilt from base with {Say.Count(r.Edits, "edit")} in {Say.Seconds(r.Milliseconds / 1000)}   fingerprint {r.Fingerprint.Short()} {live}";
    }
}
