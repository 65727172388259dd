using System.CommandLine;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Features.Paper;
using Ledger.Host.Features.Working;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Cli;

/// <summary>Measuring revisions, and what was measured.</summary>
internal static class EvaluateCommands
{
    public static Command Evaluate(Face face)
    {
        var at = PastOptions.Revision();
        var records = new Option<string?>("--records") { Description = "Score the records of a file: ES, PS, NS, S and their magnitudes. CounterFact, plain JSON or JSON Lines, CSV.", HelpName = "FILE" };
        var format = new Option<string?>("--format") { Description = "With --records: the file's form, where it is not recognised: counterfact, plain or csv." };
        format.AcceptOnlyFromAmong([.. BulkFormats.All.Where(f => f != BulkFormat.ZsRe).Select(f => f.Name())]);
        var first = new Option<int?>("--first") { Description = "With --records: only the first N.", HelpName = "N" };
        var generations = new Option<bool>("--generations") { Description = "With --records: generate ten texts about each, too, and measure how varied they are." };
        var text = new Option<string[]>("--text") { Description = "Perplexity of a file's texts: one a line, a JSON array, or JSON Lines with text.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
        var downstream = new Option<string[]>("--downstream") { Description = "Tasks as rebuilding-rome asks them: sst2.jsonl, mrpc.jsonl, cola.jsonl, rte.jsonl, or a folder with them.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
        var retention = new Option<bool>("--retention") { Description = "Score the facts of all edits in effect." };
        var seed = new Option<long>("--seed") { Description = "For --generations.", HelpName = "N" };
        var queue = QueueOption.Create();
        var command = new Command("evaluate", "Measure a revision, and record it beside the timeline: no revision is made. Stopped or killed, the same command goes on where it was.")
        {
            at, records, format, first, generations, text, downstream, retention, seed, queue,
        };
        command.Check(parsed =>
        {
            var facts = parsed.GetValue(records) is not null;
            if (!facts && !parsed.GetValue(retention) && parsed.GetValue(text) is not { Length: > 0 } && parsed.GetValue(downstream) is not { Length: > 0 })
                parsed.AddError("Nothing to measure is named: --records FILE, --text FILE, --downstream FILE or --retention.");
            if (!facts && parsed.Given([format, first, generations]).Any()) parsed.AddError("--format, --first and --generations go with --records.");
            if (!parsed.GetValue(generations) && parsed.Given([seed]).Any()) parsed.AddError("--seed goes with --generations: nothing else is sampled.");
            if (parsed.GetValue(first) is < 1) parsed.AddError("--first takes a number from 1 on.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            var line = new ProgressLine(face);
            var form = BulkFormats.Named(parsed.GetValue(format));
            var request = new EvaluateRevision.Request(
                new MeasureRevision(PastOptions.Of(parsed, parsed.GetValue(at)), CommonOptions.AuthorOf(parsed)), CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), parsed.GetValue(records), form, parsed.GetValue(first), parsed.GetValue(generations),
                parsed.GetValue(text) ?? [], parsed.GetValue(downstream) ?? [], parsed.GetValue(retention), parsed.GetValue(seed), new Steps(line));
            if (parsed.GetValue(queue)) return QueueOption.Print(printer, await face.Mediator.Send(new QueueEvaluation.Request(request), token));
            EvaluateRevision.Result r;
            try
            {
                r = await face.Mediator.Send(request, token);
            }
            finally
            {
                line.Clear();
            }
            if (printer.IsJson)
                foreach (var evaluation in r.Evaluations) printer.Json(evaluation);
            else
                Print(printer, r);
            return Errors.Done;
        });
        return command;
    }

    public static Command List(Face face)
    {
        var command = new Command("evaluations", "What a timeline's revisions were measured to be, oldest first. From events alone.");
        face.Bind(command, async (parsed, printer, token) =>
        {
            var lines = await face.Mediator.Send(new ShowEvaluations.Request(CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed)), token);
            if (printer.IsJson)
                foreach (var line in lines) printer.Json(line);
            else if (lines.IsEmpty)
                printer.Line($"Nothing was measured on {CommonOptions.TimelineOf(parsed)} yet.   Next: ledger evaluate --retention");
            else
                printer.Table(
                    ["revision", "measured", "on", "items", "result", "by", "when"],
                    [.. lines.Select(l => new[]
                    {
                        $"{l.Timeline}@{l.Revision}", l.Suite, Say.OneLine(l.Source), l.Done == l.Items ? Say.Count(l.Items) : $"{Say.Count(l.Done)} of {Say.Count(l.Items)}",
                        Result(l), Say.OneLine(l.By), Say.Ago(l.Time, face.Time.GetUtcNow()),
                    })],
                    flexible: 4);
            return Errors.Done;
        });
        return command;
    }

    /// <summary>On one line. Records edited alone have forty figures; their report has the rest.</summary>
    private static string Result(ShowEvaluations.Line line) => string.Join("  ", line.Suite != IndependentEdits.Suite ? line.Totals.Select(m => $"{m.Name} {Value(m)}")
        : from m in line.Totals
          let parts = m.Name.Split(' ')
          where parts[^1] is IndependentEdits.AbsDelta or "ES" or EvaluationTotals.Entropy
          group $"{parts[^1]} {Value(m)}" by parts[0] into of
          select $"{of.Key} {string.Join(' ', of)}");

    private static void Print(Printer printer, EvaluateRevision.Result r)
    {
        var rows = r.Evaluations.SelectMany(e => e.Totals.Select((m, i) => new[]
        {
            i == 0 ? $"  {e.Suite}" : "", i == 0 ? Say.OneLine(e.Source) : "", i == 0 ? Say.Count(e.Items) : "", m.Name, $"{Value(m)}{OfFewer(e, m)}", e.Base?.FirstOrDefault(b => b.Name == m.Name) is { } b ? Value(b) : "",
        })).ToList();
        printer.Line($"{r.Timeline}@{r.Revision}   {Say.Count(r.InEffect, "edit")} in effect");
        printer.Table(["  measured", "on", "items", "", "here", "base"], rows, flexible: 1);
        printer.Line();
        var before = r.Evaluations.Sum(e => e.Before);
        if (before > 0) printer.Line($"{Say.Count(before, "item")} of {Say.Count(r.Evaluations.Sum(e => (long)e.Items))} had been recorded before.");
        var compare = r.Evaluations.Any(e => e.Base is null && e.Suite != EvaluationTotals.Retention);
        printer.Line($"Next: ledger evaluations{Say.On(r.Timeline)}" + (compare ? "      to compare with the base, give the same command for main@0" : ""));
    }

    /// <summary>Of records edited alone a name says first whose figure it is: <c>rome ES</c>.</summary>
    private static string Value(Measurement m) => m.Name[(m.Name.LastIndexOf(' ') + 1)..] switch
    {
        var name when m.Count == 0 && name != "invalid" => "none",
        "ES" or "PS" or "NS" or "S" or "EM" or "PM" or "NM" => m.Value.ToString("0.0", CultureInfo.InvariantCulture),
        "invalid" => m.Value.ToString("0", CultureInfo.InvariantCulture),
        "accuracy" or "F1" or "MCC" or EvaluationTotals.Entropy or EvaluationTotals.NGramEntropy => m.Value.ToString("0.000", CultureInfo.InvariantCulture),
        IndependentEdits.AbsDelta => Say.Small(m.Value),
        _ => Say.Number(m.Value),
    };

    /// <summary>Where a score is of fewer records than were asked: the others have no prompts for it.</summary>
    private static string OfFewer(EvaluateRevision.Line e, Measurement m) =>
        e.Suite is EvaluationTotals.CounterFact or EvaluationTotals.Retention && m.Count > 0 && m.Count < e.Items ? $" of {Say.Count(m.Count)}" : "";

    private sealed class Steps(ProgressLine line) : IProgress<EvaluateRevision.Step>
    {
        private bool skipped;

        public void Report(EvaluateRevision.Step value)
        {
            if (!skipped) line.Skip(value.Before);
            skipped = true;
            line.Show(value.Done, value.Total, $"{value.Done} of {value.Total} items, {value.Suite}");
        }
    }
}
