using System.CommandLine;
using Ledger.Host.Features.Past;

namespace Ledger.Host.Cli;

/// <summary>What edits did to each other, from events alone.</summary>
internal static class DriftCommands
{
    public static Command Drift(Face face)
    {
        var (at, top) = (PastOptions.Revision(), PastOptions.Top("edits", 20));
        var command = new Command("drift", "How far the weights of a revision have left what each edit in effect wrote: 0 as written, 1 as far off as the base. From events alone.") { at, top };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var r = await face.Mediator.Send(new ShowDrift.Request(CommonOptions.LedgerOf(parsed), PastOptions.Of(parsed, parsed.GetValue(at)), parsed.GetValue(top)), token);
            if (printer.IsJson)
            {
                printer.Json(r);
                return Errors.Done;
            }
            printer.Table(
                ["edit", "rev", "variant", "|Δ|", "drift at k_v", "at k̄", "residual", "fact"],
                [.. r.Edits.Select(e => (string[])[.. PastOptions.Cells(e.Edit), Say.Number(e.AtKV), Say.Number(e.AtKBar), Say.Number(e.Residual), PastOptions.Fact(e.Edit)])],
                flexible: 7);
            printer.Line();
            printer.Line($"{r.Timeline}@{r.Revision}: {Say.Count(r.InEffect, "edit")} in effect{(r.InEffect > r.Edits.Count ? $", the {r.Edits.Count} that drifted most are listed" : "")}; 0 is as written, 1 as far off as the base");
            foreach (var (key, summary) in new[] { ("at k_v", r.AtKV), ("at k̄", r.AtKBar) })
                if (summary is { } s) printer.Field(key, $"median {Say.Number(s.Median)}, largest {Say.Number(s.Max)} ({s.Worst.Short()})");
            printer.Line();
            printer.Line($"Next: ledger interference {r.Timeline}@{r.Revision} --edit {(r.Edits is [var first, ..] ? first.Edit.Id.Short() : "EDIT")}");
            return Errors.Done;
        });
        return command;
    }

    public static Command Interference(Face face)
    {
        var (at, top) = (PastOptions.Revision(), PastOptions.Top("pairs", 20));
        var edit = new Option<string?>("--edit") { Description = "Only pairs of this edit: what it moves, and what moves it.", HelpName = "EDIT" };
        var command = new Command("interference", "Which edits in effect move what others wrote, the largest pairs: 1 where one moves it as far as the other itself did. From events alone.") { at, edit, top };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var r = await face.Mediator.Send(new ShowInterference.Request(CommonOptions.LedgerOf(parsed), PastOptions.Of(parsed, parsed.GetValue(at)), parsed.GetValue(edit), parsed.GetValue(top)), token);
            if (printer.IsJson)
            {
                printer.Json(r);
                return Errors.Done;
            }
            printer.Table(
                ["moves", "by", "made", "on", "fact that moves", "fact that is moved"],
                [.. r.Pairs.Select(p => new[] { Say.Number(p.Value), p.By.Id.Short(), p.After ? "after" : "before", p.On.Id.Short(), PastOptions.Fact(p.By), PastOptions.Fact(p.On) })],
                flexible: 5);
            printer.Line();
            printer.Line($"{r.Timeline}@{r.Revision}: {Say.Count(r.InEffect, "edit")} in effect; 1 is as far as the moved edit itself moved it. One made after cannot have been allowed for.");
            return Errors.Done;
        });
        return command;
    }
}
