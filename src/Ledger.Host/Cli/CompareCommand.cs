using System.CommandLine;
using Ledger.Domain.Editing;
using Ledger.Host.Features;
using Ledger.Host.Features.Comparing;

namespace Ledger.Host.Cli;

internal static class CompareCommand
{
    public static Command Create(Face face)
    {
        var a = new Argument<string>("A") { Description = "A timeline or revision: main, main@17, a tag." };
        var b = new Argument<string>("B") { Description = "The other one." };
        var without = new Option<bool>("--no-answers") { Description = "Do not run the model: what events alone say." };
        var prompts = new Option<string?>("--prompts") { Description = "A file with more prompts to ask, one a line; the edits' own are asked anyway.", HelpName = "FILE" };
        var text = new Option<string?>("--text") { Description = "A file with texts, one a line, whose perplexity is measured.", HelpName = "FILE" };
        var edits = new Option<bool>("--edits") { Description = "List every edit: |Δ|, k·u, residual, drift and verdict in both." };
        var facts = new Option<bool>("--facts") { Description = "List the answers that differ." };
        var html = new Option<string?>("--html") { Description = "Write the whole comparison as one page with plots, which needs nothing else.", HelpName = "FILE" };
        var command = new Command("compare", "Two timelines or revisions side by side: edits, who was stopped, distances, drift, answers.") { a, b, without, prompts, text, edits, facts, html };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var line = new ProgressLine(face);
            var names = CommonOptions.RevisionsOf(parsed, [parsed.GetRequiredValue(a), parsed.GetRequiredValue(b)]);
            var page = parsed.GetValue(html) is { } path ? OutputFile.RequireNew(path) : null;
            var comparison = await face.Mediator.Send(
                new CompareRevisions.Request(
                    CommonOptions.LedgerOf(parsed), names[0], names[1], parsed.GetValue(CommonOptions.Model), !parsed.GetValue(without), parsed.GetValue(prompts) is { } asked ? TextLines.Read(asked, "prompt") : [],
                    parsed.GetValue(text) is { } read ? TextLines.Read(read, "text") : [], new Steps(line)),
                token);
            line.Clear();
            if (page is not null) await OutputFile.WriteAsync(page, ComparisonPage.Of(comparison), token);
            if (printer.IsJson) printer.Json(comparison);
            else Print(printer, comparison, parsed.GetValue(edits), parsed.GetValue(facts), page);
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, Comparison c, bool edits, bool facts, string? page)
    {
        printer.Table(["", c.A.Revision, c.B.Revision], [.. ComparisonPage.Summary(c).Select(l => new[] { "  " + l.What, l.A, l.B })], flexible: 0);
        if (c.WithoutModel is { } why) printer.Field("answers", $"not asked: {Say.OneLine(why)}");
        if (edits)
        {
            printer.Line();
            printer.Table(
                ["fact", "variant", "|Δ|", "k·u ratio", "residual", "drift", "stands", "gate"],
                [.. c.Edits.Select(e => new[]
                {
                    Say.Fact(e.Prompt, e.Subject, e.Target), Both(e, s => s.Variant.Name()), Both(e, s => Say.Small(s.AbsDelta)), Both(e, s => Say.Number(s.KvU / s.KuU)),
                    Both(e, s => s.Residual is { } r ? Say.Number(r) : "–"), Both(e, s => s.Drift is { } d ? Say.Number(d) : "–"), Both(e, ComparisonPage.Status), Both(e, s => Say.Rule(s.Caught)),
                })],
                flexible: 0);
        }
        if (facts)
        {
            printer.Line();
            printer.Table(["prompt", "base", c.A.Revision, c.B.Revision], [.. c.Answers.Select(x => new[] { Say.OneLine(x.Prompt), Say.OneLine(x.Base), Say.OneLine(x.A), Say.OneLine(x.B) })], flexible: 0);
        }
        printer.Line();
        printer.Line(page is not null ? $"written to {page}" : "Next: the same with --edits, --facts or --html FILE");
    }

    private static string Both(EditPair e, Func<EditSide, string> say) => Say.Both(e.A is null ? "absent" : say(e.A), e.B is null ? "absent" : say(e.B));

    private sealed class Steps(ProgressLine line) : IProgress<CompareRevisions.Step>
    {
        public void Report(CompareRevisions.Step value) => line.Show(value.Done, value.Total, $"{value.Done} of {value.Total} answers", "answer");
    }
}
