using System.CommandLine;
using Ledger.Host.Features.Past;

namespace Ledger.Host.Cli;

internal static class DiffCommand
{
    public static Command Create(Face face)
    {
        var (a, b) = (new Argument<string>("A") { Description = "A revision: main@17, 17, head, what-if, a tag." }, new Argument<string>("B") { Description = "Another." });
        var answers = new Option<bool>("--answers") { Description = "Run the model at both, and list the prompts of edits that differ whose answers do." };
        var prompts = new Option<string?>("--prompts") { Description = "Ask these instead, one a line.", HelpName = "FILE" };
        var command = new Command("diff", "What two revisions have in common and what not: edits, factors, distances; answers if asked for.") { a, b, answers, prompts };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var names = CommonOptions.RevisionsOf(parsed, [parsed.GetRequiredValue(a), parsed.GetRequiredValue(b)]);
            var texts = parsed.GetValue(prompts) is { } file ? TextLines.Read(file, "prompt") : null;
            var waiting = new ProgressLine(face);
            var request = new DiffStates.Request(
                CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), names[0], names[1], parsed.GetValue(answers) || texts is not null, texts, new Steps(waiting));
            var r = await face.Mediator.Send(request, token);
            waiting.Clear();
            if (printer.IsJson) printer.Json(r);
            else Print(printer, r);
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, DiffStates.Result r)
    {
        var (a, b) = (Name(r.A), Name(r.B));
        printer.Table(
            ["", a, b],
            [
                ["  in effect", $"{r.A.InEffect}", $"{r.B.InEffect}"],
                ["  only here", $"{r.OnlyA.Count}", $"{r.OnlyB.Count}"],
                ["  from base", Say.Number(r.A.FromBase), Say.Number(r.B.FromBase)],
                ["  state", r.A.State.Value.Short(), r.B.State.Value.Short()],
                ["  fingerprint", r.A.Fingerprint?.Short() ?? "not recorded", r.B.Fingerprint?.Short() ?? "not recorded"],
            ],
            flexible: 1);
        printer.Line($"  between     ‖W_a − W_b‖ {Say.Number(r.Distance)} (|Δ| {Say.Small(r.AbsDelta)}); {Say.Count(r.Same, "edit")} the same{(r.Reordered ? ", in another order" : "")}, {r.Changed.Count} with other factors");
        Edits(printer, $"only at {a}", r.OnlyA);
        Edits(printer, $"only at {b}", r.OnlyB);
        if (r.Changed.Count > 0)
        {
            printer.Line();
            printer.Table(
                ["edit there", "here", "same", "variant", "|Δ| there", "here", "fact"],
                [.. r.Changed.Select(c => new[]
                {
                    c.A.Id.Short(), c.B.Id.Short(), c.Same.ToString().ToLowerInvariant(), Say.Both(PastOptions.Cells(c.A)[2], PastOptions.Cells(c.B)[2]), Say.Small(c.A.AbsDelta), Say.Small(c.B.AbsDelta),
                    Say.Both(PastOptions.Fact(c.A), PastOptions.Fact(c.B)),
                })],
                flexible: 6);
        }
        if (r.Answers is { } asked) Answers(printer, asked, a, b);
    }

    private static void Answers(Printer printer, DiffStates.AskedBoth asked, string a, string b)
    {
        printer.Line();
        printer.Line($"{asked.Differ.Count} of {Say.Count(asked.Asked, "answer")} differ{(asked.Left > 0 ? $"; {asked.Left} more prompts were not asked: give them with --prompts FILE" : "")}");
        if (asked.Differ.Count > 0)
            printer.Table(["  prompt", "base", a, b], [.. asked.Differ.Select(d => new[] { "  " + Say.OneLine(d.Prompt), Say.OneLine(d.Base), Say.OneLine(d.A), Say.OneLine(d.B) })], flexible: 0);
    }

    private static void Edits(Printer printer, string title, IReadOnlyList<NamedEdit> edits)
    {
        if (edits.Count == 0) return;
        printer.Line();
        printer.Table([title, "rev", "variant", "|Δ|", "fact"], [.. edits.Select(e => (string[])[.. PastOptions.Cells(e), PastOptions.Fact(e)])], flexible: 4);
    }

    private static string Name(DiffStates.Side side) => $"{side.Timeline}@{side.Revision}";

    private sealed class Steps(ProgressLine waiting) : IProgress<DiffStates.Step>
    {
        public void Report(DiffStates.Step value) => waiting.Show(value.Done, value.Total, $"{value.Done} of {value.Total} answers", "answer");
    }
}
