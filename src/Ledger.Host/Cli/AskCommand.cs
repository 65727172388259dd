using System.CommandLine;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class AskCommand
{
    public static Command Create(Face face)
    {
        var prompt = new Argument<string>("PROMPT") { Description = "What the model shall continue." };
        var at = new Option<string[]>("--at") { Description = "Revisions to ask, besides the base; default the head of --timeline.", HelpName = "REVISION" };
        var tokens = new Option<int>("--tokens") { Description = "Length of the greedy continuation.", DefaultValueFactory = _ => 12, HelpName = "N" };
        tokens.Check(parsed =>
        {
            if (parsed.GetValueOrDefault<int>() is < 1 or > 1000) parsed.AddError("--tokens takes 1 to 1000.");
        });
        var command = new Command("ask", "A prompt's answers at a revision beside the base's.") { prompt, at, tokens };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var names = CommonOptions.RevisionsOf(parsed, parsed.GetValue(at));
            var result = await face.Mediator.Send(
                new Ask.Request(CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), parsed.GetRequiredValue(prompt), names, parsed.GetValue(tokens)), token);
            if (printer.IsJson) printer.Json(result);
            else Print(printer, result);
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, Ask.Result result)
    {
        printer.Line(Say.OneLine(result.Prompt));
        printer.Table(
            ["", "next token", "greedy continuation"],
            [.. result.Answers.Select(a => new[]
            {
                "  " + a.Revision,
                string.Join("  ", a.Next.Take(3).Select(n => $"{Say.OneLine(n.Text.Trim(' '))} {Say.Percent(n.Probability)}")),
                Say.OneLine(a.Continuation),
            })],
            flexible: 2);
        if (result.Answers.Count == 1) printer.Line("  No edit is in effect yet: there is only the base to ask.");
    }
}
